"""Lists: newest first, filtered by moments and status, cut into pages that a cursor leads through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.orders import payments_of, status_of
from sandbox.acquirers.yookassa.receipts import receipt_object, receipts_of, status_now
from sandbox.acquirers.yookassa.refunds import refund_object, refunds_of
from sandbox.acquirers.yookassa.refusals import Refusal
from sandbox.acquirers.yookassa.shown import payment_object

USUAL_PAGE = 10
LONGEST_PAGE = 100
MOMENTS: dict[str, Callable[[datetime, datetime], bool]] = {
    "gte": lambda at, bound: at >= bound,
    "gt": lambda at, bound: at > bound,
    "lte": lambda at, bound: at <= bound,
    "lt": lambda at, bound: at < bound,
}


@dataclass(frozen=True)
class Row:
    """One object of a list: what filters look at, and how it is shown."""

    id: str
    made_at: datetime
    fits: Mapping[str, str]
    shown: Shown
    captured_at: datetime | None = None


def list_payments(call: Call) -> Shown:
    """A payment appears in the list so long after it was made as the setting says."""
    bank = call.bank
    visible_until = bank.now() - timedelta(seconds=bank.settings["list_lag_seconds"])
    rows = [
        Row(
            order.id,
            order.made_at,
            {"status": status_of(order), "payment_method": (order.facts["method"] or {}).get("type", "")},
            lambda order=order: payment_object(bank, order),  # type: ignore[misc]
            order.facts["captured_at"],
        )
        for order in payments_of(bank, call.shop)
        if order.made_at <= visible_until
    ]
    return _page(call, rows, ("status", "payment_method"), ("created_at", "captured_at"))


def list_refunds(call: Call) -> Shown:
    rows = [
        Row(
            one.id,
            one.made_at,
            {"status": one.status, "payment_id": one.order.id},
            lambda one=one: refund_object(call.bank, one),  # type: ignore[misc]
        )
        for one in refunds_of(call.bank, call.shop)
    ]
    return _page(call, rows, ("status", "payment_id"), ("created_at",))


def list_receipts(call: Call) -> Shown:
    rows = [
        Row(
            one.id,
            one.made_at,
            {"status": status_now(call.bank, one), "payment_id": one.payment_id, "refund_id": one.refund_id},
            lambda one=one: receipt_object(call.bank, one),  # type: ignore[misc]
        )
        for one in receipts_of(call.bank, call.shop)
    ]
    return _page(call, rows, ("status", "payment_id", "refund_id"), ("created_at",))


def _page(call: Call, rows: list[Row], words: tuple[str, ...], moments: tuple[str, ...]) -> Shown:
    query = call.query
    wanted = [row for row in rows if all(row.fits[name] == query[name] for name in words if name in query)]
    for name in moments:
        for suffix, holds in MOMENTS.items():
            bound = _moment(query.get(f"{name}.{suffix}"), f"{name}.{suffix}")
            if bound:
                wanted = [row for row in wanted if (at := _at(row, name)) and holds(at, bound)]
    newest_first = sorted(wanted, key=lambda row: (row.made_at, row.id), reverse=True)
    start = _place(newest_first, query.get("cursor"))
    end = start + _limit(query.get("limit"))
    page: dict[str, object] = {"type": "list", "items": [row.shown() for row in newest_first[start:end]]}
    if end < len(newest_first):
        page["next_cursor"] = newest_first[end].id
    return lambda: page


def _at(row: Row, name: str) -> datetime | None:
    return row.made_at if name == "created_at" else row.captured_at


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL_PAGE
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_PAGE:
        raise Refusal("invalid_request", f"The limit is a number from 1 to {LONGEST_PAGE}", "limit")
    return int(text)


def _place(rows: list[Row], cursor: str | None) -> int:
    if cursor is None:
        return 0
    place = next((place for place, row in enumerate(rows) if row.id == cursor), None)
    if place is None:
        raise Refusal("invalid_request", "The cursor is not one of this list", "cursor")
    return place


def _moment(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("invalid_request", "The moment is ISO 8601", name) from None
    if moment.tzinfo is None:
        raise Refusal("invalid_request", "The moment needs its zone", name)
    return moment
