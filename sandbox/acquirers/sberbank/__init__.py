"""Sberbank in its three flavours, told apart by path and shop: RBS and YooKassa's façade in forms, ECOM in JSON."""

from __future__ import annotations

from sandbox.acquirers.sberbank.demo import open_demo as open_shop
from sandbox.acquirers.sberbank.door import accepts, answer, settle

__all__ = ["accepts", "answer", "open_shop", "settle"]
