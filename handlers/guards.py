"""Whether a call comes from the portal it names: its application_token against the stored one, in constant time.

Source: Bitrix24 REST documentation, "Safe event handlers". The check runs inside the transaction that acts on it, so
that an uninstall committed by another process a moment ago is seen.
"""

import hmac
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bitrix24.installs import hash_of_application_token
from storage.model import Portal

NOT_PROVEN = "unknown portal or wrong application_token"
UNINSTALLED = "the application is not installed in this portal"


class NotProven(Exception):
    """The call does not prove where it comes from: 403, and nothing is kept of it."""

    def __init__(self, reason: str = NOT_PROVEN) -> None:
        super().__init__(reason)
        self.reason = reason


class KnownPortal(NamedTuple):
    id: int
    state: str
    application_token_hash: str


PORTALS = (
    select(Portal.member_id, Portal.id, Portal.state, Portal.application_token_hash)
    .where(Portal.client_id == bindparam("client_id"), Portal.member_id.in_(bindparam("member_ids", expanding=True)))
    .order_by(Portal.id)
    .with_for_update(read=True)  # an uninstall waits for us, or we for it: no call slips in behind it
)
NOBODY = KnownPortal(id=0, state="", application_token_hash="")


def known_portals(session: Session, client_id: str, member_ids: Collection[str]) -> Mapping[str, KnownPortal]:
    """The portals of these member ids as they are now, and as they stay until the transaction ends."""
    rows = session.connection().execute(PORTALS, {"client_id": client_id, "member_ids": list(member_ids)})
    return {member_id: KnownPortal(number, state, hashed) for member_id, number, state, hashed in rows}


def prove(portal: KnownPortal | None, application_token: str) -> int:
    """The id of the portal the call comes from. Raises NotProven, in the same words for unknown and wrong."""
    known = portal or NOBODY
    equal = hmac.compare_digest(hash_of_application_token(application_token), known.application_token_hash)
    if not equal or not application_token:
        raise NotProven
    if known.state == "uninstalled":
        raise NotProven(UNINSTALLED)
    return known.id


def proven_portal_id(session: Session, client_id: str, member_id: str, application_token: str) -> int:
    """`prove` for a single call, in the transaction that will act on it. Raises NotProven."""
    return prove(known_portals(session, client_id, [member_id]).get(member_id), application_token)
