"""OAuth pairs of a portal's users: read from their rows, renewed once however many wait, stored before use.

A refresh token works once, so two renewals at the same moment would lock the portal out. One caller in one process
holds the row's lease and asks; everybody else sees the row's generation grow. Safety does not rest on the lease: whose
refresh token was refused looks at the row again first.
Source: Bitrix24 documentation, pages "OAuth 2.0" and "Automatic renewal".
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bitrix24.errors import PortalUnavailable, RestError, Trouble, TryLater, unavailable
from bitrix24.oauth import RENEWAL, OAuthHost
from storage.clock import database_now
from storage.database import Database
from storage.model import Portal, PortalToken
from storage.vault import SecretUnreadable, Vault

EARLY = timedelta(minutes=5)
LEASE = timedelta(seconds=120)  # longer than a renewal can take
LOOK_AGAIN_SECONDS = 0.1
REFUSED_SECONDS = 60.0  # so long the OAuth host's refusal is repeated to callers without asking it
SUSPENDED = timedelta(minutes=10)  # so often one request tries whether a suspended portal works again
PROBE_SECONDS = 60.0  # the try may have to wait for the bucket
STORE_TRIES = 5
WORKING = ("active", "suspended")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pair:
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """What one request needs: the portal's verified address and a token, with the token's generation."""

    user_id: int
    endpoint: str  # ends in /rest/
    token: str = field(repr=False)
    generation: int
    expires_at: datetime
    suspended: bool = False


def store_pair(session: Session, vault: Vault, portal_id: int, user_id: int, pair: Pair) -> None:
    """Keep a user's pair, sealed, in place of an older one; who still waits for a renewal finds this one."""
    row = session.scalar(select(PortalToken).where(PortalToken.portal_id == portal_id, PortalToken.user_id == user_id))
    if row is None:
        row = PortalToken(portal_id=portal_id, user_id=user_id, generation=0)
        session.add(row)
    row.access_token = vault.seal(portal_id, "access_token", pair.access)
    row.refresh_token = vault.seal(portal_id, "refresh_token", pair.refresh)
    row.expires_at = pair.expires_at
    row.generation += 1
    row.renewing_by = ""
    row.renewing_until = None


