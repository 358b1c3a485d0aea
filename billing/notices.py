"""Notices of acquirers: verified, then taken as a reason to ask; never a source of amounts."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.charges import Charging
from billing.key import gateway_customer_id
from billing.ledger import hold_ledger
from billing.settlement import hold
from billing.terminals import open_terminal
from calculations.money import Money
from gateways import AnyGateway, AwaitedOrder, Capability, Incoming, Notice, ReceiptNotice
from storage.database import Database
from storage.model import Charge, ChargeAttempt, Portal, SavedCard, Terminal
from storage.vault import Vault

TELL_AGAIN = "LATER"  # anything but the word an acquirer expects makes it send the notice again, hours later


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

        A genuine notice of an order we do not know gets the same reply: nobody would send it less. A card that only a
        notice tells of is kept at once, if its client agreed to that, and what one tells of a receipt is settled; a
        receipt of money that we do not know of yet is to be told again. Raises UnknownTerminal, InvalidSignature.
        """
        if not _may_be_kept(gateway, webhook_key):
            raise UnknownTerminal(gateway)
        with self._database.read() as session:
            query = select(Terminal).where(Terminal.gateway == gateway, Terminal.webhook_key == webhook_key)
            row = session.scalar(query)
        known = self._gateways.get(gateway)
        if row is None or known is None or Capability.READ_WEBHOOK not in known.capabilities:
            raise UnknownTerminal(gateway)
        terminal = open_terminal(self._gateways, self._vault, row)
        notice = terminal.gateway.read_webhook(
            terminal.credentials, incoming, lambda number, payment_id: self._awaited(terminal.id, number, payment_id)
        )
        if not _may_be_kept(notice.order_number, notice.payment_id, notice.refund_number):
            return notice
        if notice.refund_number and not self._charging.refunds.hear(terminal.id, notice.refund_number):
            notice = replace(notice, of_refund=True)  # bears a number of ours, and we know of no such refund
        if notice.order_number or notice.payment_id:
            self._of_order(terminal.id, notice)
        if isinstance(notice, ReceiptNotice) and not self._charging.receipts.hear(terminal.id, notice):
            self._money_of(terminal.id, notice)
            return replace(notice, reply=TELL_AGAIN)
        return notice

    def _money_of(self, terminal_id: int, notice: ReceiptNotice) -> None:
        """A till is sometimes quicker than our question about the money: a refund's is asked at the next tick, as
        `_of_order` has it for a payment's."""
        with self._database.read() as session:
            attempt = _attempt_of(session, terminal_id, notice)
        if attempt is not None and notice.returned:
            self._charging.refunds.ask_soon(attempt.charge_id)

    def _of_order(self, terminal_id: int, notice: Notice) -> None:
        with self._database.write() as session:
            attempt = _attempt_of(session, terminal_id, notice)
            if attempt is None:
                return
            if notice.stored_card:
                hold_ledger(session, attempt.portal_id)  # a withdrawal comes before the card or finds it
                _, attempt = hold(session, attempt.id)
                self._charging.settlement.keep_stored(session, attempt, notice.stored_card)
            number = attempt.order_number
        self._charging.reconciliation.bring_forward(terminal_id, number, of_refund=notice.of_refund)

    def _awaited(self, terminal_id: int, order_number: str, payment_id: str = "") -> AwaitedOrder | None:
        if not _may_be_kept(order_number, payment_id) or not (order_number or payment_id):
            return None
        named = (
            ChargeAttempt.order_number == order_number
            if order_number
            else ChargeAttempt.gateway_payment_id == payment_id
        )
        with self._database.read() as session:
            found = session.execute(
                select(ChargeAttempt, Charge, Portal.member_id, SavedCard)
                .join(Portal, Portal.id == ChargeAttempt.portal_id)
                .outerjoin(SavedCard, SavedCard.id == ChargeAttempt.saved_card_id)
                .join(Charge, Charge.id == ChargeAttempt.charge_id)
                .where(
                    Charge.state != "succeeded",
                    Charge.cancelled_at.is_(None),
                    ChargeAttempt.terminal_id == terminal_id,
                    named,
                    ChargeAttempt.state.in_(("sent", "pending", "unknown")),
                )
            ).first()
        if found is None:
            return None
        attempt, charge, member_id, card = found
        account = card.gateway_customer_id if card else gateway_customer_id(member_id, charge.customer)
        return AwaitedOrder(Money(attempt.amount, attempt.currency), charge.customer, account)


def _may_be_kept(*texts: str) -> bool:
    """PostgreSQL keeps no NUL and no database half of a letter; asked for one, it fails."""
    return all(map(str.isprintable, texts))


def _attempt_of(session: Session, terminal_id: int, notice: Notice) -> ChargeAttempt | None:
    """The try the notice speaks of: by our number, else by the acquirer's."""
    query = select(ChargeAttempt).where(ChargeAttempt.terminal_id == terminal_id)
    if notice.order_number:
        query = query.where(ChargeAttempt.order_number == notice.order_number)
    else:
        query = query.where(ChargeAttempt.gateway_payment_id == notice.payment_id)
    return session.scalars(query.order_by(ChargeAttempt.number.desc()).limit(1)).first()
