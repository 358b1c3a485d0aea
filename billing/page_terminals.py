"""Through which terminal a client pays a charge in person: never through one that nobody has chosen."""

from collections.abc import Mapping, Sequence
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateways import AnyGateway, Capability, Method
from storage.model import Charge, ChargeAttempt, Portal, Terminal


def terminals_by_method(
    session: Session, charge: Charge, attempts: Sequence[ChargeAttempt], gateways: Mapping[str, AnyGateway]
) -> Mapping[Method, Terminal]:
    """For each way to pay that is open to the client, the terminal it goes through.

    That is the one of the charge's last try where it can do it, else the only one that can. Where several could, the
    money might reach another company than the contract's: that way is not offered.
    """
    if session.get_one(Portal, charge.portal_id).state in ("uninstalled", "deleted"):
        return {}
    query = select(Terminal).where(Terminal.portal_id == charge.portal_id, Terminal.state == "active")
    code, _, name = charge.gateway.partition("/")
    wanted = [
        terminal
        for terminal in session.scalars(query.order_by(Terminal.id))
        if (not code or terminal.gateway == code) and (not name or terminal.name == name)
    ]
    last = attempts[-1].terminal_id if attempts else None
    chosen: dict[Method, Terminal] = {}
    for method in get_args(Method):
        capable = [terminal for terminal in wanted if _can(gateways.get(terminal.gateway), method)]
        preferred = [terminal for terminal in capable if terminal.id == last] or capable
        if len(preferred) == 1:
            chosen[method] = preferred[0]
    return chosen


def _can(gateway: AnyGateway | None, method: Method) -> bool:
    return gateway is not None and Capability.START_PAYMENT in gateway.capabilities and method in gateway.methods
