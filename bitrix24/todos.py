"""To-dos of the universal kind: made once for an item and a title."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bitrix24.client import PortalClient
from bitrix24.outcomes import results_of
from schemas.binding import Binding


@dataclass(frozen=True, slots=True)
class Todo:
    """A to-do of the responsible person; `deadline` is aware and still ahead."""

    owner: Binding
    deadline: datetime
    title: str
    description: str
    responsible_id: int


def add_missing_todos(client: PortalClient, todos: Sequence[Todo]) -> None:
    """Make those that are not there yet: a to-do is known by its item, its title and its deadline."""
    if not todos:
        return
    known = _known(client, todos)
    results_of(
        client.submit("crm.activity.todo.add", _params(todo))
        for todo in todos
        if (todo.owner, todo.title, todo.deadline) not in known
    )


def _known(client: PortalClient, todos: Sequence[Todo]) -> set[tuple[Binding, str, datetime]]:
    owner_type = todos[0].owner.entity_type_id
    found = client.list_all(
        "crm.activity.list",
        {
            "filter": {"OWNER_TYPE_ID": owner_type, "OWNER_ID": sorted({todo.owner.item_id for todo in todos})},
            "select": ["ID", "OWNER_ID", "OWNER_TYPE_ID", "SUBJECT", "DEADLINE"],
        },
    )
    return {
        (Binding(owner_type, int(row["OWNER_ID"])), str(row["SUBJECT"]), moment)
        for row in found
        if (moment := _moment(row.get("DEADLINE")))
    }


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _params(todo: Todo) -> dict[str, object]:
    params: dict[str, object] = {
        "ownerTypeId": todo.owner.entity_type_id,
        "ownerId": todo.owner.item_id,
        "deadline": todo.deadline.isoformat(timespec="seconds"),
        "title": todo.title,
        "description": todo.description,
    }
    if todo.responsible_id:
        params["responsibleId"] = todo.responsible_id
    return params
