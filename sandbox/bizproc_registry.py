"""Registering robots and actions: bizproc.robot.* and bizproc.activity.add, update, delete and list."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox.bizproc_store import Registered
from sandbox.call import Call, Method, as_map, yes
from sandbox.errors import RestError

LONGEST_CODE, LONGEST_HANDLER = 128, 1000
_CODE = re.compile(r"[a-z0-9.\-_]+", re.IGNORECASE)
_KEY = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)


def internal_code(client_id: str, code: str) -> str:
    """A robot's name inside templates, after `rest_`."""
    return hashlib.md5(f"{client_id}@{code}".encode(), usedforsecurity=False).hexdigest()


def adder(robot: bool) -> Method:
    def add(call: Call) -> Any:
        given = _upper_keys(call.params)
        given.pop("AUTH", None)
        if not given:
            raise _invalid("Empty data!")
        code = _code(given.get("CODE"))
        handler = _handler(given.get("HANDLER"))
        internal = internal_code(call.client_id, code)
        found = Registered(
            client_id=call.client_id,
            code=code,
            internal=internal,
            robot=robot,
            handler=handler,
            auth_user_id=_user(given.get("AUTH_USER_ID")),
            use_subscription=_subscription(given.get("USE_SUBSCRIPTION")),
            name=_name(given.get("NAME")),
            description=_labels(given.get("DESCRIPTION")),
            properties=_properties(given.get("PROPERTIES")),
            return_properties=_properties(given.get("RETURN_PROPERTIES")),
            document_type=_document_type(given.get("DOCUMENT_TYPE"), robot),
            filter=_filter(given.get("FILTER")),
        )
        _set_placement(call, found, given)
        if internal in call.portal.bizproc.registered:
            raise RestError(400, "ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
        call.portal.bizproc.registered[internal] = found
        return True

    return add


def updater(robot: bool) -> Method:
    def update(call: Call) -> Any:
        given = _upper_keys(call.params)
        fields = given.get("FIELDS")
        code = _code(given.get("CODE"))
        if not isinstance(fields, dict) or not (set(fields) & set(_SETTERS) or "USE_PLACEMENT" in fields):
            raise _invalid("No fields to update")
        found = _registered(call, code, robot)
        for name, setter in _SETTERS.items():
            if name in fields:
                setter(found, fields[name])
        _set_placement(call, found, fields)
        return True

    return update


def deleter(robot: bool) -> Method:
    def delete(call: Call) -> Any:
        found = _registered(call, _code(call.upper().get("CODE")), robot)
        del call.portal.bizproc.registered[found.internal]
        return True

    return delete


def lister(robot: bool) -> Method:
    def list_codes(call: Call) -> Any:
        registered = call.portal.bizproc.registered.values()
        return [one.code for one in registered if one.robot == robot and one.client_id == call.client_id]

    return list_codes


def _set_handler(found: Registered, value: Any) -> None:
    found.handler = _handler(value)


def _set_name(found: Registered, value: Any) -> None:
    found.name = _name(value)


def _set_description(found: Registered, value: Any) -> None:
    found.description = _labels(value)


def _set_user(found: Registered, value: Any) -> None:
    found.auth_user_id = _user(value)


def _set_subscription(found: Registered, value: Any) -> None:
    found.use_subscription = _subscription(value)


def _set_properties(found: Registered, value: Any) -> None:
    found.properties = _properties(value)


def _set_return_properties(found: Registered, value: Any) -> None:
    found.return_properties = _properties(value)


def _set_document_type(found: Registered, value: Any) -> None:
    found.document_type = _document_type(value, found.robot)


def _set_filter(found: Registered, value: Any) -> None:
    found.filter = _filter(value)


# PLACEMENT_HANDLER is missing on purpose: alone it is "No fields to update".
_SETTERS: dict[str, Callable[[Registered, Any], None]] = {
    "HANDLER": _set_handler,
    "NAME": _set_name,
    "DESCRIPTION": _set_description,
    "AUTH_USER_ID": _set_user,
    "USE_SUBSCRIPTION": _set_subscription,
    "PROPERTIES": _set_properties,
    "RETURN_PROPERTIES": _set_return_properties,
    "DOCUMENT_TYPE": _set_document_type,
    "FILTER": _set_filter,
}


def _registered(call: Call, code: str, robot: bool) -> Registered:
    found = call.portal.bizproc.registered.get(internal_code(call.client_id, code))
    if found is None or found.robot != robot:
        raise RestError(400, "ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    return found


def _set_placement(call: Call, found: Registered, given: dict[str, Any]) -> None:
    if "USE_PLACEMENT" in given:
        found.use_placement = yes(given["USE_PLACEMENT"])
    if "PLACEMENT_HANDLER" in given and found.use_placement:
        found.placement_handler = _handler(given["PLACEMENT_HANDLER"])
    if not found.use_placement:
        return
    if not found.placement_handler:
        raise RestError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if call.caller.installation and "placement" not in call.caller.installation.app.scopes:
        raise RestError(403, "ACCESS_DENIED", "Access denied!")


def _upper_keys(value: Any) -> Any:
    """Keys as they arrive: upper-cased, except names of properties and keys inside OPTIONS."""
    if isinstance(value, list):
        return [_upper_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    raised: dict[str, Any] = {}
    for key, item in value.items():
        name = str(key).upper()
        if name in ("PROPERTIES", "RETURN_PROPERTIES") and isinstance(item, dict):
            raised[name] = {inner: _upper_keys(described) for inner, described in item.items()}
        else:
            raised[name] = item if name == "OPTIONS" else _upper_keys(item)
    return raised


def _invalid(text: str) -> RestError:
    return RestError(400, "ERROR_ACTIVITY_VALIDATION_FAILURE", text)


def _code(value: Any) -> str:
    code = str(value or "")
    if not code:
        raise _invalid("Empty activity code!")
    if not _CODE.fullmatch(code) or len(code) > LONGEST_CODE:
        raise _invalid("Wrong activity code!")
    return code


def _handler(value: Any) -> str:
    handler = str(value or "")
    parts = urlsplit(handler)
    if parts.scheme not in ("http", "https"):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if "." not in (parts.hostname or "") or len(handler) > LONGEST_HANDLER:
        raise RestError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    return handler


def _user(value: Any) -> int:
    text = str(value or 0)
    return int(text) if text.isdigit() else 0


def _subscription(value: Any) -> str:
    return str(value) if value in ("Y", "N") else ""


def _name(value: Any) -> dict[str, str]:
    name = _labels(value)
    if not name:
        raise _invalid("Empty activity NAME!")
    return name


def _labels(value: Any) -> dict[str, str]:
    """Texts by upper-case language; a plain string stands under `*`."""
    if isinstance(value, dict):
        return {str(language): str(text) for language, text in value.items() if text not in (None, "")}
    return {"*": str(value)} if value not in (None, "", []) else {}


def _properties(value: Any) -> dict[str, dict[str, Any]]:
    if value in (None, "", []) or value == [""]:
        return {}
    if not isinstance(value, dict | list):
        raise _invalid("Wrong properties array!")
    described: dict[str, dict[str, Any]] = {}
    for key, one in as_map(value, "PROPERTIES").items():
        if not _KEY.fullmatch(str(key)):
            raise _invalid(f"Wrong property key ({key})!")
        name = _labels(one.get("NAME")) if isinstance(one, dict) else {}
        if not name:
            raise _invalid(f"Empty property NAME ({key})!")
        described[str(key)] = {
            "NAME": name,
            "DESCRIPTION": _labels(one.get("DESCRIPTION")),
            "TYPE": str(one.get("TYPE") or "string"),
            "REQUIRED": "Y" if yes(one.get("REQUIRED")) else "N",
            "MULTIPLE": "Y" if yes(one.get("MULTIPLE")) else "N",
            "OPTIONS": one.get("OPTIONS") or {},
            "DEFAULT": one.get("DEFAULT"),
        }
    return described


def _document_type(value: Any, robot: bool) -> list[str] | None:
    if value in (None, "", []) or value == [""]:
        return None
    good = isinstance(value, list) and len(value) == 3 and all(isinstance(part, str) and part for part in value)
    if not good and not robot:
        raise _invalid("Wrong activity DOCUMENT_TYPE!")
    return list(value) if good else None


def _filter(value: Any) -> dict[str, Any] | None:
    if value in (None, "", []) or value == [""]:
        return None
    if not isinstance(value, dict) or not set(value) <= {"INCLUDE", "EXCLUDE"}:
        raise _invalid("Wrong activity FILTER!")
    if any(rules and not isinstance(rules, list) for rules in value.values()):
        raise _invalid("Wrong activity FILTER!")
    return value


def allowed_for(registered: Registered, document_type: list[str]) -> bool:
    """Whether the designer offers the step for documents of this type."""
    rules = registered.filter or {}
    included, excluded = rules.get("INCLUDE") or [], rules.get("EXCLUDE") or []
    if included and not any(_covers(rule, document_type) for rule in included):
        return False
    return not any(_covers(rule, document_type) for rule in excluded)


def _covers(rule: Any, document_type: list[str]) -> bool:
    if isinstance(rule, str):
        return rule.lower() == "b24"
    return list(rule) == document_type[: len(rule)]


def label(texts: dict[str, str], language: str) -> str:
    """A text in the portal's language, else English, else the one given without a language, else nothing."""
    language = language.upper()
    fallback = [language, *(["RU"] if language == "UA" else []), "EN", "*"]
    return next((texts[one] for one in fallback if one in texts), "")
