"""Terminals: a portal's shops at acquirers, with their credentials sealed and an unguessable address for notices."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billing.fiscal import Fiscal
from gateways import AnyGateway, Credentials, Misconfigured, Unchecked, WithoutSbp
from schemas.declaration import Words
from storage.database import Database
from storage.model import ChargeAttempt, SavedCard, Subscription, Terminal
from storage.vault import SecretUnreadable, Vault

CREDENTIALS = "terminal credentials"  # what the vault binds them to
RECEIPTS = "receipts"  # stands beside the credentials: what receipts of this shop say
LONGEST_PAYEE = 150
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode's kinds: controls, turns of direction, breaks


class TerminalRefused(Exception):
    """The terminal cannot be configured like this; one sentence for the operator, without a secret."""


@dataclass(frozen=True, slots=True)
class OpenTerminal:
    """A terminal ready to be spoken through: the gateway and the shop's credentials for its verbs."""

    id: int
    gateway: AnyGateway
    credentials: Any  # of the gateway's own kind
    fiscal: Fiscal | None  # None: no receipts are made through it
    configured_at: datetime


@dataclass(frozen=True, slots=True)
class Configured:
    """A terminal after `configure`: the tail of its webhook address, whom clients read that they pay, what the acquirer
    does not permit it yet, and what it did not say whether it permits."""

    terminal_id: int
    webhook_path: str
    payee: str
    lacks: Sequence[Words]
    unchecked: Sequence[Words]


class Terminals:
    """`new_key` gives a fresh unguessable text for an address: 32 random bytes in hex."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        gateways: Mapping[str, AnyGateway],
        now: Callable[[], datetime],
        new_key: Callable[[], str],
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._now = now
        self._new_key = new_key

    def configure(
        self,
        portal_id: int,
        code: str,
        name: str,
        credentials_json: str,
        *,
        payee: str | None = None,
        confirm_closed: bool = False,
        same_shop: bool = False,
    ) -> Configured:
        """Ask the acquirer whether the credentials work, then keep them; the terminal takes money from now on.

        `payee`: who is paid, for clients to read; None leaves what there is, an empty one clears it. `same_shop`: the
        operator's word that another login, or credentials nobody can read any more, are this shop's.

        Raises TerminalRefused, and the gateway's Trouble when the acquirer refused them or could not be asked.
        """
        if "/" in name or not name.strip():
            raise TerminalRefused(f"“{name}” names no terminal: give a name without a slash, as in code/terminal")
        gateway = self._gateways.get(code)
        if gateway is None:
            known = ", ".join(sorted(name for name, one in self._gateways.items() if not one.closed)) or "none"
            raise TerminalRefused(f"there is no gateway {code} here; there are: {known}")
        if gateway.closed and not confirm_closed:
            raise TerminalRefused(f"{gateway.title.en}: {gateway.closed.en} Repeat with --confirm-closed to go on.")
        named = None if payee is None else _read_payee(payee)
        credentials, fiscal = _read_credentials(gateway, credentials_json)
        found = gateway.check(credentials)
        lacks = [one for one in found if not isinstance(one, Unchecked)]
        unchecked = [one for one in found if isinstance(one, Unchecked)]
        with self._database.write() as session:
            terminal = self._terminal(session, portal_id, gateway, name, credentials, same_shop)
            kept = credentials.model_dump(mode="json") | ({RECEIPTS: fiscal.model_dump(mode="json")} if fiscal else {})
            sealed = self._vault.seal(portal_id, CREDENTIALS, json.dumps(kept))
            terminal.credentials, terminal.state, terminal.reason = sealed, "active", ""
            terminal.sbp_closed = next((one.en for one in lacks if isinstance(one, WithoutSbp)), "")
            terminal.changed_at = self._now()
            if named is not None:
                terminal.payee = named
            session.flush()
            session.execute(  # a period that waits for its terminal waits no longer
                update(Subscription).where(Subscription.portal_id == portal_id).values(waits_until=None)
            )
            return Configured(terminal.id, notice_path(terminal), terminal.payee, lacks, unchecked)

    def _terminal(
        self,
        session: Session,
        portal_id: int,
        gateway: AnyGateway,
        name: str,
        credentials: Credentials,
        same_shop: bool,
    ) -> Terminal:
        terminal = session.scalar(
            select(Terminal)
            .where(Terminal.portal_id == portal_id, Terminal.gateway == gateway.code, Terminal.name == name)
            .with_for_update()
        )
        if terminal is None:
            terminal = Terminal(
                portal_id=portal_id,
                gateway=gateway.code,
                name=name,
                webhook_key=self._new_key(),
                created_at=self._now(),
            )
            session.add(terminal)
            return terminal
        known = self.account_of(terminal)
        payments, cards = _payments(session, terminal), _cards(session, terminal)
        if known != credentials.account and (payments or cards) and not same_shop:
            raise TerminalRefused(
                f"{gateway.code}/{name} is shop {known} with payments ({payments}) and saved cards ({cards}) of which "
                f"shop {credentials.account} knows nothing: they could not be given back, asked about or charged. Give "
                f"the new shop a name of its own (--terminal NAME). Is it the same shop under another login? Repeat "
                f"with --same-shop."
            )
        return terminal

    def account_of(self, terminal: Terminal) -> str:
        """Which shop it is, in the acquirer's own name for it."""
        try:
            credentials: Credentials = open_terminal(self._gateways, self._vault, terminal).credentials
        except Misconfigured:
            return "(its credentials cannot be read any more)"
        return credentials.account

    def of_portal(self, portal_id: int | None) -> Sequence[Terminal]:
        """The portal's terminals, or everybody's."""
        with self._database.read() as session:
            query = select(Terminal).order_by(Terminal.portal_id, Terminal.gateway, Terminal.name)
            return session.scalars(query.where(Terminal.portal_id == portal_id) if portal_id else query).all()


