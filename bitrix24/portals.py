"""Every portal of this process: opens clients, knows the facts of the row, follows a portal that moved."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from bitrix24.bucket import Bucket
from bitrix24.client import PortalClient
from bitrix24.error_counts import ErrorCounts
from bitrix24.errors import Refused, RestError, StaleToken, TryLater
from bitrix24.exchange import Exchange
from bitrix24.oauth import APP_INFO, App, OAuthHost
from bitrix24.pauses import MethodPauses
from bitrix24.tokens import Access, Tokens
from bitrix24.transport import Transport
from schemas.portal import PortalFacts
from storage.database import Database
from storage.model import Portal, PortalToken
from storage.vault import Vault

UNUSED = timedelta(days=150)
# A suspended portal is tried as well: its client asks now and then whether it works again, and only a caller makes it.
TRIED_PORTALS = ("active", "suspended")

log = logging.getLogger(__name__)


class Portals:
    """One for a process, made after it forked."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        app: App,
        *,
        local: bool,
        user_agent: str,
        now: Callable[[], datetime],
        elapsed: Callable[[], float],
        random: Callable[[], float],
        reserve: int = 10,
        patience: float = 60.0,
    ) -> None:
        """`local` allows plain http to the loopback. `reserve`: requests of a bucket left to people's pages, 0 where
        those pages are served. `patience`: seconds a command waits for a portal in trouble before TryLater.
        `elapsed` counts seconds steadily; `random` gives numbers from 0 to 1.
        """
        self.transport = Transport(user_agent, elapsed, local=local)
        self.oauth = OAuthHost(app, self.transport)
        self._database = database
        self._vault = vault
        self._now = now
        self._elapsed = elapsed
        self._random = random
        self._reserve = reserve
        self._patience = patience
        self._owner = f"{random():.12f}"[2:]
        self._guard = threading.Lock()
        self._clients: dict[int, PortalClient] = {}

    def open(self, portal_id: int) -> PortalClient:
        """The client of a portal; always the same one. It costs nothing until it is used."""
        with self._guard:
            if portal_id not in self._clients:
                self._clients[portal_id] = self._new_client(portal_id)
            return self._clients[portal_id]

    def facts(self, portal_id: int) -> PortalFacts:
        with self._database.read() as session:
            row = session.get_one(Portal, portal_id)
        fields = {name: str(field) for name, field in row.fields.items() if name != "payments_type"}
        return PortalFacts(
            id=row.id,
            member_id=row.member_id,
            language=row.language,
            time_zone=ZoneInfo(row.time_zone),
            date_order="mdy" if row.date_order == "mdy" else "dmy",
            currency=row.currency,
            own_days=row.own_days,
            fields=fields,
            payments_type=row.fields.get("payments_type"),
        )

    def tokens(self, portal_id: int) -> Tokens:
        return Tokens(
            self._database,
            self._vault,
            self.oauth,
            portal_id,
            now=self._now,
            elapsed=self._elapsed,
            owner=self._owner,
        )

    def renew_unused(self) -> int:
        """Renew the pairs of active portals that nobody used for five months: a refresh token lives for six.

        Gives how many were renewed; for once a day.
        """
        with self._database.read() as session:
            unused = session.execute(
                select(PortalToken.portal_id, PortalToken.user_id)
                .join(Portal, Portal.id == PortalToken.portal_id)
                .where(Portal.state == "active", PortalToken.expires_at < self._now() - UNUSED)
            ).all()
        renewed = 0
        for portal_id, user_id in unused:
            try:
                self.tokens(portal_id).current(user_id)
                renewed += 1
            except RestError as error:
                log.warning("portal %s, user %s: %s", portal_id, user_id, error)
        return renewed

    def close(self, seconds: float = 100.0) -> None:
        """Requests under way may end within so many seconds; commands that wait come back with TryLater."""
        give_up_at = self._elapsed() + seconds
        with self._guard:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.stop()
        for client in clients:
            client.join(give_up_at)

    def _new_client(self, portal_id: int) -> PortalClient:
        exchange = Exchange(
            self.tokens(portal_id),
            Bucket(self._database, portal_id, self._reserve),
            MethodPauses(self._database, portal_id),
            ErrorCounts(self._database, portal_id),
            follow=lambda access, location: self._follow(portal_id, access, location),
            elapsed=self._elapsed,
            random=self._random,
        )
        return PortalClient(
            exchange,
            self.transport,
            lambda: self.facts(portal_id),
            now=self._now,
            elapsed=self._elapsed,
            patience=self._patience,
            name=f"portal-{portal_id}",
        )

    def _follow(self, portal_id: int, access: Access, location: str) -> None:
        """A portal that was renamed redirects; only the OAuth host is believed where it is now.

        Raises TryLater while the OAuth host does not confirm a move.
        """
        try:
            info = self.oauth.app_info(access.token)
        except (StaleToken, Refused) as error:
            raise TryLater(APP_INFO, error.description, error.code, error.status) from None
        with self._database.read() as session:
            member_id = session.get_one(Portal, portal_id).member_id
        endpoint = info.install.client_endpoint.rstrip("/") + "/"
        genuine = info.client_id == self.oauth.app.client_id and info.install.member_id == member_id
        if not genuine or endpoint == access.endpoint:
            host = urlsplit(location).hostname or "nowhere"
            log.warning("portal %s redirects to %s, which the OAuth host does not confirm", portal_id, host)
            raise TryLater(APP_INFO, f"the portal redirects to {host}, which the OAuth host does not confirm")
        reason = f"moved from {urlsplit(access.endpoint).netloc} to {urlsplit(endpoint).netloc}"
        with self._database.write() as session:
            session.execute(
                update(Portal)
                .where(Portal.id == portal_id, Portal.client_endpoint == access.endpoint)
                .values(client_endpoint=endpoint, state_reason=reason, changed_at=self._now())
                .execution_options(synchronize_session=False)
            )
        log.warning("portal %s %s", portal_id, reason)
