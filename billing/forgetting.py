"""Forgetting a card: it is charged no more from this moment, and its acquirer is told until it has heard."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import func, select

from billing.terminals import open_terminal
from customers.cards import TOKEN, destroy_token, forget_card
from gateways import AnyGateway, Capability, Method, Misconfigured, StoredCard, Trouble
from storage.database import Database
from storage.model import SavedCard, Terminal
from storage.vault import SecretUnreadable, Vault

AT_ONE_TICK = 50


class Forgetting:
    def __init__(
        self, database: Database, vault: Vault, gateways: Mapping[str, AnyGateway], now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._now = now

    def forget(self, portal_id: int, card_id: int, by: str) -> str | None:
        """None when the portal has no such card; else empty, or why its acquirer has not heard of it yet."""
        if not forget_card(self._database, portal_id, card_id, by, self._now()):
            return None
        return self._tell(card_id)

    def tell_acquirers(self) -> int:
        """Tell again of some cards whose acquirer did not hear, whichever: how many those were. In any fixed order the
        cards of an acquirer that never hears would stand before all others."""
        with self._database.read() as session:
            waiting = session.scalars(
                select(SavedCard.id)
                .where(SavedCard.state == "forgotten", SavedCard.token != "")
                .order_by(func.random())
                .limit(AT_ONE_TICK)
            ).all()
        for card_id in waiting:
            self._tell(card_id)
        return len(waiting)

    def _tell(self, card_id: int) -> str:
        with self._database.read() as session:
            card = session.get_one(SavedCard, card_id)
            of_gateway = select(Terminal).where(Terminal.portal_id == card.portal_id, Terminal.gateway == card.gateway)
            terminals = session.scalars(of_gateway.order_by(Terminal.id)).all()
        gateway = self._gateways.get(card.gateway)
        if card.token and gateway and Capability.FORGET_CARD in gateway.capabilities:
            of_card = [terminal for terminal in terminals if terminal.id == card.terminal_id] or terminals
            unheard = [why for terminal in of_card if (why := self._tell_one(card, terminal))]
            if unheard:
                return "; ".join(unheard)
        destroy_token(self._database, card_id)
        return ""

    def _tell_one(self, card: SavedCard, terminal: Terminal) -> str:
        """Why this terminal's acquirer has not heard; empty when it has."""
        try:
            opened = open_terminal(self._gateways, self._vault, terminal)
            opened.gateway.forget_card(opened.credentials, self._stored(card))
        except Trouble as trouble:
            return str(trouble)
        return ""

    def _stored(self, card: SavedCard) -> StoredCard:
        try:
            token = self._vault.open(card.portal_id, TOKEN, card.token)
        except SecretUnreadable as error:
            raise Misconfigured(str(error)) from error
        method: Method = "sbp" if card.method == "sbp" else "card"
        return StoredCard(token, card.mask, card.expires, card.gateway_customer_id, method)
