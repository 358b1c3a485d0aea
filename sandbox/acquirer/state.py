"""The acquirer's book in a file, so that its charges outlive a restart of the sandbox."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.acquirer.book import Book, Charge, Operation, Refund, Wish

MOMENTS = frozenset({"made_at", "paid_at", "settles_at", "refunded_at", "at"})


def save_book(book: Book, path: Path) -> None:
    """Write everything the book holds; the file is whole at any moment."""
    with book.lock:
        state = {
            "charges": [_plain(charge) for charge in book.charges.values()],
            "refunds": [_plain(refund) for refund in book.refunds.values()],
            "operations": [_plain(operation) for operation in book.operations],
            "forgotten": sorted(book.forgotten),
            "tries": [[shop, token, number] for (shop, token), number in book.tries.items()],
        }
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    os.replace(beside, path)


def load_book(book: Book, path: Path) -> None:
    """Fill an empty book from a file; without the file it stays empty."""
    if not path.exists():
        return
    state = json.loads(path.read_text(encoding="utf-8"))
    charges = [Charge(**_typed(one) | {"wish": Wish(**one["wish"])}) for one in state["charges"]]
    refunds = [Refund(**_typed(one)) for one in state["refunds"]]
    with book.lock:
        book.charges.update({(one.shop, one.wish.order): one for one in charges})
        book.refunds.update({(one.shop, one.refund): one for one in refunds})
        book.operations.extend(Operation(**_typed(one)) for one in state["operations"])
        book.forgotten.update((shop, token) for shop, token in state["forgotten"])
        book.tries.update(Counter({(shop, token): number for shop, token, number in state["tries"]}))


def _plain(record: Charge | Refund | Operation) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(record).items()}


def _typed(record: dict[str, Any]) -> dict[str, Any]:
    return {key: datetime.fromisoformat(value) if key in MOMENTS and value else value for key, value in record.items()}
