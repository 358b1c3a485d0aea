"""Notices of acquirers: verified, then taken as a reason to ask; never a source of amounts."""

from collections.abc import Mapping

from sqlalchemy import select

from billing.charges import Charging
from billing.terminals import open_terminal
from calculations.money import Money
from gateways import AnyGateway, Capability, Incoming, Notice
from storage.database import Database
from storage.model import ChargeAttempt, Terminal
from storage.vault import Vault


class UnknownTerminal(Exception):
    """No terminal of this gateway has this webhook key."""


class Notices:
    def __init__(
        self, database: Database, vault: Vault, gateways: Mapping[str, AnyGateway], charging: Charging
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._charging = charging

    def take(self, gateway: str, webhook_key: str, incoming: Incoming) -> Notice:
        """The reply the acquirer expects, once the order it speaks of is to be asked about at the next tick.

        A genuine notice of an order we do not know gets the same reply: nobody would send it less.
        Raises UnknownTerminal, InvalidSignature.
        """
        with self._database.read() as session:
            query = select(Terminal).where(Terminal.gateway == gateway, Terminal.webhook_key == webhook_key)
            row = session.scalar(query)
        known = self._gateways.get(gateway)
        if row is None or known is None or Capability.READ_WEBHOOK not in known.capabilities:
            raise UnknownTerminal(gateway)
        terminal = open_terminal(self._gateways, self._vault, row)
        notice = terminal.gateway.read_webhook(
            terminal.credentials, incoming, lambda number: self._awaited(terminal.id, number)
        )
        if notice.order_number:
            self._charging.reconciliation.bring_forward(terminal.id, notice.order_number)
        if notice.refund_number:
            self._charging.refunds.bring_forward(terminal.id, notice.refund_number)
        return notice

    def _awaited(self, terminal_id: int, order_number: str) -> Money | None:
        with self._database.read() as session:
            attempt = session.scalars(
                select(ChargeAttempt).where(
                    ChargeAttempt.terminal_id == terminal_id,
                    ChargeAttempt.order_number == order_number,
                    ChargeAttempt.state.in_(("sent", "pending", "unknown")),
                )
            ).first()
        return Money(attempt.amount, attempt.currency) if attempt else None
