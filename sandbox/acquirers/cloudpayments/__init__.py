"""CloudPayments: JSON or form over POST with HTTP Basic; a notice is taken by `{"code":0}`."""

from __future__ import annotations

from sandbox.acquirers.cloudpayments.demo import open_demo as open_shop
from sandbox.acquirers.cloudpayments.door import accepts, answer, settle

__all__ = ["accepts", "answer", "open_shop", "settle"]
