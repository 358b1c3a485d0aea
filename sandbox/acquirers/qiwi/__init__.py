"""QIWI: bills by PUT under the shop's own number, and Payin with payments by tokens; JSON behind a bearer key."""

from __future__ import annotations

from sandbox.acquirers.qiwi.demo import open_demo as open_shop
from sandbox.acquirers.qiwi.door import accepts, answer, settle

__all__ = ["accepts", "answer", "open_shop", "settle"]
