"""T-Bank acquiring v2: JSON over POST, signed by a `Token`; a notice is taken by the answer `OK`."""

from __future__ import annotations

from sandbox.acquirers.tbank.demo import open_demo as open_shop
from sandbox.acquirers.tbank.door import accepts, answer, settle

__all__ = ["accepts", "answer", "open_shop", "settle"]
