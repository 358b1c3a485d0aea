"""YooKassa's API v3: JSON behind Basic auth, requests told apart by `Idempotence-Key`; notices nobody signs."""

from __future__ import annotations

from sandbox.acquirers.yookassa.demo import open_demo as open_shop
from sandbox.acquirers.yookassa.door import accepts, answer, settle

__all__ = ["accepts", "answer", "open_shop", "settle"]
