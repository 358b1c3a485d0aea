"""crm.timeline.comment.*, crm.activity.todo.add and reading of activities."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.call import Call, as_list, paged
from sandbox.crm_fields import moment
from sandbox.crm_store import Activity, Comment
from sandbox.errors import RestError, bad_argument, not_found
from sandbox.kinds import INVOICE

_OWNERS = {"lead": 1, "deal": 2, "contact": 3, "company": 4, "quote": 7}


def add_comment(call: Call) -> Any:
    """crm.timeline.comment.add: the key must be lower-case `fields`."""
    fields = call.mapping("fields")
    entity_type, entity_id = str(fields.get("ENTITY_TYPE", "")), str(fields.get("ENTITY_ID", ""))
    owner_type = _owner_type(call, entity_type)
    if owner_type is None:
        raise RestError(400, "", "Field ENTITY_TYPE is not defined or invalid.")
    if not entity_id.isdigit() or call.portal.crm.item(owner_type, int(entity_id)) is None:
        raise RestError(400, "", "Field ENTITY_ID is not defined or invalid.")
    if not fields.get("COMMENT"):
        raise RestError(400, "", "Empty comment message.")
    files = [str(one[0]) for one in as_list(fields.get("FILES")) if isinstance(one, list) and one]
    author = str(fields.get("AUTHOR_ID") or call.caller.user.id)
    comment = Comment(
        call.portal.crm.next_id("comment"),
        entity_type,
        int(entity_id),
        int(author),
        str(fields["COMMENT"]),
        files,
        call.world.clock.now(),
    )
    call.portal.crm.comments.append(comment)
    return comment.id


def update_comment(call: Call) -> Any:
    """crm.timeline.comment.update"""
    comment, fields = _comment(call), call.mapping("fields")
    comment.text = str(fields.get("COMMENT") or comment.text)
    return True


def get_comment(call: Call) -> Any:
    """crm.timeline.comment.get"""
    return _shown_comment(call, _comment(call))


def delete_comment(call: Call) -> Any:
    """crm.timeline.comment.delete"""
    call.portal.crm.comments.remove(_comment(call))
    return True


def list_comments(call: Call) -> Any:
    """crm.timeline.comment.list"""
    conditions = {str(key).lstrip("="): str(value) for key, value in call.mapping("filter").items()}
    found = [
        one
        for one in call.portal.crm.comments
        if conditions.get("ENTITY_TYPE", one.entity_type) == one.entity_type
        and conditions.get("ENTITY_ID", str(one.entity_id)) == str(one.entity_id)
    ]
    return paged([_shown_comment(call, one) for one in found], call.params.get("start"))


def add_todo(call: Call) -> Any:
    """crm.activity.todo.add"""
    owner_type, owner_id = call.integer("ownerTypeId"), call.integer("ownerId")
    if call.portal.crm.item(owner_type, owner_id) is None:
        raise RestError(400, "OWNER_NOT_FOUND", "Element not found")
    deadline = _deadline(call)
    if deadline < call.world.clock.now() and call.portal.switch("past_deadline") == "refuse":
        raise RestError(400, "WRONG_DATETIME_FORMAT", "The deadline has passed")
    responsible = call.params.get("responsibleId")
    activity = Activity(
        id=call.portal.crm.next_id("activity"),
        owner_type_id=owner_type,
        owner_id=owner_id,
        subject=str(call.params.get("title") or ("Дело" if call.portal.traits.language == "ru" else "To-do")),
        description=str(call.params.get("description") or ""),
        deadline=deadline,
        responsible_id=call.integer("responsibleId") if responsible else call.caller.user.id,
        created=call.world.clock.now(),
        ping_offsets=[int(str(one)) for one in as_list(call.params.get("pingOffsets"))],
    )
    call.portal.crm.activities.append(activity)
    return {"id": activity.id}


def list_activities(call: Call) -> Any:
    """crm.activity.list"""
    given = call.upper()
    conditions = {str(key).lstrip("=").upper(): str(value) for key, value in (given.get("FILTER") or {}).items()}
    found = [_shown_activity(call, one) for one in call.portal.crm.activities]
    found = [one for one in found if all(str(one.get(name)) == value for name, value in conditions.items())]
    return paged(found, given.get("START"))


def get_activity(call: Call) -> Any:
    """crm.activity.get"""
    wanted = str(call.upper().get("ID") or "")
    found = next((one for one in call.portal.crm.activities if str(one.id) == wanted), None)
    if found is None:
        raise not_found("Activity is not found.")
    return _shown_activity(call, found)


def _owner_type(call: Call, entity_type: str) -> int | None:
    if entity_type in _OWNERS:
        return _OWNERS[entity_type]
    accepted = call.portal.switch("invoice_timeline")
    if entity_type in ("dynamic_31", "smart_invoice"):
        return INVOICE if accepted in ("both", entity_type) else None
    dynamic = re.fullmatch(r"dynamic_(\d+)", entity_type)
    number = int(dynamic[1]) if dynamic else 0
    return number if number in call.portal.crm.types else None


def _comment(call: Call) -> Comment:
    wanted = call.integer("id")
    found = next((one for one in call.portal.crm.comments if one.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def _shown_comment(call: Call, one: Comment) -> dict[str, Any]:
    return {
        "ID": str(one.id),
        "ENTITY_ID": str(one.entity_id),
        "ENTITY_TYPE": one.entity_type,
        "CREATED": call.portal.local(one.at).isoformat(timespec="seconds"),
        "COMMENT": one.text,
        "AUTHOR_ID": str(one.author_id),
        "FILES": {str(number): {"id": number, "name": name} for number, name in enumerate(one.files, start=1)} or [],
    }


def _deadline(call: Call) -> datetime:
    given = call.params.get("deadline")
    if not given:
        raise bad_argument("Could not find value for parameter {deadline}")
    try:
        return moment(call.portal, str(given))
    except ValueError:
        raise RestError(400, "WRONG_DATETIME_FORMAT", "Wrong datetime format") from None


def _shown_activity(call: Call, one: Activity) -> dict[str, Any]:
    deadline = call.portal.local(one.deadline).isoformat(timespec="seconds")
    return {
        "ID": str(one.id),
        "OWNER_ID": str(one.owner_id),
        "OWNER_TYPE_ID": str(one.owner_type_id),
        "TYPE_ID": "6",
        "PROVIDER_ID": "CRM_TODO",
        "PROVIDER_TYPE_ID": "TODO",
        "SUBJECT": one.subject,
        "DESCRIPTION": one.description,
        "DESCRIPTION_TYPE": "2",
        "CREATED": call.portal.local(one.created).isoformat(timespec="seconds"),
        "DEADLINE": deadline,
        "START_TIME": deadline,
        "END_TIME": deadline,
        "COMPLETED": "Y" if one.completed else "N",
        "STATUS": "2" if one.completed else "1",
        "RESPONSIBLE_ID": str(one.responsible_id),
        "SETTINGS": [],
    }
