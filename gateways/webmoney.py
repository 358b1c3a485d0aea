"""WebMoney's merchant service: a form behind a ticket (X22), paid from a purse, asked about by X18.

Rouble purses are closed since 2022-02-11; others go on. Trust (X21, X2) moves money of purses and is no saved card.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field

from calculations.money import Money
from gateways._declines import Reason
from gateways._errors import Misconfigured, NotSent, OutcomeUnknown
from gateways._gateway import Capability, Credentials, Gateway
from gateways._notice import Awaited, Incoming, Notice
from gateways._orders import Outcome, PageOrder, Payment, PlacedOrder, Started
from gateways._webmoney_notices import ORDER, form_signature, read_notice
from gateways._webmoney_numbers import payment_numbers
from gateways._webmoney_purses import CURRENCIES, ROUBLE_LETTERS, WMID, currency_of, money_of
from gateways._webmoney_xml import (
    FOUND,
    NOT_FOUND,
    NOT_PAID_YET,
    REJECTED,
    Shop,
    Word,
    description,
    look_up,
    ticket,
)
from schemas.declaration import Words

PAGE = "lmi/payment.asp?gid="
VALID_HOURS = 1  # a page is handed out for an hour
AS_A_LINK = "2"  # how the service leads back: by GET or POST it would drop the address's own query
LONGEST_DESCRIPTION = 255
NOBODYS_ORDER = "connection-check"


class WebMoneyCredentials(Credentials):
    purse: str = Field(min_length=1, title="Кошелёк / Purse", description="Буква и 12 цифр: Z123456789012")
    wmid: str = Field(min_length=1, title="WMID", description="12 цифр: владелец кошелька")
    secret_key: str = Field(
        min_length=1, repr=False, title="Secret Key", description="Настройки кошелька в merchant.webmoney.com"
    )
    x20_secret: str = Field(
        default="",
        repr=False,
        title="Secret Key X20",
        description="Там же; им подписывается форма, если сервис проверяет её подпись",
    )

    @property
    def account(self) -> str:
        return self.purse

    @property
    def shop(self) -> Shop:
        return Shop(self.wmid, self.purse, self.secret_key)


class WebMoney(Gateway[WebMoneyCredentials]):
    code: ClassVar[str] = "webmoney"
    title: ClassVar[Words] = Words("Вебмани (WebMoney)", "WebMoney")
    closed: ClassVar[Words | None] = Words(
        "Рублёвые кошельки WebMoney закрыты 11.02.2022: рублей система не принимает, остались другие валюты.",
        "WebMoney closed its rouble purses on 2022-02-11: it takes no roubles, other units are left.",
    )
    address: ClassVar[str] = "https://merchant.webmoney.ru/"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.START_PAYMENT, Capability.VOID, Capability.READ_WEBHOOK}
    )
    currencies: ClassVar[frozenset[str] | None] = frozenset(CURRENCIES.values())  # each purse one of them
    page_words: ClassVar[Words] = Words("Оплатить через WebMoney", "Pay by WebMoney")
    declines: ClassVar[Mapping[str, Reason]] = MappingProxyType({REJECTED: Reason.CLIENT_DID_NOT_PAY})
    credentials = WebMoneyCredentials

    def check(self, credentials: WebMoneyCredentials) -> list[Words]:
        currency_of(credentials.purse)
        if not WMID.fullmatch(credentials.wmid):
            raise Misconfigured("wmid of WebMoney's credentials is twelve digits")
        look_up(self.http, credentials.shop, payment_numbers(NOBODYS_ORDER)[0])
        if credentials.purse[0] in ROUBLE_LETTERS:
            return [Words("рублёвые кошельки закрыты с 11.02.2022", "rouble purses are closed since 2022-02-11")]
        return []

    def start_payment(self, credentials: WebMoneyCredentials, order: PageOrder) -> Started:
        if order.receipt is not None:
            raise Misconfigured("no receipts are made through WebMoney: configure it without `receipts`")
        if order.amount.currency != currency_of(credentials.purse):
            raise NotSent(f"order {order.number}: purse {credentials.purse} does not take {order.amount.currency}")
        number = self._free_number(credentials, order.number)
        form = _form(credentials, order, number)
        token = ticket(self.http, credentials.shop, number, VALID_HOURS, form)
        return Started(str(number), page_url=f"{self.http.address}{PAGE}{token}")

    def fetch_payment(self, credentials: WebMoneyCredentials, order: PlacedOrder) -> Payment | None:
        """A form is known to X18 only when its client has begun to pay it; a ticket of ours says that it is there."""
        if order.payment_id:
            return self._of_number(credentials, order, int(order.payment_id))
        for number in payment_numbers(order.number):
            word = look_up(self.http, credentials.shop, number)
            if word.retval in NOT_FOUND:
                return None
            if word.retval == NOT_PAID_YET or _is_of(word, order.number):
                return _payment(word, order, number, credentials.purse)
        return None

    def void(self, credentials: WebMoneyCredentials, order: PlacedOrder) -> Payment:
        """A form that nobody has begun to pay is closed by us: the question before a payment is answered NO then."""
        found = self.fetch_payment(credentials, order)
        if found is None or found.outcome is Outcome.REGISTERED:
            return Payment(order.number, order.payment_id, Outcome.CANCELLED, order.amount)
        return found

    def read_webhook(self, credentials: WebMoneyCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        return read_notice(incoming, credentials.purse, credentials.secret_key, awaited)

    def _free_number(self, credentials: WebMoneyCredentials, order: str) -> int:
        """Raises OutcomeUnknown when this order was placed before, NotSent when that cannot be learnt now."""
        for number in payment_numbers(order):
            try:
                word = look_up(self.http, credentials.shop, number)
            except OutcomeUnknown as problem:
                raise NotSent(f"{problem}; order {order} was not placed") from None
            if word.retval in NOT_FOUND:
                return number
            if word.retval == NOT_PAID_YET or _is_of(word, order):
                raise OutcomeUnknown(f"order {order} may be at WebMoney already, as {number}; nothing was placed now")
        raise NotSent(f"order {order}: every number for it is another order's at WebMoney; nothing was placed")

    def _of_number(self, credentials: WebMoneyCredentials, order: PlacedOrder, number: int) -> Payment:
        word = look_up(self.http, credentials.shop, number)
        if word.retval == FOUND and not _is_of(word, order.number):
            raise OutcomeUnknown(
                f"order {order.number}: WebMoney's {number} was paid as another order: look at it there"
            )
        return _payment(word, order, number, credentials.purse)


def _form(credentials: WebMoneyCredentials, order: PageOrder, number: int) -> dict[str, str]:
    """The description begins with our number: X18 tells it, and by it whose payment that is."""
    form = {
        "lmi_payee_purse": credentials.purse,
        "lmi_payment_amount": order.amount.text,
        "lmi_payment_no": str(number),
        "lmi_payment_desc_base64": description(f"{order.number} {order.description}"[:LONGEST_DESCRIPTION]),
        "lmi_success_url": order.return_url,
        "lmi_success_method": AS_A_LINK,
        "lmi_fail_url": order.return_url,
        "lmi_fail_method": AS_A_LINK,
        ORDER: order.number,
    }
    if order.notice_url:
        form["lmi_result_url"] = order.notice_url
    if credentials.x20_secret:
        signature = form_signature(credentials.purse, order.amount.text, number, credentials.x20_secret)
        form["lmi_paymentform_sign"] = signature
    return form


def _is_of(word: Word, order: str) -> bool:
    return word.purpose.split(" ", 1)[0] == order


def _payment(word: Word, order: PlacedOrder, number: int, purse: str) -> Payment:
    outcome = Outcome.REGISTERED
    if word.retval == FOUND:
        outcome = Outcome.PENDING if word.held else Outcome.SUCCEEDED
    elif word.retval == NOT_PAID_YET:
        outcome = Outcome.PENDING
    elif word.retval == REJECTED:
        outcome = Outcome.DECLINED
    declined = outcome is Outcome.DECLINED
    return Payment(
        order_number=order.number,
        payment_id=str(number),
        outcome=outcome,
        amount=_paid(word, order, purse) if word.retval == FOUND else order.amount,
        paid_at=word.at,
        decline_code=REJECTED if declined else "",
        decline_text="the client rejected the invoice" if declined else "",
    )


def _paid(word: Word, order: PlacedOrder, purse: str) -> Money:
    amount = money_of(word.amount, purse)
    if amount is None:
        raise OutcomeUnknown(f"order {order.number}: WebMoney answered with a sum that is none")
    return amount