class Tokens:
    """The pairs of one portal, for one process; any number of threads."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        oauth: OAuthHost,
        portal_id: int,
        *,
        now: Callable[[], datetime],
        elapsed: Callable[[], float],
        owner: str,
    ) -> None:
        """`owner` names this process in the lease."""
        self._database = database
        self._vault = vault
        self._oauth = oauth
        self._portal_id = portal_id
        self._now = now
        self._elapsed = elapsed
        self._owner = owner
        self._probe_until = 0.0
        self._locks: dict[int, threading.Lock] = defaultdict(threading.Lock)
        self._refusals: dict[int, tuple[float, RestError]] = {}
        self._waiting = threading.Event()  # never set: only its time-out is used

    def current(self, user_id: int | None = None) -> Access:
        """A token that still lasts; None is the user who installed the app. Renews early.

        Raises PortalUnavailable, at once where the portal's row says that nothing will work; TryLater.
        """
        access = self._read(user_id)
        if access.suspended and not self._may_probe():
            raise self._unavailable("suspended")
        if access.expires_at - self._now() > EARLY:
            return access
        try:
            return self.renew(access)
        except TryLater:
            if access.expires_at > self._now():
                return access  # it may outlast the OAuth host's trouble
            raise

    def renew(self, stale: Access) -> Access:
        """A newer token than this one: somebody else's renewal if there was one, else our own."""
        with self._locks[stale.user_id]:
            self._repeat_refusal(stale.user_id)
            give_up = self._elapsed() + 2 * LEASE.total_seconds()
            while self._elapsed() < give_up:
                access = self._read(stale.user_id)
                if access.generation > stale.generation:
                    return access
                if self._take_lease(access):
                    return self._renew(access)
                self._waiting.wait(LOOK_AGAIN_SECONDS)
        raise TryLater(RENEWAL, f"portal {self._portal_id}: somebody else's renewal of the token does not end")

    def note_trouble(self, error: PortalUnavailable) -> None:
        """Write into the portal's row why nothing works, for operators and for those who call after us."""
        if not error.trouble:
            return
        self._probe_until = 0.0
        with self._database.write() as session:
            portal = session.get_one(Portal, self._portal_id)
            if portal.state in ("uninstalled", "deleted", error.trouble):
                return
            portal.state = error.trouble
            portal.state_reason = str(error)
            portal.changed_at = self._now()
        log.warning("portal %s is %s now: %s", self._portal_id, error.trouble, error)

    def note_works(self) -> None:
        """A suspended portal answered: it is active again."""
        with self._database.write() as session:
            self._activate(session, "suspended")

    # --- the row -----------------------------------------------------------------------------------------------------

    def _read(self, user_id: int | None) -> Access:
        with self._database.read() as session:
            portal = session.get_one(Portal, self._portal_id)
            user = portal.installer_user_id if user_id is None else user_id
            row = session.scalar(
                select(PortalToken).where(PortalToken.portal_id == self._portal_id, PortalToken.user_id == user)
            )
        if portal.state not in WORKING:
            raise self._unavailable(cast(Trouble, portal.state), portal.state_reason)
        if row is None:
            raise unavailable("portal", f"portal {self._portal_id} gave us no token of user {user}: open the app there")
        token = self._open("access_token", row.access_token)
        suspended = portal.state == "suspended"
        return Access(user, portal.client_endpoint, token, row.generation, row.expires_at, suspended)

    def _unavailable(self, state: Trouble, reason: str = "") -> PortalUnavailable:
        return unavailable("portal", f"portal {self._portal_id} is {state}" + (f": {reason}" if reason else ""), state)

    def _may_probe(self) -> bool:
        """Whether this process is the one that tries, once in ten minutes, if a suspended portal works again."""
        if self._elapsed() < self._probe_until:
            return True
        with self._database.write() as session:
            taken = session.scalar(
                update(Portal)
                .where(Portal.id == self._portal_id, Portal.changed_at <= self._now() - SUSPENDED)
                .values(changed_at=self._now())
                .returning(Portal.id)
                .execution_options(synchronize_session=False)
            )
        if taken is not None:
            self._probe_until = self._elapsed() + PROBE_SECONDS
        return taken is not None

    def _activate(self, session: Session, from_state: Trouble) -> None:
        session.execute(
            update(Portal)
            .where(Portal.id == self._portal_id, Portal.state == from_state)
            .values(state="active", state_reason="", changed_at=self._now())
            .execution_options(synchronize_session=False)
        )

    def _mine(self, access: Access) -> ColumnElement[bool]:
        return and_(
            PortalToken.portal_id == self._portal_id,
            PortalToken.user_id == access.user_id,
            PortalToken.generation == access.generation,
        )

    def _take_lease(self, access: Access) -> bool:
        with self._database.write() as session:
            now = database_now(session)
            free = or_(PortalToken.renewing_until.is_(None), PortalToken.renewing_until < now)
            lost = PortalToken.renewing_until > now + LEASE  # written before the clock was set back
            taken = session.scalar(
                update(PortalToken)
                .where(self._mine(access), or_(free, lost))
                .values(renewing_by=self._owner, renewing_until=now + LEASE)
                .returning(PortalToken.id)
                .execution_options(synchronize_session=False)
            )
            # Who held the lease before us may have been refused: that stands in the portal's row since before it was
            # given back, so it is seen by a look that begins now. Raising undoes the taking.
            portal = session.get_one(Portal, self._portal_id)
            if taken and portal.state not in WORKING:
                raise self._unavailable(cast(Trouble, portal.state), portal.state_reason)
        return taken is not None

    def _give_lease_back(self, access: Access) -> None:
        with self._database.write() as session:
            session.execute(
                update(PortalToken)
                .where(self._mine(access), PortalToken.renewing_by == self._owner)
                .values(renewing_by="", renewing_until=None)
                .execution_options(synchronize_session=False)
            )

    # --- the renewal -------------------------------------------------------------------------------------------------

    def _renew(self, access: Access) -> Access:
        """The lease is held until what became of the renewal stands in the database, a refusal too."""
        try:
            renewed = self._oauth.renew(self._refresh_token(access))
            expires_at = self._now() + timedelta(seconds=renewed.expires_in)
            self._store(access, Pair(renewed.access_token, renewed.refresh_token, expires_at))
            return self._read(access.user_id)
        except PortalUnavailable as refused:
            newer = self._read(access.user_id)
            if newer.generation > access.generation:
                return newer  # another renewal won: it was only our refresh token that is used up
            self._keep_refusal(access, refused)
            raise
        finally:
            self._give_lease_back(access)

    def _refresh_token(self, access: Access) -> str:
        with self._database.read() as session:
            sealed = session.scalar(select(PortalToken.refresh_token).where(self._mine(access)))
        if sealed is None:
            raise TryLater(RENEWAL, "the pair was replaced at this very moment")
        return self._open("refresh_token", sealed)

    def _open(self, purpose: str, sealed: str) -> str:
        try:
            return self._vault.open(self._portal_id, purpose, sealed)
        except SecretUnreadable as error:
            raise unavailable("portal", str(error)) from None

    def _store(self, access: Access, pair: Pair) -> None:
        """The old refresh token is used up, so a passing trouble of the database must not lose the new one.

        A pair that was replaced or removed meanwhile (the app is gone) stays so.
        """
        for left in reversed(range(STORE_TRIES)):
            try:
                with self._database.write() as session:
                    known = select(PortalToken.generation).where(
                        PortalToken.portal_id == self._portal_id, PortalToken.user_id == access.user_id
                    )
                    if session.scalar(known.with_for_update()) == access.generation:
                        store_pair(session, self._vault, self._portal_id, access.user_id, pair)
                        self._activate(session, "needs_reauthorisation")
                return
            except SQLAlchemyError:
                if not left:
                    raise
                self._waiting.wait(1.0)

    def _keep_refusal(self, access: Access, refused: PortalUnavailable) -> None:
        """So that nobody after us asks the OAuth host the same again and again."""
        if refused.trouble != "needs_reauthorisation":
            self._refusals[access.user_id] = self._elapsed() + REFUSED_SECONDS, refused
            self.note_trouble(refused)
            return
        with self._database.write() as session:
            installer = session.scalars(select(Portal.installer_user_id).where(Portal.id == self._portal_id)).one()
            if access.user_id != installer:  # only this user is shut out: without the pair nobody asks for it again
                session.execute(delete(PortalToken).where(self._mine(access)))
        if access.user_id == installer:
            self.note_trouble(refused)

    def _repeat_refusal(self, user_id: int) -> None:
        until, refused = self._refusals.get(user_id, (0.0, None))
        if refused and self._elapsed() < until:
            raise refused.about(RENEWAL)
