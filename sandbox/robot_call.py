"""The POST a robot's handler receives, and the signed token that lets it answer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from datetime import datetime
from typing import Any

from sandbox.bizproc_store import Registered, Step, Workflow
from sandbox.expressions import resolve
from sandbox.payloads import tokenless_auth, user_auth
from sandbox.portal import Installation, Portal
from sandbox.values import property_value
from sandbox.world import World

# A REST step's own properties: a robot's property of the same name never gets its value.
RESERVED = frozenset(
    {
        "Title",
        "UseSubscription",
        "IsTimeout",
        "AuthUserId",
        "SetStatusMessage",
        "StatusMessage",
        "TimeoutDuration",
        "TimeoutDurationType",
    }
)
FIVE_YEARS = 5 * 365 * 24 * 3600
_ALPHABET = string.ascii_letters + string.digits


def new_token(portal: Portal, workflow_id: str, step: str) -> str:
    """`workflow|step|32 random characters.64 hex digits of a signature`."""
    text = f"{workflow_id}|{step}|{''.join(secrets.choice(_ALPHABET) for _ in range(32))}"
    return f"{text}.{_signature(portal, text)}"


def read_token(portal: Portal, token: str) -> str | None:
    """The workflow's id when the token is the portal's own, None when it is forged or cut short."""
    text, _, signature = token.rpartition(".")
    if text.count("|") != 2 or not hmac.compare_digest(signature, _signature(portal, text)):
        return None
    return text.split("|")[0]


def _signature(portal: Portal, text: str) -> str:
    return hmac.new(portal.event_key(), text.encode(), hashlib.sha256).hexdigest()


def filled_properties(
    portal: Portal, flow: Workflow, registered: Registered, step: Step, now: datetime
) -> dict[str, Any]:
    """The form's values as sent: an emptied field has its default again unless the step keeps it empty."""
    given = {str(key).lower(): value for key, value in step.get("properties", {}).items()}
    sent: dict[str, Any] = {}
    for key, described in registered.properties.items():
        value = given.get(key.lower())
        if value in (None, "", []) and not step.get("keep_empty"):
            value = described.get("DEFAULT")
        if key in RESERVED:
            value = None
        value = property_value(portal, described, resolve(portal, flow, value, now))
        if value is not None:
            sent[key] = value
    return sent


def call_body(
    world: World,
    portal: Portal,
    installation: Installation,
    flow: Workflow,
    registered: Registered,
    token: str,
    properties: dict[str, Any],
    subscription: str,
    timeout_seconds: int,
    user_id: int,
) -> dict[str, Any]:
    """Everything the handler gets, in the order portals send it."""
    kind = portal.kind(flow.entity_type_id)
    known = user_id in portal.users and portal.switch("robot_tokens")
    return {
        "workflow_id": flow.id,
        "code": registered.code,
        "document_id": kind.document_id(flow.item_id),
        "document_type": kind.document_type,
        "event_token": token,
        "properties": properties,
        "use_subscription": subscription,
        "timeout_duration": timeout_seconds,
        "ts": int(world.clock.now().timestamp()),
        "auth": user_auth(world, portal, installation, user_id, with_refresh=True)
        if known
        else tokenless_auth(world, portal, installation),
    }
