"""WebMoney's merchant service: forms and tickets paid from purses, a question before each, a signed word after it."""

from __future__ import annotations

from sandbox.acquirers.webmoney.demo import open_demo as open_shop
from sandbox.acquirers.webmoney.door import accepts, answer, settle

__all__ = ["accepts", "answer", "open_shop", "settle"]
