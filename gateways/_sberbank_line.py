"""The line to Sberbank for one shop: encodes a request as its flavour wants it and reads the order's status."""

from collections.abc import Mapping
from typing import TypeVar

from calculations.money import Money
from gateways._errors import Misconfigured, OutcomeUnknown
from gateways._http import Http, Reply
from gateways._sberbank_answers import Answer, Registered, Status, read
from gateways._sberbank_codes import (
    DUPLICATE_ORDER,
    UNKNOWN_CURRENCY,
    is_about_the_request,
    is_about_the_shop,
    leaves_out_order,
    says_no_such_order,
)
from gateways._sberbank_credentials import ECOM_PATH, ECOM_RECEIPTS_PATH, FORM_PATH, SberbankCredentials
from gateways._sberbank_orders import CURRENCY_CODES, form_value

S = TypeVar("S", bound=Answer)


class NotAccepted(Exception):
    """No order was placed: the bank did not accept what it was to be made of."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errorCode {code}")
        self.decline_code = f"errorCode {code}"


class Line:
    """`token` of the saved card that is spoken of, so that no words of the bank repeat it to anybody."""

    def __init__(self, http: Http, credentials: SberbankCredentials, token: str = "") -> None:
        self._http = http.at(credentials.base)
        self._secrets = (credentials.password, token)
        self._login = {"userName": credentials.user_name, "password": credentials.password}
        self._is_ecom = credentials.is_ecom

    @property
    def address(self) -> str:
        return self._http.address

    def register(self, number: str, amount: Money, fields: Mapping[str, object]) -> Registered:
        """Place an order. Raises NotAccepted, and OutcomeUnknown for a number that the bank knows already."""
        currency = CURRENCY_CODES.get(amount.currency)
        if currency is None:
            raise NotAccepted(UNKNOWN_CURRENCY)
        sent = {"orderNumber": number, "amount": amount.minor, "currency": currency, **fields}
        answer = self.ask("register.do", sent, Registered, key=number)
        if answer.order_id and not answer.error_code:
            return answer
        if answer.error_code == DUPLICATE_ORDER:
            raise OutcomeUnknown(f"order {number}: the acquirer knows this number already")
        if answer.error_code and is_about_the_request(answer.error_code, answer.error_text):
            raise NotAccepted(answer.error_code)
        raise OutcomeUnknown(f"order {number}: register.do answered errorCode {answer.error_code}")

    def status(self, number: str, payment_id: str) -> Status | None:
        """None only for the bank's own "no such order"; of an order whose bank's number we heard it has to be said
        outright, by a code that means nothing else or in words."""
        key = order_key(number, payment_id)
        status = self.answer("getOrderStatusExtended.do", key, Status)
        if status.order_status is not None:
            return status.without_words_of(*self._secrets)
        if is_about_the_shop(status.error_code, status.error_text):
            raise shop_refused("getOrderStatusExtended.do", status.error_code)
        if says_no_such_order(status.error_code, status.error_text):
            return None
        if not (payment_id or status.order_number) and leaves_out_order(status.error_code, status.error_text):
            return None
        raise OutcomeUnknown(f"order {number}: its status was answered with errorCode {status.error_code}")

    def known_status(self, number: str, payment_id: str) -> Status:
        status = self.status(number, payment_id)
        if status is None:
            raise OutcomeUnknown(f"the acquirer knows no order {number}")
        return status

    def ask(self, path: str, fields: Mapping[str, object], shape: type[S], key: str = "") -> S:
        """Raises Misconfigured when the bank refused the shop itself before it looked at anything else."""
        answer = self.answer(path, fields, shape, key)
        if is_about_the_shop(answer.error_code, answer.error_text):
            raise shop_refused(path, answer.error_code)
        return answer

    def answer(self, path: str, fields: Mapping[str, object], shape: type[S], key: str = "") -> S:
        reply = self._post(path, fields, key) if self._is_ecom else self._post_form(path, fields)
        if reply.status != 200:
            raise OutcomeUnknown(f"{reply.request}: answered {reply.status}")
        return read(shape, reply)

    def ask_receipts(self, path: str, fields: Mapping[str, object]) -> Reply:
        """A request to the cash registers of ECOM; there the status of HTTP means something."""
        return self._http.post(ECOM_RECEIPTS_PATH + path, {**self._login, **fields})

    def _post(self, path: str, fields: Mapping[str, object], key: str) -> Reply:
        headers = {"x-idempotencyKey": key} if key else {}  # announced by the bank, not relied on
        return self._http.post(ECOM_PATH + path, {**self._login, **fields}, headers=headers)

    def _post_form(self, path: str, fields: Mapping[str, object]) -> Reply:
        sent = {**self._login, **fields}
        return self._http.post_form(FORM_PATH + path, {name: form_value(value) for name, value in sent.items()})


def order_key(number: str, payment_id: str) -> dict[str, object]:
    return {"orderId": payment_id} if payment_id else {"orderNumber": number}


def shop_refused(request: str, code: int | None) -> Misconfigured:
    return Misconfigured(
        f"Sberbank refused {request} with errorCode {code}: it does not let this shop in or forbids it the operation. "
        f"Check login, password, flavour and address; ask the bank for bindings and AUTO_PAYMENT"
    )
