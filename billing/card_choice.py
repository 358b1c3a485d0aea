"""Which saved card a charge takes, and through which terminal; whoever asked is told why when none can be."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.currencies import currency_not_taken, takes
from billing.orders import ChargeOrder
from billing.terminals import why_stopped
from calculations.money import Money
from calculations.refusal import Refusal
from customers.consents import card_has_consent
from gateways import AnyGateway, Capability, Method
from storage.model import ChargeAttempt, SavedCard, Subscription, Terminal


def choose_card(session: Session, order: ChargeOrder) -> SavedCard:
    """The card named, else the subscription's of this document, else the client's only consented one.

    Where a subscription's card may not be charged, no other one is. Refusals: no_saved_card, no_consent, choose_card.
    """
    cards = _cards_of(session, order)
    agreed = _cards_of_subscriptions(session, order)
    if order.saved_card_id is not None:
        cards = [card for card in cards if card.id == order.saved_card_id]
    elif order.saved_card:
        cards = _named(cards, order.saved_card)
    elif agreed:
        cards = [card for card in cards if card.id in agreed]
    cards = [card for card in cards if card.state == "active"]
    if not cards:
        raise _no_saved_card(order)
    willing = [card for card in cards if card_has_consent(session, card.id)]
    if not willing:
        raise no_consent(order.customer, cards[0])
    chosen = [card for card in willing if card.id in agreed] or willing
    if len(chosen) > 1:
        raise _several(order, chosen)
    return chosen[0]


def _cards_of_subscriptions(session: Session, order: ChargeOrder) -> set[int]:
    query = (
        select(SavedCard.id)
        .join(Subscription, Subscription.saved_card_id == SavedCard.id)
        .where(
            Subscription.portal_id == order.portal_id,
            Subscription.customer == order.customer,
            Subscription.document == order.document,
            Subscription.state == "active",
        )
    )
    if order.gateway:
        query = query.where(SavedCard.gateway == order.gateway.partition("/")[0])
    return set(session.scalars(query))


def _cards_of(session: Session, order: ChargeOrder) -> list[SavedCard]:
    """The client's, forgotten ones too: an id stays the name of the card that bore it."""
    query = select(SavedCard).where(SavedCard.portal_id == order.portal_id, SavedCard.customer == order.customer)
    if order.gateway:
        query = query.where(SavedCard.gateway == order.gateway.partition("/")[0])
    return list(session.scalars(query.order_by(SavedCard.id)))


def _named(cards: Sequence[SavedCard], name: str) -> list[SavedCard]:
    by_id = [card for card in cards if name == str(card.id)]
    if by_id or len(name) != 4 or not name.isdigit():
        return by_id
    return [card for card in cards if card.mask.endswith(name)]


def choose_terminal(
    session: Session, order: ChargeOrder, card: SavedCard, gateways: Mapping[str, AnyGateway]
) -> Terminal:
    """The portal's terminal at the card's acquirer: of several the card's own, else where it was charged before.

    Refusals: no_gateway, choose_terminal, currency_not_taken, gateway_stopped.
    """
    gateway = gateways.get(card.gateway)
    if gateway is None or Capability.CHARGE_SAVED_CARD not in gateway.capabilities:
        raise _no_gateway(card.gateway)
    query = select(Terminal).where(Terminal.portal_id == order.portal_id, Terminal.gateway == card.gateway)
    terminals = session.scalars(query.order_by(Terminal.id)).all()
    name = order.gateway.partition("/")[2]
    found = [terminal for terminal in terminals if not name or terminal.name == name]
    found = [terminal for terminal in found if not name and terminal.id == card.terminal_id] or found
    if not found:
        raise _no_gateway(order.gateway or card.gateway)
    if len(found) > 1:
        proved = _terminals_that_charged(session, card)
        found = [terminal for terminal in found if terminal.id in proved] or found
    if len(found) > 1:
        names = ", ".join(f"{terminal.gateway}/{terminal.name}" for terminal in found)
        raise Refusal(
            "choose_terminal",
            ru=f"У портала несколько терминалов этого эквайера: {names}. Укажите один в поле «Платёжная система».",
            en=f"The portal has several terminals at this acquirer: {names}. Name one of them in the field “Gateway”.",
        )
    refuse_currency_of_card(gateway, card, order.amount, f"{found[0].gateway}/{found[0].name}")
    if why := why_stopped(found[0], card.method):
        raise gateway_stopped(found[0], why)
    return found[0]


