"""The answer to a waiting workflow, and the words in its document's timeline."""

import json
from dataclasses import dataclass
from enum import StrEnum

from bitrix24.client import PortalClient
from bitrix24.errors import AccessDenied, Locked, NotFound, Refused
from bitrix24.lanes import Lane
from schemas.binding import LONG, SMART_INVOICE, Binding


class ReplyKind(StrEnum):
    """What the portal said to an answer.

    `delivered`: accepted, which is no proof that the workflow was still waiting; `locked`: in other hands for a moment;
    `gone`: the workflow is over; `forged`: the token or our rights are refused; `refused`: another no.
    """

    delivered = "delivered"
    locked = "locked"
    gone = "gone"
    forged = "forged"
    refused = "refused"


@dataclass(frozen=True, slots=True)
class Reply:
    kind: ReplyKind
    text: str


def send_answer(client: PortalClient, body: str) -> Reply:
    """Send a stored answer as it is (`bizproc.event.send`). Raises TryLater, AnswerLost, PortalUnavailable.

    The workflow's next steps run inside this command, so it travels in the lane of such commands.
    """
    try:
        result = client.call("bizproc.event.send", json.loads(body), lane=Lane.CONTINUE)
    except Locked as error:
        return Reply(ReplyKind.locked, str(error))
    except NotFound as error:
        return Reply(ReplyKind.gone, str(error))
    except AccessDenied as error:
        return Reply(ReplyKind.forged, str(error))
    except Refused as error:
        return Reply(ReplyKind.refused, str(error))
    return Reply(ReplyKind.delivered, json.dumps(result))


def add_comment(client: PortalClient, document: Binding, text: str) -> None:
    """A comment in the timeline of a CRM item. Raises RestError."""
    *others, last = _timeline_types(document)
    for name in others:
        try:
            _comment(client, document, name, text)
        except Refused:
            continue
        return
    _comment(client, document, last, text)


def has_comment(client: PortalClient, document: Binding, text: str) -> bool:
    """Whether this text is among the newest comments of the item's timeline. Raises RestError."""
    for name in _timeline_types(document):
        wish = {"filter": {"ENTITY_ID": document.item_id, "ENTITY_TYPE": name}, "order": {"ID": "DESC"}}
        try:
            rows = client.call("crm.timeline.comment.list", wish)
        except Refused:
            continue
        newest = rows.values() if isinstance(rows, dict) else rows or []  # PHP's list with gaps is a map
        if any(text in str(row.get("COMMENT")) for row in newest):
            return True
    return False


def _comment(client: PortalClient, document: Binding, entity_type: str, text: str) -> None:
    fields = {"ENTITY_ID": document.item_id, "ENTITY_TYPE": entity_type, "COMMENT": text}
    client.call("crm.timeline.comment.add", {"fields": fields})


def _timeline_types(document: Binding) -> tuple[str, ...]:
    """`deal`, `lead` ...; smart processes are `dynamic_1042`. Portals differ in what they call a smart invoice."""
    if document.entity_type_id == SMART_INVOICE:
        return (f"dynamic_{SMART_INVOICE}", "smart_invoice")
    if document.entity_type_id in LONG:
        return (LONG[document.entity_type_id].lower(),)
    return (f"dynamic_{document.entity_type_id}",)