def open_terminal(gateways: Mapping[str, AnyGateway], vault: Vault, terminal: Terminal) -> OpenTerminal:
    """Raises Misconfigured when the gateway is not here any more or no key opens the credentials."""
    gateway = gateways.get(terminal.gateway)
    if gateway is None:
        raise Misconfigured(f"gateway {terminal.gateway} is not available: see its address in the settings")
    try:
        secret = vault.open(terminal.portal_id, CREDENTIALS, terminal.credentials)
    except SecretUnreadable as error:
        raise Misconfigured(str(error)) from error
    kept = json.loads(secret)
    try:
        fiscal = Fiscal.model_validate(kept.pop(RECEIPTS)) if RECEIPTS in kept else None
        credentials = gateway.credentials.model_validate(kept)
    except ValidationError:
        raise Misconfigured(
            f"the credentials kept for {terminal.gateway} are of another version: configure it"
        ) from None
    return OpenTerminal(terminal.id, gateway, credentials, fiscal, terminal.changed_at)


def notice_path(terminal: Terminal) -> str:
    """The tail of the address to which the acquirer sends this terminal's notices."""
    return f"/webhooks/{terminal.gateway}/{terminal.webhook_key}"


def stop_terminal(session: Session, terminal_id: int, configured_at: datetime, why: str) -> Terminal:
    """Nothing is sent through it any more until a person has configured it again; one that was configured since the
    acquirer refused its credentials goes on."""
    terminal = _held(session, terminal_id)
    if terminal.changed_at == configured_at:
        terminal.state, terminal.reason = "stopped", why
    return terminal


def close_sbp(session: Session, terminal_id: int, configured_at: datetime, why: str) -> Terminal:
    """As `stop_terminal`, for orders by SBP alone: most shops that lack it take cards all the same."""
    terminal = _held(session, terminal_id)
    if terminal.changed_at == configured_at:
        terminal.sbp_closed = why
    return terminal


def why_stopped(terminal: Terminal, method: str) -> str:
    """Why no saved card, or account bound by SBP (`sbp`), is charged there before a person has configured it anew;
    empty: it is."""
    if terminal.state != "active":
        return terminal.reason or terminal.state
    return terminal.sbp_closed if method == "sbp" else ""


def _held(session: Session, terminal_id: int) -> Terminal:
    return session.get_one(Terminal, terminal_id, with_for_update=True, populate_existing=True)


def _payments(session: Session, terminal: Terminal) -> int:
    """How many were made there, or may yet turn out to have been."""
    found = select(func.count()).where(
        ChargeAttempt.terminal_id == terminal.id,
        ChargeAttempt.state.in_(("sent", "pending", "unknown", "succeeded")),
    )
    return session.scalar(found) or 0


def _cards(session: Session, terminal: Terminal) -> int:
    found = select(func.count()).where(SavedCard.terminal_id == terminal.id, SavedCard.state == "active")
    return session.scalar(found) or 0


def _read_payee(text: str) -> str:
    payee = text.strip()
    if len(payee) > LONGEST_PAYEE:
        raise TerminalRefused(f"the payee has {len(payee)} characters: it takes at most {LONGEST_PAYEE} characters")
    if any(unicodedata.category(one) in HIDDEN for one in payee):
        raise TerminalRefused("the payee is one line for clients to read: there is a character in it that nobody sees")
    return payee


def _read_credentials(gateway: AnyGateway, text: str) -> tuple[Credentials, Fiscal | None]:
    fields = ", ".join(gateway.credentials.model_fields)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise TerminalRefused(f"the credentials are no JSON object; {gateway.code} takes one with: {fields}")
    fiscal = _read_fiscal(data)
    try:
        credentials: Credentials = gateway.credentials.model_validate(data)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        known = [str(part) for part in wrong["loc"] if part in gateway.credentials.model_fields]
        name = known[0] if known else "another field"  # a name we do not know may be a secret in the wrong place
        raise TerminalRefused(f"credentials: {name}: {wrong['msg']}; {gateway.code} takes: {fields}") from None
    return credentials, fiscal


def _read_fiscal(data: dict[str, Any]) -> Fiscal | None:
    """What the credentials' object says of receipts, taken out of it."""
    if RECEIPTS not in data:
        return None
    known = ", ".join(Fiscal.model_fields)
    if not isinstance(data[RECEIPTS], dict):
        raise TerminalRefused(f"{RECEIPTS}: an object is wanted here; it takes: {known}")
    try:
        return Fiscal.model_validate(data.pop(RECEIPTS))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in wrong["loc"])
        raise TerminalRefused(f"{RECEIPTS}: {place}: {wrong['msg']}; it takes: {known}") from None
