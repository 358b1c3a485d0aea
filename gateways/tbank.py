"""T-Bank (T-Касса), acquiring API v2: orders placed by Init and paid by Charge, signed by a Token of their fields.

An order number is not unique there, so every new order is preceded by the question whether its number is known.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, TypeVar

from pydantic import BaseModel, Field

from calculations.money import Money
from gateways import _declines
from gateways import _tbank_answers as answers
from gateways._declines import Reason
from gateways._errors import Misconfigured, NotSent, OutcomeUnknown, Trouble
from gateways._gateway import Capability, Credentials, Gateway, Unchecked, WithoutSbp
from gateways._http import Http
from gateways._notice import Awaited, Incoming, Notice
from gateways._orders import (
    Method,
    Outcome,
    PageOrder,
    Payment,
    Placed,
    PlacedOrder,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    Started,
    StoredCard,
)
from gateways._receipt import Receipt, SentReceipt
from gateways._register import Register
from gateways._tbank_answers import (
    CURRENCY,
    Cancelled,
    Card,
    Cards,
    Order,
    Qr,
    QrRefund,
    State,
    Terminal,
    payment_of,
    seen,
    trouble,
)
from gateways._tbank_cards import kept_card
from gateways._tbank_codes import (
    CLIENT_WANTED,
    CONFIGURATION,
    DECLINES,
    GIVEN_BACK,
    GIVEN_BACK_IN_PART,
    GIVING_BACK,
    NO_SUCH_CARD,
    NO_SUCH_CUSTOMER,
    NO_SUCH_ORDER,
    NOBODY_PAYS_YET,
    NOT_KNOWN_YET,
    OF_RECEIPTS,
    REFUND_REFUSALS,
    TOOK_MONEY,
)
from gateways._tbank_notices import read_notice
from gateways._tbank_register import read_register
from gateways._tbank_requests import FFD_12, FFD_105, SBP, cancel_body, page_body, receipt_body, saved_card_body, token
from schemas.declaration import Words

TEST_STAND = "https://rest-api-test.tinkoff.ru/"
NOBODYS_ORDER = "connection-check"
NOBODYS = "0"  # neither payments nor saved cards have this number
CHARGE_OFF = "10"  # the acquirer's own code: this terminal may not use Charge
CHARGE_IS_OFF = Words(
    "терминалу не разрешён метод Charge: сохранённые карты не списать",
    "the terminal may not use the method Charge: saved cards cannot be charged",
)
CHARGE_UNCHECKED = Unchecked(
    "списание сохранённых карт: что метод Charge выключен, Т-Банк не сказал, и это ничего не доказывает; спросите "
    "менеджера, включён ли он",
    "charging saved cards: T-Bank did not say that the method Charge is off, which proves nothing; ask its manager "
    "whether it is on",
)
ACCOUNTS_UNCHECKED = Unchecked(
    "списание со счетов по СБП: спросите менеджера Т-Банка, разрешены ли терминалу рекуррентные платежи по СБП",
    "charging bound SBP accounts: ask T-Bank's manager whether the terminal may make recurring payments by SBP",
)
TERMINAL_UNCHECKED = Unchecked(
    "СБП и сохранение карт: Т-Банк не сказал, что подключено терминалу; посмотрите «Способы оплаты» в его кабинете",
    "SBP and keeping cards: T-Bank did not tell what the terminal may do; look at «Способы оплаты» in its cabinet",
)
CURRENCY_REFUSED = "253"  # the acquirer's own code: this currency is not allowed
WEB_ADDRESS = re.compile(r"https?://\S+")

S = TypeVar("S", bound=BaseModel)

log = logging.getLogger(__name__)


class TBankCredentials(Credentials):
    terminal_key: str = Field(
        min_length=1,
        repr=False,
        title="Ключ терминала / TerminalKey",
        description="Кабинет интернет-эквайринга — Магазины — Терминалы",
    )
    password: str = Field(
        min_length=1, repr=False, title="Пароль терминала / Password", description="Там же, рядом с ключом терминала"
    )
    test_stand: str = Field(
        default="no",
        title="Тестовый стенд банка / The bank's test stand",
        description="yes или no; стенд отвечает только адресам, которые разрешила поддержка банка",
    )

    ffd_version: str = Field(
        default=FFD_105,
        title="Версия ФФД кассы / The till's format version",
        description="1.05 или 1.2: как в настройках онлайн-кассы",
    )

    @property
    def account(self) -> str:
        return self.terminal_key


class TBank(Gateway[TBankCredentials]):
    code: ClassVar[str] = "tbank"
    title: ClassVar[Words] = Words("Т-Банк", "T-Bank")
    address: ClassVar[str] = "https://securepay.tinkoff.ru/"
    one_number = True
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.START_PAYMENT,
            Capability.CHARGE_SAVED_CARD,
            Capability.VOID,
            Capability.REFUND,
            Capability.FETCH_REFUND,
            Capability.FORGET_CARD,
            Capability.SEND_RECEIPT,
            Capability.READ_REGISTER,
            Capability.READ_WEBHOOK,
        }
    )
    methods: ClassVar[frozenset[Method]] = frozenset({"card", "sbp"})
    currencies: ClassVar[frozenset[str] | None] = frozenset({CURRENCY})
    declines: ClassVar[Mapping[str, Reason]] = DECLINES
    credentials = TBankCredentials

    def check(self, credentials: TBankCredentials) -> list[Words]:
        """Of a payment that nobody has made nothing can be charged; that Charge is off is said all the same, that it is
        on is not."""
        self._payments(credentials, NOBODYS_ORDER)
        terminal = self._terminal(credentials)
        found: list[Words] = []
        if terminal.terminal_info.methods is None:
            found.append(TERMINAL_UNCHECKED)
        if not terminal.terminal_info.keeps_cards:
            found.append(Words("терминалу не разрешено сохранять карты", "the terminal may not keep cards"))
        if not terminal.takes_sbp:
            found.append(WithoutSbp("терминалу не подключена СБП", "the terminal does not take SBP payments"))
        else:
            found.append(ACCOUNTS_UNCHECKED)
        try:
            charged = self._ask(credentials, "v2/Charge", State, {"PaymentId": NOBODYS, "RebillId": NOBODYS})
            is_off = not charged.success and charged.error_code == CHARGE_OFF
        except Trouble:
            is_off = False
        return [*found, CHARGE_IS_OFF if is_off else CHARGE_UNCHECKED]

    def start_payment(self, credentials: TBankCredentials, order: PageOrder) -> Started:
        _only_roubles(order.number, order.amount)
        self._must_be_new(credentials, order.number)
        answer = self._ask(credentials, "v2/Init", State, page_body(order, credentials.ffd_version))
        if answer.refused:
            why = _declines.DECLINES[self.reason_of(answer.error_code)].words.en
            raise NotSent(
                f"T-Bank did not accept order {order.number}: error {answer.error_code}; nothing was placed. {why}"
            )
        self._must_be_placed(answer, order.number, order.amount)
        if order.method == "card":
            if not WEB_ADDRESS.fullmatch(answer.payment_url):
                raise OutcomeUnknown(f"order {order.number} is placed at T-Bank without a page to pay on")
            return Started(answer.payment_id, page_url=answer.payment_url)
        return Started(answer.payment_id, qr_payload=self._qr_payload(credentials, answer.payment_id))

    def _qr_payload(self, credentials: TBankCredentials, payment_id: str) -> str:
        try:
            qr = self._ask(credentials, "v2/GetQr", Qr, {"PaymentId": payment_id, "DataType": "PAYLOAD"})
            if qr.ok and WEB_ADDRESS.fullmatch(qr.data):
                return qr.data
            raise trouble(_asked("v2/GetQr"), qr)
        except Misconfigured as refused:
            raise Misconfigured(str(refused), placed=True) from refused

    def charge_saved_card(self, credentials: TBankCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        if order.amount.currency != CURRENCY:
            return _declined(order, "", CURRENCY_REFUSED, "T-Bank takes roubles only")
        payment_id = order.payment_id
        if not payment_id:
            self._must_be_new(credentials, order.number)
            answer = self._ask(credentials, "v2/Init", State, saved_card_body(order, credentials.ffd_version))
            if answer.refused:
                return _declined(order, "", answer.error_code, answer.words(credentials.password, order.token))
            self._must_be_placed(answer, order.number, order.amount)
            payment_id = answer.payment_id
            placed(payment_id)
        return self._charge(credentials, order, payment_id)

    def _charge(self, credentials: TBankCredentials, order: SavedCardOrder, payment_id: str) -> Payment:
        """Anything but a final status or a definite refusal leaves the outcome to be asked for by the payment."""
        by_sbp = order.token.startswith(SBP)
        path = "v2/ChargeQr" if by_sbp else "v2/Charge"
        source = {"AccountToken": order.token.removeprefix(SBP)} if by_sbp else {"RebillId": order.token}
        state = self._ask(credentials, path, State, {"PaymentId": payment_id, **source})
        words = state.words(credentials.password, source.get("AccountToken", order.token))
        if state.payment_id not in ("", payment_id):
            raise OutcomeUnknown(f"{_asked(path)}: answered about another payment than {payment_id}")
        if state.error_code in CONFIGURATION and not state.success:
            raise trouble(_asked(path), state)
        if state.outcome is Outcome.DECLINED and state.error_code == NOT_KNOWN_YET:
            return Payment(order.number, payment_id, Outcome.PENDING, order.amount)
        if state.outcome in (Outcome.SUCCEEDED, Outcome.DECLINED, Outcome.CANCELLED):
            return payment_of(state.model_copy(update={"payment_id": payment_id}), order.number, order.amount, words)
        if state.ok:
            return Payment(state.order_id or order.number, payment_id, Outcome.PENDING, order.amount)
        if state.refused and state.error_code not in OF_RECEIPTS:
            return _declined(order, payment_id, state.error_code, words)
        raise trouble(_asked(path), state)

    def fetch_payment(self, credentials: TBankCredentials, order: PlacedOrder) -> Payment | None:
        state = self._found(credentials, order.number, order.payment_id)
        if state is None:
            return None
        if state.outcome is Outcome.DECLINED and state.error_code in ("", "0"):
            state = self._with_its_error(credentials, order.number, state)
        return self._told(credentials, order, state)

    def void(self, credentials: TBankCredentials, order: PlacedOrder) -> Payment:
        """Cancel gives back what was paid meanwhile, so it is asked for only while the payment is seen unpaid, or waits
        for a client who is not there."""
        state = self._found(credentials, order.number, order.payment_id)
        if state is None:
            raise OutcomeUnknown(f"T-Bank knows no order {order.number} that could be closed")
        if state.status in NOBODY_PAYS_YET or _waits_in_vain(order, state):
            closed = self._ask(credentials, "v2/Cancel", Cancelled, {"PaymentId": state.payment_id})
            if closed.ok and closed.status in GIVEN_BACK | {"CANCELED"}:
                return Payment(order.number, state.payment_id, Outcome.CANCELLED, order.amount)
            state = self._state(credentials, state.payment_id)
        return self._told(credentials, order, state)

    def refund(self, credentials: TBankCredentials, order: RefundOrder) -> Refunded:
        """SBP knows no numbers of refunds: one is sent only while the payment stands as our refunds have left it."""
        _only_roubles(order.number, order.amount)
        state = self._paid(credentials, order)
        left_by_us = "PARTIAL_REFUNDED" if order.refunded_before else "CONFIRMED"
        if state.status != left_by_us:
            raise OutcomeUnknown(
                f"refund {order.number}: the payment is {seen(state.status)} at T-Bank and should be {left_by_us}"
            )
        order.sending()
        return self._give_back(credentials, order, state.payment_id)

    def fetch_refund(self, credentials: TBankCredentials, order: RefundOrder) -> Refunded | None:
        """A refund cannot be looked up by its number. Of a card it may be asked for again, done once by that number."""
        state = self._paid(credentials, order)
        if state.status in GIVEN_BACK:
            return Refunded(order.number, Outcome.SUCCEEDED, order.amount)
        if state.status in GIVING_BACK:
            return Refunded(order.number, Outcome.PENDING, order.amount)
        if state.status == "CONFIRMED" and not order.refunded_before:
            return None if state.source == "cards" else self._refused_by_sbp(credentials, order, state.payment_id)
        if state.status == "PARTIAL_REFUNDED" and self._by_card(credentials, order, state):
            return self._give_back(credentials, order, state.payment_id, again=True)
        if state.status == "PARTIAL_REFUNDED":
            return self._given_back_by_sbp(credentials, order, state.payment_id)
        raise OutcomeUnknown(
            f"refund {order.number}: the payment is {seen(state.status)} at T-Bank: look at its cabinet"
        )

    def forget_card(self, credentials: TBankCredentials, card: StoredCard) -> None:
        """An SBP account is unbound by its owner in the bank's app, a card without its CustomerKey in the cabinet:
        of those there is nothing to ask T-Bank for."""
        if card.token.startswith(SBP) or not card.gateway_customer_id:
            return
        customer = {"CustomerKey": card.gateway_customer_id}
        kept = [one for one in self._cards(credentials, customer) if one.rebill_id == card.token and one.status != "D"]
        if not kept:
            return
        answer = self._ask(credentials, "v2/RemoveCard", State, {**customer, "CardId": kept[0].card_id})
        gone = answer.error_code in NO_SUCH_CARD | NO_SUCH_CUSTOMER
        if not gone and not (answer.ok and answer.status in ("", "D")):
            raise trouble(_asked("v2/RemoveCard"), answer)

    def send_receipt(
        self, credentials: TBankCredentials, order: PlacedOrder, number: str, receipt: Receipt
    ) -> SentReceipt:
        """T-Bank gives a receipt no number and no status: it says that the till was handed one."""
        if not order.payment_id:
            raise NotSent(f"receipt {number}: T-Bank's number of order {order.number} is not known")
        path = "cashbox/SendClosingReceipt"
        body = {"PaymentId": order.payment_id, "Receipt": receipt_body(receipt, credentials.ffd_version)}
        answer = self._ask(credentials, path, answers.Answer, body)
        if answer.success:
            return SentReceipt(number, "pending")
        if answer.refused:
            return SentReceipt(number, "failed")
        raise trouble(_asked(path), answer)

    def read_register(self, content: bytes) -> Register:
        return read_register(content)

    def read_webhook(self, credentials: TBankCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        return read_notice(incoming, credentials.terminal_key, credentials.password)

    def _terminal(self, credentials: TBankCredentials) -> Terminal:
        """What was not answered is not called missing."""
        asked = {"TerminalKey": credentials.terminal_key, "PaySource": "API"}
        try:
            reply = self._at(credentials).get("v2/GetTerminalPayMethods", asked)
            found = answers.read(Terminal, reply.data)
        except (NotSent, OutcomeUnknown):
            return Terminal()
        return found if reply.status == 200 and found.ok else Terminal()

    def _must_be_new(self, credentials: TBankCredentials, number: str) -> None:
        """Raises OutcomeUnknown for a number that is known already, NotSent when that cannot be learnt now."""
        try:
            known = self._payments(credentials, number)
        except OutcomeUnknown as problem:
            raise NotSent(f"{problem}; order {number} was not sent") from None
        if known:
            raise OutcomeUnknown(f"order {number} is known to T-Bank already; nothing was sent under it now")

    def _must_be_placed(self, answer: State, number: str, amount: Money) -> None:
        if not answer.ok:
            raise trouble(_asked("v2/Init"), answer)
        same = answer.order_id in ("", number) and answer.amount in (None, amount.minor)
        if not (same and answer.payment_id and answer.outcome is Outcome.REGISTERED):
            raise OutcomeUnknown(f"{_asked('v2/Init')}: answered with another order than {number}")

    def _payments(self, credentials: TBankCredentials, number: str) -> list[State]:
        answer = self._ask(credentials, "v2/CheckOrder", Order, {"OrderId": number})
        if not answer.success and answer.error_code in NO_SUCH_ORDER and not answer.payments:
            return []
        if answer.ok and answer.payments == [] and not answer.order_id:
            return []
        if not answer.ok or answer.payments is None or answer.order_id != number:
            raise trouble(_asked("v2/CheckOrder"), answer)
        return [one.model_copy(update={"order_id": number}) for one in answer.payments]

    def _told(self, credentials: TBankCredentials, order: PlacedOrder, state: State) -> Payment:
        payment = payment_of(state, order.number, order.amount, state.words(credentials.password))
        if _waits_in_vain(order, state):
            return replace(payment, outcome=Outcome.ACTION_REQUIRED, decline_code=CLIENT_WANTED)
        saves = payment.outcome is Outcome.SUCCEEDED and order.saves_card_for and state.source in ("", "cards")
        return replace(payment, stored_card=self._saved_card(credentials, order)) if saves else payment

    def _saved_card(self, credentials: TBankCredentials, order: PlacedOrder) -> StoredCard | None:
        """No answer tells which card has paid, so it is the customer's only one, or a notice has to tell. What goes
        wrong here changes nothing of the payment."""
        customer = order.saves_card_for
        try:
            listed = self._cards(credentials, {"CustomerKey": customer})
        except Trouble as trouble:
            log.warning(
                "order %s: the card that it saved is not known, unless a notice tells: %s", order.number, trouble
            )
            return None
        told = [kept_card(one.rebill_id, one.pan, one.exp_date, customer) for one in listed if one.status == "A"]
        cards = [card for card in told if card]
        if len(cards) == 1:
            return replace(cards[0], from_list=True)
        log.warning(
            "order %s: which of %s cards it saved is not known, unless a notice tells: none of them is kept now",
            *(order.number, len(cards)),
        )
        return None

    def _found(self, credentials: TBankCredentials, number: str, payment_id: str) -> State | None:
        if payment_id:
            return self._state(credentials, payment_id)
        payments = self._payments(credentials, number)
        return answers.chosen(payments, number) if payments else None

    def _state(self, credentials: TBankCredentials, payment_id: str) -> State:
        state = self._ask(credentials, "v2/GetState", State, {"PaymentId": payment_id})
        if not state.status or state.payment_id != payment_id:
            raise trouble(_asked("v2/GetState"), state)
        return state

    def _with_its_error(self, credentials: TBankCredentials, number: str, state: State) -> State:
        """Why a payment was declined may be told in the list of its order only."""
        same = [one for one in self._payments(credentials, number) if one.payment_id == state.payment_id]
        return same[0] if same and same[0].outcome is Outcome.DECLINED else state

    def _paid(self, credentials: TBankCredentials, order: RefundOrder) -> State:
        payment_id = order.payment_id
        if not payment_id:
            payments = self._payments(credentials, order.order_number)
            found = answers.chosen(payments, order.order_number) if payments else None
            if found is None or found.status not in TOOK_MONEY:
                raise OutcomeUnknown(f"refund {order.number}: T-Bank knows no paid order {order.order_number}")
            payment_id = found.payment_id
        state = self._state(credentials, payment_id)
        if state.order_id not in ("", order.order_number):
            raise OutcomeUnknown(f"refund {order.number}: payment {payment_id} is another order's")
        return state

    def _give_back(
        self, credentials: TBankCredentials, order: RefundOrder, payment_id: str, *, again: bool = False
    ) -> Refunded:
        path = "v2/Cancel"
        answer = self._ask(credentials, path, Cancelled, cancel_body(order, payment_id, credentials.ffd_version))
        if not answer.success and answer.error_code in REFUND_REFUSALS:
            why = f"{answer.error_code}: {REFUND_REFUSALS[answer.error_code]}"
            return Refunded(order.number, Outcome.DECLINED, order.amount, reason=why)
        if not answer.ok or answer.order_id not in ("", order.order_number):
            raise trouble(_asked(path), answer)
        if answer.status in GIVING_BACK:
            return Refunded(order.number, Outcome.PENDING, order.amount)
        if answer.status not in GIVEN_BACK | GIVEN_BACK_IN_PART:
            raise OutcomeUnknown(f"refund {order.number}: the payment is {seen(answer.status)} after it")
        if answer.original_amount is not None and answer.new_amount is not None:
            given = answer.original_amount - answer.new_amount
            whole = (order.refunded_before + order.amount).minor
            if given not in (order.amount.minor, whole, *((0,) if again else ())):
                raise OutcomeUnknown(f"refund {order.number}: T-Bank gave back {given} kopecks: look at its cabinet")
        return Refunded(order.number, Outcome.SUCCEEDED, order.amount)

    def _by_card(self, credentials: TBankCredentials, order: RefundOrder, state: State) -> bool:
        """Surely by a card: a refund of anything else may not be asked for twice."""
        if state.source:
            return state.source == "cards"
        lines = self._payments(credentials, order.order_number)
        return any(one.payment_id == state.payment_id and one.rrn and not one.sbp_payment_id for one in lines)

    def _refused_by_sbp(self, credentials: TBankCredentials, order: RefundOrder, payment_id: str) -> Refunded | None:
        """None: the payment is whole and SBP names no refusal, so nothing was asked for."""
        try:
            answer = self._ask(credentials, "v2/GetQrState", QrRefund, {"PaymentId": payment_id})
        except OutcomeUnknown:
            return None
        if answer.ok and answer.qr_cancel_code not in ("", "0"):
            why = f"{seen(answer.qr_cancel_code)}: SBP refused it"
            return Refunded(order.number, Outcome.DECLINED, order.amount, reason=why)
        return None

    def _given_back_by_sbp(self, credentials: TBankCredentials, order: RefundOrder, payment_id: str) -> Refunded:
        answer = self._ask(credentials, "v2/GetQrState", QrRefund, {"PaymentId": payment_id})
        if answer.ok and answer.amount == (order.refunded_before + order.amount).minor:
            return Refunded(order.number, Outcome.SUCCEEDED, order.amount)
        raise OutcomeUnknown(f"refund {order.number}: T-Bank's total does not tell it apart: look at its cabinet")

    def _cards(self, credentials: TBankCredentials, customer: Mapping[str, object]) -> list[Card]:
        """A list when the customer is known, an object with an error when not."""
        path = "v2/GetCardList"
        data = self._data(credentials, path, customer)
        if isinstance(data, list):
            return answers.read(Cards, data).root
        answer = answers.read(answers.Answer, data)
        if not answer.success and answer.error_code in NO_SUCH_CUSTOMER:
            return []
        raise trouble(_asked(path), answer)

    def _ask(self, credentials: TBankCredentials, path: str, shape: type[S], body: Mapping[str, object]) -> S:
        return answers.read(shape, self._data(credentials, path, body))

    def _data(self, credentials: TBankCredentials, path: str, body: Mapping[str, object]) -> object:
        """Raises for an answer that is no 200, whatever it says: OutcomeUnknown, or Misconfigured by its error."""
        fields = {"TerminalKey": credentials.terminal_key, **body}
        reply = self._at(credentials).post(path, {**fields, "Token": token(fields, credentials.password)})
        if reply.status != 200:
            error = answers.read(answers.Answer, reply.data)
            raise trouble(f"{reply.request}: answered {reply.status}", error)
        return reply.data

    def _at(self, credentials: TBankCredentials) -> Http:
        wanted = credentials.test_stand.casefold()
        if wanted not in ("yes", "no"):
            raise Misconfigured("test_stand of T-Bank's credentials is yes or no")
        if credentials.ffd_version not in (FFD_105, FFD_12):
            raise Misconfigured("ffd_version of T-Bank's credentials is 1.05 or 1.2")
        return self.http.at(TEST_STAND) if wanted == "yes" else self.http


def _asked(path: str) -> str:
    return f"T-Bank, {path}"


def _waits_in_vain(order: PlacedOrder, state: State) -> bool:
    """A charge of a saved card that stands so right after `Charge` may go on by itself; when it is asked about, not."""
    return order.unattended and state.status == CLIENT_WANTED


def _only_roubles(number: str, amount: Money) -> None:
    if amount.currency != CURRENCY:
        raise NotSent(f"{number}: T-Bank takes and gives back roubles only, not {amount.currency}")


def _declined(order: SavedCardOrder, payment_id: str, code: str, words: str) -> Payment:
    return Payment(order.number, payment_id, Outcome.DECLINED, order.amount, decline_code=code, decline_text=words)
