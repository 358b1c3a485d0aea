"""What each acquirer's codes, statuses and HTTP answers lead to, read off the verb that charges a saved card.

The tables follow the acquirers' own descriptions, not our tables: a code that is moved there has to be moved here too.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import responses

from gateways import DECLINES, AnyGateway, Http, Misconfigured, NotSent, Outcome, OutcomeUnknown, Payment
from gateways.yookassa import YooKassa
from tests.gateways import cloudpayments_replies as cloud
from tests.gateways import sberbank_replies as sber
from tests.gateways import tbank_replies as tbank
from tests.gateways import yookassa_replies as yoo

OUTCOMES = {
    Outcome.SUCCEEDED: "paid",
    Outcome.PENDING: "ask",
    Outcome.REGISTERED: "ask",
    Outcome.CANCELLED: "closed",
    Outcome.ACTION_REQUIRED: "needs_client",
}


def follows(gateway: AnyGateway, charge: Callable[[], Payment]) -> str:
    """What we do after it: a policy of declines, or ask, config (a person), not sent (send again), closed, paid."""
    try:
        payment = charge()
    except Misconfigured:
        return "config"
    except NotSent:
        return "not sent"
    except OutcomeUnknown:
        return "ask"
    if payment.outcome is Outcome.DECLINED:
        return DECLINES[gateway.reason_of(payment.decline_code)].kind
    return OUTCOMES[payment.outcome]


def rows(table: Mapping[str, str]) -> list[tuple[str, str]]:
    found = [(code, kind) for kind, codes in table.items() for code in codes.split()]
    assert len({code for code, _ in found}) == len(found)
    return found


@pytest.fixture(params=sber.FLAVOURS)
def bank(request: pytest.FixtureRequest) -> Iterator[sber.Bank]:
    with sber.bank_of(request.param) as bank:
        yield bank


def charge_at_sberbank(bank: sber.Bank) -> str:
    return follows(
        bank.gateway, lambda: bank.gateway.charge_saved_card(bank.credentials, sber.ORDER, lambda _number: None)
    )


SBERBANK_ACTIONS = {
    "ask": "-99 1019 94 1001 1014 2007",
    "technical": "31 103 96 909 910 1018 -2018 904 913 15 76 914",
    "once": "104 62 75 106",  # one more try at most
    "soft": "116 12 61 65 5 81 107 120 902 1"
    " -2005 -2006 -2010 -2011 -2015 -2016 -2017 -2019 -2020 999 -2013 4242 -4242",
    "hard": "7 41 43 14 111 125 53 101 93 239 -3100 -3101 -5031",
    "config": "13 109 110 258 1004 2002 2003 2004 2005 2014 2016",
    "closed": "-100 -2007",
}


@pytest.mark.parametrize(("code", "kind"), rows(SBERBANK_ACTIONS))
def test_sberbanks_action_codes_of_a_declined_order(bank: sber.Bank, code: str, kind: str) -> None:
    bank.answers(sber.REGISTER, sber.REGISTERED)
    bank.answers(sber.PAY, sber.PAID_WELL)
    bank.answers(sber.STATUS, sber.status(6, int(code), "Операция отклонена"))
    assert charge_at_sberbank(bank) == kind


SBERBANK_STATUSES: list[tuple[int, int | None, str]] = [
    (0, -100, "ask"),
    (0, 0, "ask"),
    (0, -99, "ask"),
    (0, -2007, "closed"),
    (0, -2013, "soft"),
    (1, 0, "ask"),
    (2, 0, "paid"),
    (3, 400, "closed"),
    (4, 0, "paid"),
    (5, 0, "needs_client"),
    (6, None, "soft"),
    (7, 0, "ask"),
    (99, 116, "ask"),
]


@pytest.mark.parametrize(("status", "code", "kind"), SBERBANK_STATUSES)
def test_sberbanks_statuses(bank: sber.Bank, status: int, code: int | None, kind: str) -> None:
    bank.answers(sber.REGISTER, sber.REGISTERED)
    bank.answers(sber.PAY, sber.PAID_WELL)
    bank.answers(sber.STATUS, sber.status(status, code))
    assert charge_at_sberbank(bank) == kind


SBERBANK_PLACING: list[tuple[int, str, str]] = [
    (1, "Заказ с таким номером уже обработан", "ask"),
    (3, "Не найдена валюта с кодом: 1", "hard"),
    (4, "В запросе не передан обязательный параметр или передан некорректный обязательный параметр", "hard"),
    (8, "Сумма товарных позиций в Корзине не совпадает с общей суммой заказа", "hard"),
    (9, "Ошибка валидации данных", "hard"),
    (5, "Неверная сумма", "hard"),
    (5, "Доступ запрещен", "config"),
    (5, "Access denied", "config"),
    (5, "Мерчант не найден в системе", "config"),
    (5, "Терминал не найден в системе", "config"),
    (5, "Ошибка при выполнении запроса", "ask"),
    (6, "Неверный номер заказа", "ask"),
    (7, "Системная ошибка", "ask"),
    (7, "System error", "ask"),
    (14, "Features указаны некорректно", "config"),
    (77, "", "ask"),
]


@pytest.mark.parametrize(("code", "text", "kind"), SBERBANK_PLACING)
def test_sberbanks_errors_of_placing_an_order(bank: sber.Bank, code: int, text: str, kind: str) -> None:
    bank.answers(sber.REGISTER, sber.error(code, text))
    assert charge_at_sberbank(bank) == kind


SBERBANK_PAYING: list[tuple[int, str, str]] = [
    (1, "Заказ не может быть оплачен данной связкой", "hard"),
    (1, "Связка не найдена", "hard"),
    (1, "Заказ с таким номером уже обработан", "ask"),
    (2, "Связка неактивна", "hard"),
    (2, "Связка отключена", "hard"),
    (15, "Связка деактивирована клиентом", "hard"),
    (15, "Связка отключена клиентом", "hard"),
    (15, "The binding is forbidden by its client", "hard"),
    (5, "Доступ запрещен", "config"),
    (5, "Операция запрещена", "config"),
    (5, "Невозможно оплатить заказ - заблокирован другим действием", "ask"),
    (5, "Заказ не найден", "ask"),
    (5, "Превышено допустимое количество попыток оплаты", "ask"),
    (7, "Системная ошибка", "ask"),
    (14, "Features указаны некорректно", "config"),
    (77, "", "ask"),
]


@pytest.mark.parametrize(("code", "text", "kind"), SBERBANK_PAYING)
def test_sberbanks_errors_of_paying_an_order_that_has_not_moved(
    bank: sber.Bank, code: int, text: str, kind: str
) -> None:
    bank.answers(sber.REGISTER, sber.REGISTERED)
    bank.answers(sber.PAY, sber.error(code, text))
    bank.answers(sber.STATUS, sber.status(0, -100))
    assert charge_at_sberbank(bank) == kind


@pytest.mark.parametrize(
    ("status", "kind"), [(301, "ask"), (404, "ask"), (405, "ask"), (429, "not sent"), (500, "ask"), (503, "ask")]
)
def test_sberbanks_answers_without_a_word(bank: sber.Bank, status: int, kind: str) -> None:
    bank.answers(sber.REGISTER, status)
    assert charge_at_sberbank(bank) == kind


YOOKASSA_REASONS = {
    "hard": "permission_revoked card_expired invalid_card_number payment_method_restricted fraud_suspected"
    " country_forbidden unsupported_mobile_operator",
    "soft": "insufficient_funds payment_method_limit_exceeded general_decline call_issuer identification_required"
    " 3d_secure_failed a_reason_of_tomorrow",
    "technical": "issuer_unavailable internal_timeout",
    "needs_client": "invalid_csc",
    "closed": "expired_on_confirmation expired_on_capture canceled_by_merchant deal_expired",
}
YOOKASSA_HTTP: list[tuple[int, Any, str]] = [
    (400, yoo.error("invalid_request", "amount"), "hard"),
    (404, yoo.error("not_found"), "hard"),
    (405, yoo.error("invalid_request"), "hard"),
    (415, yoo.error("invalid_request"), "hard"),
    (401, yoo.error("invalid_credentials"), "config"),
    (403, yoo.error("forbidden", description="This store can't make recurring payments"), "config"),
    (429, yoo.error("too_many_requests"), "not sent"),
    (500, yoo.error("internal_server_error"), "ask"),
    (503, None, "ask"),
    (202, {"type": "processing", "description": "Request accepted", "retry_after": 1800}, "ask"),
    (202, yoo.payment(), "ask"),
    (201, yoo.payment(), "ask"),
    (302, None, "ask"),
    (400, {}, "ask"),
    (418, yoo.error("invalid_request"), "ask"),
]


def charge_at_yookassa(answer: Any, status: int = 200) -> str:
    gateway = YooKassa(Http(yoo.ROOT, lambda: 0.0))
    with responses.RequestsMock() as mock:
        mock.get(yoo.PAYMENTS, json=yoo.listed())
        mock.post(yoo.PAYMENTS, json=answer, status=status)
        return follows(gateway, lambda: gateway.charge_saved_card(yoo.CREDENTIALS, yoo.CHARGE, lambda _number: None))


@pytest.mark.parametrize(("reason", "kind"), rows(YOOKASSA_REASONS))
def test_yookassas_reasons_of_a_cancellation(reason: str, kind: str) -> None:
    assert charge_at_yookassa(yoo.canceled(reason)) == kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [("succeeded", "paid"), ("pending", "ask"), ("waiting_for_capture", "ask"), ("a_status_of_tomorrow", "ask")],
)
def test_yookassas_statuses(status: str, kind: str) -> None:
    assert charge_at_yookassa(yoo.payment(status=status)) == kind


@pytest.mark.parametrize(("status", "answer", "kind"), YOOKASSA_HTTP)
def test_yookassas_answers_by_http(status: int, answer: Any, kind: str) -> None:
    assert charge_at_yookassa(answer, status) == kind


TBANK_REFUSALS = {
    "hard": "252 1033 1054 1080 1014 1015 1041 1004 1007 1043 1059 1063 1093 1094 1039 1053 600 107 3012 3013 3014 3015"
    " 76 77",
    "soft": "103 116 1051 1013 1019 1061 1065 1075 403 405 1005 1006 1008 1012 1057 1058 1062 1082 1088 1092 99 1030"
    " 1034",
}
TBANK_SHOP_LIMITS = {"soft": "1201 1202 1203 1204 1205"}  # it does not stop its terminal: the next payment may fit
TBANK_TOO_OFTEN = {"technical": "3042", "soft": "3041"}  # within an hour, within a day
TBANK_TEMPORARY = "1091 3 402 1089 1096 9001 9999 1017"
TBANK_ASK = "1018 102 104 4 8 3037 3040 77777"
TBANK_CONFIG = "10 191 204 205 501 648 1099 1126 2"
TBANK_STATUSES = {
    "ask": "NEW FORM_SHOWED FORMSHOWED AUTHORIZING 3DS_CHECKING 3DS_CHECKED PAY_CHECKING AUTHORIZED CONFIRMING"
    " REVERSING PARTIAL_REVERSED REFUNDING ASYNC_REFUNDING REFUNDED A_STATUS_OF_TOMORROW",
    "paid": "CONFIRMED PARTIAL_REFUNDED",
    "closed": "CANCELED REVERSED DEADLINE_EXPIRED ATTEMPTS_EXPIRED",
    "soft": "REJECTED AUTH_FAIL",
}


def charge_at_tbank(answer: Any, status: int = 200) -> str:
    with tbank.acquirer() as (heard, gateway):
        heard.answers("v2/CheckOrder", tbank.NO_ORDER).answers("v2/Init", tbank.placed())
        heard.answers("v2/Charge", answer, status)
        return follows(gateway, lambda: gateway.charge_saved_card(tbank.CREDENTIALS, tbank.CHARGE, tbank.nothing))


def rejected(code: str) -> dict[str, Any]:
    return tbank.state(Success=False, Status="REJECTED", ErrorCode=code, Message="Отказ")


@pytest.mark.parametrize(("code", "kind"), [*rows(TBANK_REFUSALS), *rows(TBANK_SHOP_LIMITS), *rows(TBANK_TOO_OFTEN)])
def test_tbanks_refusals_with_a_final_status_and_without(code: str, kind: str) -> None:
    assert charge_at_tbank(rejected(code)) == kind
    assert charge_at_tbank(tbank.error(code)) == kind


@pytest.mark.parametrize("code", TBANK_TEMPORARY.split())
def test_tbanks_faults_are_tried_again_once_the_payment_is_rejected_and_asked_about_before(code: str) -> None:
    assert charge_at_tbank(rejected(code)) == "technical"
    assert charge_at_tbank(tbank.error(code)) == "ask"


@pytest.mark.parametrize("code", TBANK_ASK.split())
def test_tbanks_codes_that_are_no_word_on_the_money(code: str) -> None:
    assert charge_at_tbank(tbank.error(code)) == "ask"
    assert charge_at_tbank(tbank.error(code, Status="AUTHORIZING", PaymentId=tbank.PAYMENT_ID)) == "ask"


@pytest.mark.parametrize("code", TBANK_CONFIG.split())
def test_tbanks_codes_for_a_person(code: str) -> None:
    assert charge_at_tbank(tbank.error(code)) == "config"
    assert charge_at_tbank(tbank.error(code), status=401) == "config"


@pytest.mark.parametrize(("status", "kind"), rows(TBANK_STATUSES))
def test_tbanks_statuses(status: str, kind: str) -> None:
    assert charge_at_tbank(tbank.state(Status=status)) == kind


@pytest.mark.parametrize(
    ("status", "kind"), [(302, "ask"), (404, "ask"), (429, "not sent"), (500, "ask"), (502, "ask")]
)
def test_tbanks_answers_without_a_word(status: int, kind: str) -> None:
    assert charge_at_tbank({}, status) == kind


# after two a day of 5030 and 5096 CloudPayments blocks the card; 5204 and 5300 are no word on the card
CLOUDPAYMENTS_CODES = {
    "hard": "5004 5007 5041 5043 5054 5014 5034 5059 5057 5058",
    "soft": "5051 5001 5005 5061 5065 5013 5030 5096 5204 5300 5206 5207 5209 5999",
    "technical": "5031 5091 5092 5006",
}
CLOUDPAYMENTS_STATUSES = {
    "paid": "Completed",
    "ask": "AwaitingAuthentication Authorized AStatusOfTomorrow",
    "closed": "Cancelled",
}


def charge_at_cloudpayments(answer: Any, status: int = 200) -> str:
    gateway = cloud.gateway()
    with responses.RequestsMock() as mock:
        mock.post(cloud.FIND, json=cloud.NOT_FOUND)
        mock.post(cloud.CHARGE_URL, json=answer, status=status)
        return follows(
            gateway, lambda: gateway.charge_saved_card(cloud.CREDENTIALS, cloud.CHARGE, lambda _number: None)
        )


@pytest.mark.parametrize(("code", "kind"), rows(CLOUDPAYMENTS_CODES))
def test_cloudpayments_codes(code: str, kind: str) -> None:
    assert charge_at_cloudpayments(cloud.declined(int(code), "SomeReason")) == kind


@pytest.mark.parametrize(("status", "kind"), rows(CLOUDPAYMENTS_STATUSES))
def test_cloudpayments_statuses(status: str, kind: str) -> None:
    assert charge_at_cloudpayments(cloud.paid(Status=status)) == kind


def test_cloudpayments_asks_for_3_d_secure() -> None:
    model = {"TransactionId": 504, "PaReq": "eJxVUdtu", "AcsUrl": "https://acs.example/"}
    assert charge_at_cloudpayments(cloud.answer(model, success=False)) == "needs_client"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, "ask"), (401, "config"), (404, "ask"), (429, "not sent"), (500, "ask"), (503, "ask")],
)
def test_cloudpayments_answers_without_a_word(status: int, kind: str) -> None:
    assert charge_at_cloudpayments({}, status) == kind
