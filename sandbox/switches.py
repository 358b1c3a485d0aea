"""Behaviours Bitrix24's documentation leaves open: each has a name, its possible answers and the usual one."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.errors import ControlError

Value = str | int | bool


@dataclass(frozen=True)
class Switch:
    """`choices` empty means any value of the default's type."""

    default: Value
    what: str
    choices: tuple[Value, ...] = ()


SWITCHES: dict[str, Switch] = {
    "queue_retries": Switch(0, "how often the queue repeats a delivery that was not answered 200"),
    "queue_timeout_seconds": Switch(5, "how long the queue waits for a handler's answer"),
    "event_send_code": Switch("string", "how event.send writes 404 and 423", ("string", "number", "empty")),
    "unsubscribed_answer": Switch("404", "event.send to a step that does not wait", ("404", "true")),
    "empty_subscription": Switch("N", "a robot registered and placed without USE_SUBSCRIPTION", ("Y", "N")),
    "document_field_types": Switch(
        True, "whether properties of types like UF:money, time or internalselect keep their value"
    ),
    "file_value": Switch("id", "what a file property sends", ("id", "url", "object")),
    "empty_list": Switch("blank", "how an empty multiple property arrives", ("blank", "absent")),
    "datetime_suffix": Switch(False, "whether datetime values carry the user's offset as ` [10800]`"),
    "robot_tokens": Switch(True, "whether robot calls carry access and refresh tokens"),
    "old_payloads": Switch(False, "leave out the fields only newer portals send, name the handler id `event_id`"),
    "application_token": Switch(True, "whether the install page's POST carries APPLICATION_TOKEN"),
    "scope_separator": Switch(",", "what stands between scopes in auth[scope]", (",", " ")),
    "missing_method_status": Switch(404, "HTTP status of ERROR_METHOD_NOT_FOUND", (404, 400)),
    "insufficient_scope_status": Switch(403, "HTTP status of insufficient_scope", (403, 401)),
    "portal_deleted_status": Switch(410, "HTTP status of PORTAL_DELETED", (410, 500)),
    "invoice_timeline": Switch(
        "dynamic_31", "ENTITY_TYPE of an invoice's comment", ("dynamic_31", "smart_invoice", "both")
    ),
    "past_deadline": Switch("accept", "a to-do whose deadline has passed", ("accept", "refuse")),
    "event_rebind": Switch("refuse", "the same event, handler and user bound again", ("refuse", "accept")),
    "placement_rebind": Switch("refuse", "the same placement and handler bound again", ("refuse", "accept")),
    "typed_dynamic_events": Switch(False, "whether ONCRMDYNAMICITEMUPDATE_1042 and the like exist"),
    "new_card_id": Switch("0", "ID in PLACEMENT_OPTIONS of a card not saved yet", ("0", "absent")),
    "auto_execute_strict": Switch(True, "AUTO_EXECUTE must be a string"),
    "form_fields": Switch(1000, "how many fields of a form or of a batch command are read; the rest is lost"),
    "refused_counts": Switch(False, "whether a request refused with 503 still adds to the bucket"),
    "rows_drive_sum": Switch(True, "isManualOpportunity N without product rows makes the sum 0"),
    "object_check": Switch(
        "quoted", 'what in a template counts as an object: `O:8:"`, or any `O:8:`', ("quoted", "loose")
    ),
}


def check(name: str, value: object) -> Value:
    """The value if the switch exists and may take it; otherwise a ControlError that lists what may."""
    switch = SWITCHES.get(name)
    if switch is None:
        raise ControlError(f"No switch {name}; known: {', '.join(SWITCHES)}")
    if not isinstance(value, type(switch.default)) or (switch.choices and value not in switch.choices):
        raise ControlError(f"{name} takes {switch.choices or type(switch.default).__name__}; received {value!r}")
    return value
