"""Through which terminal a client pays a charge in person: never through one that nobody has chosen; whom they pay."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.charge_rows import on_its_way
from billing.currencies import currency_not_taken, takes
from billing.settlement import OPEN
from gateways import AnyGateway, Capability, Method
from storage.model import Charge, ChargeAttempt, Portal, Terminal


def terminals_by_method(
    session: Session,
    charge: Charge,
    attempts: Sequence[ChargeAttempt],
    gateways: Mapping[str, AnyGateway],
    now: datetime,
) -> Mapping[Method, Terminal]:
    """For each way to pay that is open to the client, the terminal it goes through.

    That is the one of the charge's last try where it can do it, else the only one that can, the charge's currency
    included. Where several could, the money might reach another company than the contract's: that way is not offered.
    Nor is another than that of a request which may still arrive; where its number does not keep it from taking the
    money beside a page, none is.
    """
    if session.get_one(Portal, charge.portal_id).state in ("uninstalled", "deleted"):
        return {}
    late = on_its_way(attempts, now)
    wanted = [
        terminal
        for terminal in _wanted(session, charge.portal_id, charge.gateway)
        if late is None or (terminal.id == late.terminal_id and _keeps_late_out(gateways, terminal))
    ]
    last = attempts[-1].terminal_id if attempts else None
    chosen: dict[Method, Terminal] = {}
    for method in get_args(Method):
        capable = [one for one in wanted if _can(gateways, one, method, charge.currency)]
        preferred = [terminal for terminal in capable if terminal.id == last] or capable
        if len(preferred) == 1:
            chosen[method] = preferred[0]
    return chosen


def payee_of(session: Session, charge: Charge, attempts: Sequence[ChargeAttempt], ways: Iterable[Terminal]) -> str:
    """Who is paid, where that is known and the same whichever of the `ways` the client takes, or has begun; once the
    charge is paid, who was. Else empty."""
    if charge.state == "succeeded":
        through = {attempt.terminal_id for attempt in attempts if attempt.state == "succeeded"}
    else:
        begun = {attempt.terminal_id for attempt in attempts if attempt.state in OPEN}
        through = begun | {terminal.id for terminal in ways}
    payees = {session.get_one(Terminal, terminal_id).payee for terminal_id in through}
    return payees.pop() if len(payees) == 1 else ""


def refuse_currency(
    session: Session, gateways: Mapping[str, AnyGateway], portal_id: int, gateway: str, currency: str
) -> None:
    """Refusal currency_not_taken where it is for its currency alone that nothing can be paid in person; `gateway`: see
    ChargeOrder."""
    shops = [
        (known, f"{terminal.gateway}/{terminal.name}")
        for terminal in _wanted(session, portal_id, gateway)
        if (known := gateways.get(terminal.gateway)) and Capability.START_PAYMENT in known.capabilities
    ]
    if shops and not any(takes(known, method, currency) for known, _ in shops for method in known.methods):
        raise currency_not_taken(currency, "card", shops)


def _wanted(session: Session, portal_id: int, gateway: str) -> Sequence[Terminal]:
    query = select(Terminal).where(Terminal.portal_id == portal_id, Terminal.state == "active")
    code, _, name = gateway.partition("/")
    return [
        terminal
        for terminal in session.scalars(query.order_by(Terminal.id))
        if (not code or terminal.gateway == code) and (not name or terminal.name == name)
    ]


def _keeps_late_out(gateways: Mapping[str, AnyGateway], terminal: Terminal) -> bool:
    gateway = gateways.get(terminal.gateway)
    return gateway is not None and gateway.one_number


def _can(gateways: Mapping[str, AnyGateway], terminal: Terminal, method: Method, currency: str) -> bool:
    gateway = gateways.get(terminal.gateway)
    if gateway is None or Capability.START_PAYMENT not in gateway.capabilities:
        return False
    if method == "sbp" and terminal.sbp_closed:
        return False
    return method in gateway.methods and takes(gateway, method, currency)
