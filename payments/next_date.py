"""The next payment date in a document's field: moved once for a period, and only while nobody else changed it."""

from dataclasses import dataclass
from datetime import date, datetime

from billing.news import news_of_document
from bitrix24.client import PortalClient
from bitrix24.crm import get_item, update_item
from bitrix24.own_fields import own_field
from calculations.refusal import Refusal
from payments.effects import Begun, begin_effect, find_effect_of_call, finish_effect
from schemas.binding import Binding
from storage.database import Database

OUR_FIELD = "next_payment_date"
KEY_PREFIX = "advance:"


class AlreadyAdvanced(Exception):
    """This period of this document was moved on before, by another call."""

    def __init__(self, was: date, moved: date | None) -> None:
        super().__init__(was, moved)
        self.was = was
        self.moved = moved


class AdvanceUnderWay(Exception):
    """Another call is moving this period on right now."""


class DateChanged(Exception):
    """The field no longer holds the date that was read."""

    def __init__(self, shown: str) -> None:
        super().__init__(shown)
        self.shown = shown


@dataclass(frozen=True, slots=True)
class HeldDate:
    """A document's field and the date it held when it was read."""

    document: Binding
    field: str
    value: date | None


def read_date_field(client: PortalClient, document: Binding, field: str | None) -> HeldDate:
    """Read the field named, else our own. Raises Refusal when the document has no such field."""
    name = field or own_field(client.facts.fields, OUR_FIELD, document.entity_type_id)
    if not name:
        raise Refusal(
            "date_field_missing",
            ru=f"У документа {document} нет нашего поля «Дата следующего платежа»: укажите в роботе код своего поля",
            en=f"Document {document} lacks our field “Next payment date”: name a field of your own in the robot",
        )
    return _read(client, document, name)


def begun_from(database: Database, call_id: int) -> date | None:
    """The date an earlier run of this call moved on from: after a crash the field may hold the moved one already."""
    begun = find_effect_of_call(database, call_id, KEY_PREFIX)
    return date.fromisoformat(begun.result["was"]) if begun else None


def write_next_date(
    client: PortalClient,
    database: Database,
    held: HeldDate,
    *,
    current: date,
    moved: date | None,
    key: str | None,
    finished: bool,
    call_id: int,
    now: datetime,
) -> None:
    """Put the next date (nothing, on a stop) into the field; the document is told of a schedule that is `finished`.

    Raises AlreadyAdvanced, AdvanceUnderWay, DateChanged.
    """
    effect_key = f"{KEY_PREFIX}{held.document}:{held.field}:{key or current.isoformat()}"
    news = None
    if finished:
        news = news_of_document(client.facts.id, held.document.text, "schedule_finished", now, call_id=call_id)
    plan = {"was": current.isoformat(), "moved": moved.isoformat() if moved else None}
    begun = begin_effect(database, client.facts.id, effect_key, call_id, plan, now)
    if begun.call_id != call_id and not begun.done:
        raise AdvanceUnderWay(effect_key)
    if begun.call_id != call_id:
        raise _already_advanced(begun)
    if begun.done:
        return
    holds = _read(client, held.document, held.field).value
    if begun.result != plan and begun.result["moved"] == (holds.isoformat() if holds else None):
        # Done by a call that ended unheard: the date that we moved on from is the one it wrote.
        finish_effect(database, begun.id, begun.result, news)
        raise _already_advanced(begun)
    if holds != moved:
        if holds != held.value:
            raise DateChanged(holds.isoformat() if holds else "—")
        update_item(client, held.document, {held.field: moved.isoformat() if moved else ""})
        if _read(client, held.document, held.field).value != moved:
            # The portal ignores fields it does not know and says nothing.
            raise Refusal(
                "date_field_missing",
                ru=f"Портал не записал дату: в документе {held.document} нет поля {held.field}, проверьте его код",
                en=f"The portal kept no date: document {held.document} has no field {held.field}, check its code",
            )
    finish_effect(database, begun.id, plan, news)


def _already_advanced(begun: Begun) -> AlreadyAdvanced:
    was, moved = begun.result["was"], begun.result["moved"]
    return AlreadyAdvanced(date.fromisoformat(was), date.fromisoformat(moved) if moved else None)


def _read(client: PortalClient, document: Binding, name: str) -> HeldDate:
    item = get_item(client, document)
    text = str(item.value(name) or "")[:10]
    try:
        return HeldDate(document, name, date.fromisoformat(text) if text else None)
    except ValueError:
        raise Refusal(
            "date_field_wrong",
            ru=f"В поле {name} документа {document} стоит «{text}», а нужна дата: проверьте код поля в роботе",
            en=f"Field {name} of document {document} holds “{text}”, not a date: check the field's code in the robot",
        ) from None
