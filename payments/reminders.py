"""Reminders: a to-do for the responsible person some days before each due date, at ten of the portal's own day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bitrix24.client import PortalClient
from bitrix24.crm import Item
from bitrix24.errors import Refused
from bitrix24.todos import Todo, add_missing_todos
from calculations.money import Money
from payments.words import date_words, money_words
from schemas.binding import Binding
from schemas.declaration import Words

HOUR = 10
TITLE = Words("Напомнить клиенту об оплате до {due}", "Remind the client to pay by {due}")
TEXT = Words("«{title}»: {amount}, срок оплаты {due}", "“{title}”: {amount}, due {due}")


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be paid: the CRM item that shows it, its sum and its day."""

    item: Binding
    amount: Money
    day: date


def remind(client: PortalClient, document: Item, dues: Sequence[Due], days_before: Sequence[int], now: datetime) -> str:
    """Make the to-dos that are still ahead; those already there are left alone.

    What the portal refuses is said, not raised: what people are reminded of is there already.
    """
    language = client.facts.language
    todos = []
    for due in dues:
        for days in days_before:
            moment = _moment(due.day, days, client)
            if moment <= now:
                continue
            said = {
                "title": document.title,
                "amount": money_words(due.amount, language),
                "due": date_words(due.day, language),
            }
            todos.append(
                Todo(
                    owner=due.item,
                    deadline=moment,
                    title=TITLE.in_language(language).format(**said),
                    description=TEXT.in_language(language).format(**said),
                    responsible_id=document.assigned_by_id,
                )
            )
    try:
        add_missing_todos(client, todos)
    except Refused as refusal:
        return str(refusal)
    return ""


def _moment(day: date, days_before: int, client: PortalClient) -> datetime:
    reminded = day - timedelta(days=days_before)
    return datetime(reminded.year, reminded.month, reminded.day, HOUR, tzinfo=client.facts.time_zone)
