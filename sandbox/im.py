"""im.notify.*: notifications of users; one with the same tag replaces the one before."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call, Method
from sandbox.errors import RestError
from sandbox.portal import Notice


def notifier(kind: str) -> Method:
    """im.notify.system.add or im.notify.personal.add"""

    def add(call: Call) -> Any:
        given = call.upper()
        user_text, message = str(given.get("USER_ID") or given.get("TO") or ""), str(given.get("MESSAGE") or "")
        if not user_text.isdigit():
            raise RestError(400, "USER_ID_EMPTY", "User ID can't be empty")
        if not message:
            raise RestError(400, "MESSAGE_EMPTY", "Message can't be empty")
        if int(user_text) not in call.portal.users:
            return False
        tag = str(given.get("TAG") or "")
        if tag:
            call.portal.notices = [
                one for one in call.portal.notices if (one.user_id, one.tag) != (int(user_text), tag)
            ]
        notice = Notice(
            call.portal.next_id(),
            int(user_text),
            message,
            tag,
            str(given.get("SUB_TAG") or ""),
            kind,
            call.world.clock.now(),
            {name: given[name] for name in ("MESSAGE_OUT", "ATTACH") if name in given},
        )
        call.portal.notices.append(notice)
        return notice.id

    return add