def _terminals_that_charged(session: Session, card: SavedCard) -> set[int]:
    """A file does not tell which of an acquirer's shops a card was saved at; a payment does."""
    query = select(ChargeAttempt.terminal_id).where(
        ChargeAttempt.saved_card_id == card.id, ChargeAttempt.state == "succeeded"
    )
    return set(session.scalars(query))


def refuse_currency_of_card(gateway: AnyGateway, card: SavedCard, amount: Money, terminal: str) -> None:
    """Refusal: currency_not_taken."""
    method: Method = "sbp" if card.method == "sbp" else "card"
    if not takes(gateway, method, amount.currency):
        raise currency_not_taken(amount.currency, method, [(gateway, terminal)])


def _no_saved_card(order: ChargeOrder) -> Refusal:
    named = order.saved_card_id or order.saved_card
    if named:
        return Refusal(
            "no_saved_card",
            ru=f"У клиента {order.customer} нет сохранённой карты «{named}»: укажите её номер в списке карт или "
            "последние четыре цифры.",
            en=f"Client {order.customer} has no saved card “{named}”: give its id from the list of cards or its last "
            "four digits.",
        )
    where = f" ({order.gateway})" if order.gateway else ""
    return Refusal(
        "no_saved_card",
        ru=f"У клиента {order.customer} нет сохранённой карты{where}: попросите его оплатить со страницы оплаты и "
        "сохранить карту.",
        en=f"Client {order.customer} has no saved card{where}: ask them to pay on the payment page and save one.",
    )


def no_consent(customer: str, card: SavedCard) -> Refusal:
    return Refusal(
        "no_consent",
        ru=f"Клиент {customer} не давал согласия на автоматические списания с карты {card.mask} или отозвал его: "
        "попросите клиента оплатить самому или дать согласие.",
        en=f"Client {customer} has not agreed to automatic charges of card {card.mask}, or took the consent back: ask "
        "the client to pay in person or to agree.",
    )


def consent_withdrawn(card: SavedCard) -> Refusal:
    return Refusal(
        "consent_withdrawn",
        ru=f"Клиент {card.customer} отозвал согласие на списания с карты {card.mask}, а новое дал не для того, что "
        "было начато раньше: если клиент согласен, начните списание или подписку заново.",
        en=f"Client {card.customer} took the consent back to charges of card {card.mask}; the new one does not count "
        "for what was begun before: if the client agrees, begin the charge or the subscription anew.",
    )


def card_forgotten(card: SavedCard) -> Refusal:
    return Refusal(
        "no_saved_card",
        ru=f"Карта {card.mask} удалена: попросите клиента сохранить другую.",
        en=f"Card {card.mask} was removed: ask the client to save another one.",
    )


def gateway_stopped(terminal: Terminal, why: str) -> Refusal:
    name = f"{terminal.gateway}/{terminal.name}"
    return Refusal(
        "gateway_stopped",
        ru=f"Платёжная система {name} остановлена ({why}): проверьте её настройки.",
        en=f"Gateway {name} is stopped ({why}): check its settings.",
    )


def _several(order: ChargeOrder, cards: Sequence[SavedCard]) -> Refusal:
    names = ", ".join(f"{card.id} ({card.mask})" for card in cards)
    return Refusal(
        "choose_card",
        ru=f"У клиента {order.customer} подходит несколько карт: {names}. Укажите одну в поле «Карта».",
        en=f"Several cards of client {order.customer} fit: {names}. Name one of them in the field “Card”.",
    )


def _no_gateway(name: str) -> Refusal:
    return Refusal(
        "no_gateway",
        ru=f"Платёжная система {name} не настроена на этом портале: попросите администратора сервиса подключить её.",
        en=f"Gateway {name} is not set up for this portal: ask whoever runs the service to configure it.",
    )
