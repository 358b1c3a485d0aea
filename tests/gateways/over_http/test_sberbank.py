"""Sberbank from end to end, in each flavour: our billing and gateway against the sandbox's Sberbank, over HTTP."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import select

from billing.forgetting import Forgetting
from calculations.money import Money
from calculations.refusal import Refusal
from gateways import Misconfigured, Outcome, PageOrder, PlacedOrder
from sandbox.acquirers.sberbank.demo import CALLBACK_KEY, CUSTOMER, ECOM_SHOP, FACADE_SHOP, PASSWORD, RBS_SHOP
from sandbox.acquirers.turns import Turn
from storage.model import ReceiptRow
from tests.billing.world import BEGINNING
from tests.gateways.checking import lacking
from tests.gateways.over_http.world import BACK, AcquirerWorld, open_world, visit

FLAVOURS = ("rbs", "ecom", "yookassa")
SHOPS = {"rbs": RBS_SHOP, "ecom": ECOM_SHOP, "yookassa": FACADE_SHOP}
CARD = "fdbbc879-c171-4cff-b636-ceab16fd0f"
TOKENS = {"rbs": f"{CARD}11", "ecom": f"{CARD}21", "yookassa": f"{CARD}31"}
FRICTIONLESS = {"pan": "2202205000012424", "expiry": "12/30", "cvc": "649"}
CHALLENGED = {"pan": "4006800900962514", "expiry": "12/30", "cvc": "941"}
SUBSCRIPTION = f"sbp:{'5' * 32}:100000000111"


def credentials_of(flavour: str) -> dict[str, str]:
    known = {"flavour": flavour, "user_name": SHOPS[flavour], "password": PASSWORD}
    return known | ({} if flavour == "ecom" else {"callback_key": CALLBACK_KEY})


def opened(tmp_path: Path, flavour: str) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    shop, token = SHOPS[flavour], TOKENS[flavour]
    with open_world(url, "sberbank", credentials_of(flavour), shop=shop, token=token) as world:
        yield world


@pytest.fixture(params=FLAVOURS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AcquirerWorld]:
    yield from opened(tmp_path, request.param)


@pytest.fixture(params=["rbs", "ecom"])
def encoding(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AcquirerWorld]:
    """One flavour of each encoding, for tables that the façade would only repeat."""
    yield from opened(tmp_path, request.param)


@pytest.fixture(params=["rbs", "yookassa"])
def form_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AcquirerWorld]:
    yield from opened(tmp_path, request.param)


@pytest.fixture
def ecom(tmp_path: Path) -> Iterator[AcquirerWorld]:
    yield from opened(tmp_path, "ecom")


def test_a_card_is_charged_once_whoever_asks(world: AcquirerWorld) -> None:
    first = world.charge()
    assert (first.status, first.charged_at) == ("succeeded", BEGINNING)
    assert world.again().status == "skipped"
    assert world.money() == [2_500_000]
    assert world.delivered() == [200]
    assert world.sound()


def test_a_client_pays_on_the_page_and_the_card_they_agreed_to_is_charged_later(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    visit(begun.page_url, do="pay", **CHALLENGED)
    paid = visit(begun.page_url, do="confirm", password="111111")
    assert (paid.status, paid.location.partition("?")[0]) == (303, "https://pay.example/back")
    assert world.delivered() == [200]
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.mask, card.expires) == ("400680******2514", "2030-12")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


def test_a_client_who_did_not_agree_leaves_no_card_behind(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id).page_url, do="pay", **FRICTIONLESS)
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []
    assert [card for card in world.bank.cards if card.customer != CUSTOMER] == []


def test_a_refused_try_on_the_page_leaves_it_open_and_the_next_one_pays(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id)
    visit(begun.page_url, do="pay", **(FRICTIONLESS | {"cvc": "000"}))
    assert world.come_back(charge_id).state in ("started", "to_pay")
    assert world.start(charge_id).page_url == begun.page_url
    visit(begun.page_url, do="pay", **FRICTIONLESS)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_a_page_nobody_paid_is_closed_and_another_one_is_opened(world: AcquirerWorld) -> None:
    charge_id = world.link()
    first = world.start(charge_id)
    world.tick(hours=2)
    second = world.start(charge_id)
    assert (second.state, second.page_url == first.page_url) == ("started", False)
    visit(first.page_url, do="pay", **FRICTIONLESS)
    visit(second.page_url, do="pay", **FRICTIONLESS)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("status", [3, 6])
def test_another_way_to_pay_gives_the_first_order_up(world: AcquirerWorld, status: int) -> None:
    world.bank.settings["declined_status"] = status
    charge_id = world.link()
    first = world.start(charge_id)
    shown = world.start(charge_id, "sbp")
    assert shown.qr_payload.startswith(f"{world.address}/acquirers/sberbank/qr/AD")
    visit(first.page_url, do="pay", **FRICTIONLESS)
    assert world.money() == []
    visit(shown.qr_payload, do="pay")
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_a_link_of_sbp_that_is_missing_leaves_the_page(world: AcquirerWorld) -> None:
    world.bank.settings |= {"sbp_payload": False, "facade_sbp": False}
    if world.shop == RBS_SHOP:
        world.plan("qr", Turn(end="nothing"))
    charge_id = world.link()
    shown = world.start(charge_id, "sbp")
    assert (shown.qr_payload, shown.page_url != "") == ("", True)


@pytest.mark.parametrize("after", ["open", "final"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("116", "soft"),
        ("107", "soft"),
        ("-2006", "soft"),
        ("910", "technical"),
        ("41", "hard"),
        ("101", "hard"),
        ("239", "hard"),
        ("-3101", "hard"),
    ],
)
def test_each_decline_is_a_result_with_words(encoding: AcquirerWorld, code: str, kind: str, after: str) -> None:
    encoding.bank.settings["after_refusal"] = after
    encoding.plan("charge", Turn(end="declined", code=code))
    result = encoding.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", code, kind)
    assert (result.next_attempt_date is not None) == (kind != "hard")
    assert result.decline_ru
    assert encoding.money() == []
    assert encoding.bank.orders[-1].state in ("declined", "cancelled")


@pytest.mark.parametrize("kind", ["2", "3", "4"])
def test_cards_that_are_refused_by_themselves(world: AcquirerWorld, kind: str) -> None:
    world.add_card(world_card(world, kind), f"**** 000{kind}")
    result = world.again(saved_card=f"000{kind}")
    assert (result.status, result.decline_code) == ("declined", {"2": "116", "3": "41", "4": "101"}[kind])


def world_card(world: AcquirerWorld, kind: str) -> str:
    flavour = next(flavour for flavour, shop in SHOPS.items() if shop == world.shop)
    return TOKENS[flavour][:-1] + kind


def test_a_soft_decline_is_made_good_by_the_planned_try(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="declined"))
    assert world.charge().status == "declined"
    world.settle()
    assert world.money() == [2_500_000]
    assert len(world.numbers()) == 2
    assert world.sound()


@pytest.mark.parametrize("manner", ["cut_after", "error_500", "html"])
def test_money_that_moved_behind_a_lost_answer_is_found(world: AcquirerWorld, manner: str) -> None:
    world.plan("charge", Turn(answer=manner, notice="never"))  # type: ignore[arg-type]  # each of them
    world.charge()
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_money_that_moved_behind_a_system_error_is_found(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(code="7"))
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("manner", ["cut_before", "cut_after", "error_500", "html", "busy"])
def test_a_registration_that_was_lost_is_made_good(world: AcquirerWorld, manner: str) -> None:
    world.plan("start", Turn(answer=manner))  # type: ignore[arg-type]  # each of them
    world.charge()
    world.settle()
    assert world.charge().status in ("succeeded", "skipped")
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("manner", ["cut_before", "busy"])
def test_a_payment_that_was_never_asked_for_is_made_good(world: AcquirerWorld, manner: str) -> None:
    world.plan("charge", Turn(answer=manner))  # type: ignore[arg-type]  # each of them
    world.charge()
    world.settle()
    assert world.charge().status in ("succeeded", "skipped")
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("manner", ["cut_after", "error_500", "html", "busy"])
def test_a_status_that_was_lost_is_asked_for_again(encoding: AcquirerWorld, manner: str) -> None:
    encoding.plan("fetch", Turn(answer=manner))  # type: ignore[arg-type]  # each of them
    assert encoding.charge().status == "unknown"
    encoding.settle()
    assert encoding.charge().status == "succeeded"
    assert encoding.money() == [2_500_000]


@pytest.mark.parametrize("pending", [0, 6])
@pytest.mark.parametrize(("end", "money"), [("pending_paid", [2_500_000]), ("pending_declined", [])])
def test_an_outcome_the_bank_does_not_know_yet_is_waited_for(
    encoding: AcquirerWorld, end: str, money: list[int], pending: int
) -> None:
    encoding.bank.settings["pending_status"] = pending
    encoding.plan("charge", Turn(end=end, code="41" if not money else "", notice="never"))  # type: ignore[arg-type]  # each
    assert encoding.charge().status == "pending"
    encoding.settle()
    assert encoding.charge().status == ("succeeded" if money else "declined")
    assert encoding.money() == money


@pytest.mark.parametrize("shape", ["form", "method", "creq", "pareq"])
def test_a_bank_that_wants_its_client_is_a_decline_and_nothing_is_taken(encoding: AcquirerWorld, shape: str) -> None:
    encoding.bank.settings["challenge"] = shape
    encoding.plan("charge", Turn(end="needs_client"))
    result = encoding.charge()
    assert (result.status, result.decline_kind) == ("declined", "needs_client")
    encoding.settle()
    assert len(encoding.money()) <= 1
    assert encoding.sound()


def test_a_wrong_amount_stays_for_a_person(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(extra=100))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.attempts()[-1].state == "unknown"
    assert world.money() == [2_500_100]


@pytest.mark.parametrize("error_code", ["text", "number", "absent"])
@pytest.mark.parametrize("currency", ["text", "number", "810"])
def test_types_that_drift_change_nothing(encoding: AcquirerWorld, error_code: str, currency: str) -> None:
    encoding.bank.settings |= {"error_code": error_code, "currency": currency}
    charge_id = encoding.charge().charge_id
    assert encoding.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    assert encoding.money() == [2_500_000, -500_000]
    assert encoding.sound()


@pytest.mark.parametrize("code", ["0", "5", "6", "9"])
def test_an_order_the_bank_does_not_know_proves_that_nothing_was_sent(encoding: AcquirerWorld, code: str) -> None:
    encoding.bank.settings["unknown_order"] = code
    encoding.plan("start", Turn(answer="cut_before"))
    assert encoding.charge().status == "unknown"
    encoding.settle()
    assert encoding.money() == [2_500_000]
    assert [number[-2:] for number in encoding.numbers()] == ["-1"]


def test_a_shop_without_permission_for_auto_payment_is_stopped_with_words(world: AcquirerWorld) -> None:
    world.bank.shops[world.shop]["auto_payment"] = "no"
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "gateway_stopped"
    assert world.money() == []


def test_a_shop_that_is_not_let_in_any_more_is_stopped(world: AcquirerWorld) -> None:
    world.bank.shops[world.shop]["password"] = "changed"
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "gateway_stopped"
    assert PASSWORD not in caught.value.ru + caught.value.en
    assert world.money() == []


@pytest.mark.parametrize("token", ["fdbbc879-c171-4cff-b636-ceab16fd6fce", "no-token-of-theirs"])
def test_a_card_the_bank_does_not_know_is_declined_for_good(world: AcquirerWorld, token: str) -> None:
    world.add_card(token, "**** 1111")
    result = world.again(saved_card="1111")
    assert (result.status, result.decline_kind) == ("declined", "hard")
    assert world.money() == []


def test_a_card_its_client_has_switched_off_is_declined_for_good(world: AcquirerWorld) -> None:
    card = world.bank.card(world.shop, world.token)
    assert card is not None
    card.facts["disabled"] = True
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "errorCode 15", "hard")


@pytest.mark.parametrize("deposited", ["original", "remaining"])
def test_money_is_given_back_in_parts_and_whole(world: AcquirerWorld, deposited: str) -> None:
    world.bank.settings["deposited_after_refund"] = deposited
    charge_id = world.charge().charge_id
    assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -500_000, -2_000_000]
    assert world.sound()


@pytest.mark.parametrize("manner", ["cut_after", "cut_before", "error_500", "html", "busy"])
def test_money_is_given_back_once_through_lost_answers(world: AcquirerWorld, manner: str) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(answer=manner))  # type: ignore[arg-type]  # each of them
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    world.charging.refunds.refund(charge_id)
    assert world.money() in ([2_500_000, -500_000, -2_000_000], [2_500_000, -2_500_000])
    assert world.sound()


@pytest.mark.parametrize("end", ["pending_paid", "pending_declined"])
def test_a_refund_on_its_way_is_waited_for(world: AcquirerWorld, end: str) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(end=end, notice="never"))  # type: ignore[arg-type]  # each of them
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    world.settle()
    assert world.money() == ([2_500_000, -500_000] if end == "pending_paid" else [2_500_000])
    assert world.sound()


def test_a_forgotten_card_is_unbound_at_the_bank(world: AcquirerWorld) -> None:
    known = world.bank.card(world.shop, world.token)
    assert known is not None
    forgetting = Forgetting(world.database, world.vault, world.gateways, world.clock)
    [card] = world.saved_cards("C_5")
    world.plan("forget", Turn(end="nothing"))
    assert "errorCode 7" in (forgetting.forget(world.portal_id, card.id, "the client") or "")
    assert known.active
    assert forgetting.tell_acquirers() == 1
    assert not known.active
    assert forgetting.tell_acquirers() == 0


def test_a_notice_settles_a_pending_charge(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="pending_paid"))
    assert world.charge().status == "pending"
    world.only_notices()
    world.tick(minutes=2)
    assert world.charge().status == "succeeded"
    assert set(world.delivered()) == {200}
    assert world.sound()


def test_a_forged_notice_of_the_form_flavours_is_turned_away(form_world: AcquirerWorld) -> None:
    form_world.plan("charge", Turn(notice="forged"))
    assert form_world.charge().status == "succeeded"
    assert [status == 200 for status in form_world.delivered()] == [False, True]


def test_a_forged_notice_of_ecom_moves_nothing(ecom: AcquirerWorld) -> None:
    ecom.plan("charge", Turn(end="declined", code="41", notice="forged"))
    assert ecom.charge().status == "declined"
    assert ecom.delivered() == [200, 200]
    ecom.settle()
    assert ecom.money() == []
    assert ecom.sound()


@pytest.mark.parametrize("manner", ["twice", "before", "stale"])
def test_notices_out_of_order_change_nothing(world: AcquirerWorld, manner: str) -> None:
    world.plan("charge", Turn(notice=manner))  # type: ignore[arg-type]  # each of them
    assert world.charge().status == "succeeded"
    world.settle()
    assert set(world.delivered()) == {200}
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_bound_account_is_charged_without_its_payer(ecom: AcquirerWorld) -> None:
    ecom.add_card(SUBSCRIPTION, "СБП 0111")
    assert ecom.again(saved_card="0111").status == "succeeded"
    assert ecom.money() == [2_500_000]


def test_a_payer_binds_an_account_with_a_payment_and_it_is_charged_later(ecom: AcquirerWorld) -> None:
    charge_id = ecom.link()
    shown = ecom.start(charge_id, "sbp", agreed=True)
    visit(shown.qr_payload, do="pay")
    assert ecom.come_back(charge_id).state == "paid"
    [account] = ecom.saved_cards()
    assert account.mask
    assert ecom.again(customer="C_9", document="D_9").status == "succeeded"
    assert ecom.money() == [2_500_000, 2_500_000]
    visit(shown.qr_payload, do="unbind")
    result = ecom.again(customer="C_9", document="D_10", key="other")
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "-5031", "hard")


def with_receipts(ecom: AcquirerWorld) -> AcquirerWorld:
    """The terminal makes receipts from here on."""
    company = {"company_email": "shop@example.com", "company_inn": "5027119066", "company_site": "https://shop.example"}
    fiscal = {"tax_system": "osn", "vat": "standard", "email": "shop@example.com"}
    known: dict[str, object] = {**credentials_of("ecom"), **company, "receipts": fiscal}
    ecom.terminals().configure(ecom.portal_id, "sberbank", "main", json.dumps(known))
    return ecom


def receipts(ecom: AcquirerWorld) -> list[tuple[str, str]]:
    with ecom.database.read() as session:
        return [(row.kind, row.state) for row in session.scalars(select(ReceiptRow).order_by(ReceiptRow.id))]


def follow(ecom: AcquirerWorld) -> None:
    ecom.clock.forward(minutes=10)
    ecom.charging.receipts.follow_due()


@pytest.mark.parametrize(("desk", "state"), [("done", "done"), ("failed", "failed"), ("pending", "pending")])
def test_a_receipt_travels_with_its_payment_and_is_followed(ecom: AcquirerWorld, desk: str, state: str) -> None:
    ecom.bank.settings["receipts"] = desk
    assert with_receipts(ecom).charge().status == "succeeded"
    follow(ecom)
    assert receipts(ecom) == [("payment", state)]


def test_a_refund_carries_its_receipt(ecom: AcquirerWorld) -> None:
    charge_id = with_receipts(ecom).charge().charge_id
    assert ecom.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    kept = [(one["operation"], one["type"], one["total"]) for one in ecom.bank.orders[-1].facts["receipts"]]
    assert kept == [("AUTHORIZATION", "sell", 2_500_000), ("REFUND", "sell_refund", 500_000)]


@pytest.mark.parametrize(("told", "state"), [(True, "done"), (False, "pending")])
def test_a_closing_receipt_the_bank_does_not_name_is_not_taken_for_the_payments_own(
    ecom: AcquirerWorld, told: bool, state: str
) -> None:
    ecom.bank.settings["receipt_id_told"] = told
    charge_id = with_receipts(ecom).again(receipt_kind="prepayment").charge_id
    follow(ecom)
    ecom.charging.receipts.close(charge_id)
    follow(ecom)
    assert receipts(ecom) == [("payment", "done"), ("closing", state)]
    assert [one["type"] for one in ecom.bank.orders[-1].facts["receipts"]] == ["sell", "sell"]


def test_a_card_is_checked_and_saved_by_an_order_of_nothing(world: AcquirerWorld) -> None:
    gateway = world.gateways["sberbank"]
    credentials = gateway.credentials.model_validate(json.loads(world.credentials))
    nothing = Money(0, "RUB")
    order = PageOrder("V-1", nothing, "Карта", "card", True, "C_9", BACK, "", world.clock() + timedelta(hours=1))
    begun = gateway.start_payment(credentials, order)
    placed = PlacedOrder("V-1", begun.payment_id, nothing, world.clock())
    before = gateway.fetch_payment(credentials, placed)
    visit(begun.page_url, do="pay", **FRICTIONLESS)
    after = gateway.fetch_payment(credentials, placed)
    assert before is not None
    assert after is not None
    assert (before.outcome, after.outcome, after.amount) == (Outcome.REGISTERED, Outcome.SUCCEEDED, nothing)
    assert after.stored_card is not None
    assert after.stored_card.gateway_customer_id == "C_9"
    assert world.money() == []


@pytest.mark.parametrize("after", ["open", "final"])
def test_a_refusal_by_a_code_nobody_knows_is_a_soft_decline(world: AcquirerWorld, after: str) -> None:
    world.bank.settings["after_refusal"] = after
    world.plan("charge", Turn(end="declined", code="777"))
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "777", "soft")
    world.settle()
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("closed", [0, 6])
@pytest.mark.parametrize("third", ["own", "exhausted"])
def test_after_three_refusals_the_client_gets_another_page(encoding: AcquirerWorld, closed: int, third: str) -> None:
    encoding.bank.settings |= {"closed_status": closed, "third_refusal": third}
    charge_id = encoding.link()
    first = encoding.start(charge_id)
    for _ in range(3):
        visit(first.page_url, do="pay", **(FRICTIONLESS | {"cvc": "000"}))
    standing = encoding.come_back(charge_id)
    assert standing.state == "to_pay"
    second = encoding.start(charge_id)
    assert second.page_url != first.page_url
    visit(second.page_url, do="pay", **FRICTIONLESS)
    assert encoding.come_back(charge_id).state == "paid"
    assert encoding.money() == [2_500_000]


@pytest.mark.parametrize("closed", [0, 6])
def test_a_page_whose_time_ran_out_gives_way_to_another(world: AcquirerWorld, closed: int) -> None:
    world.bank.settings["closed_status"] = closed
    charge_id = world.link()
    first = world.start(charge_id)
    world.tick(minutes=61)
    assert world.come_back(charge_id).state == "to_pay"
    assert world.start(charge_id).page_url != first.page_url


def test_an_order_that_cannot_be_given_up_stays_the_only_one(world: AcquirerWorld) -> None:
    charge_id = world.link()
    first = world.start(charge_id)
    world.plan("void", Turn(end="nothing"))
    assert world.start(charge_id, "sbp").page_url == first.page_url
    visit(first.page_url, do="pay", **FRICTIONLESS)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("manner", ["cut_after", "error_500", "html", "busy", "cut_before"])
def test_a_refusal_whose_order_was_to_be_closed_through_a_lost_answer(world: AcquirerWorld, manner: str) -> None:
    world.plan("charge", Turn(end="declined", code="41"))
    world.plan("void", Turn(answer=manner))  # type: ignore[arg-type]  # each of them
    world.charge()
    world.settle()
    result = world.again()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "41", "hard")
    assert world.money() == []
    assert len(world.numbers()) == 1


@pytest.mark.parametrize("code", ["", "5", "125"])
def test_a_refund_the_bank_refuses_is_no_refund(world: AcquirerWorld, code: str) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(end="declined", code=code))
    state = world.charging.refunds.refund(charge_id, 500_000).state
    assert state == ("declined" if not code or (code == "125" and world.shop == ECOM_SHOP) else "unknown")
    world.settle()
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_notices_signed_with_the_banks_own_key_are_verified_and_forged_ones_turned_away(
    form_world: AcquirerWorld, hash_name: str, method: str
) -> None:
    key = generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    form_world.bank.shops[form_world.shop] |= {
        "callback_key": "",
        "callback_private_key": private,
        "callback_hash": hash_name,
        "callback_method": method,
    }
    known = json.loads(form_world.credentials) | {"callback_key": "", "callback_public_key": public}
    known["callback_hash"] = hash_name
    form_world.terminals().configure(form_world.portal_id, "sberbank", "main", json.dumps(known))
    form_world.plan("charge", Turn(end="pending_paid"), Turn(notice="forged"))
    assert form_world.charge().status == "pending"
    form_world.only_notices()
    form_world.tick(minutes=2)
    assert form_world.charge().status == "succeeded"
    assert form_world.delivered() == [200]
    form_world.again(key="other", document="D_6")
    assert [status == 200 for status in form_world.delivered()] == [True, False, True]


@pytest.mark.parametrize("code", ["0", "5", "6", "9"])
def test_credentials_are_checked_without_an_order(encoding: AcquirerWorld, code: str) -> None:
    encoding.bank.settings["unknown_order"] = code
    gateway = encoding.gateways["sberbank"]
    credentials = gateway.credentials.model_validate(json.loads(encoding.credentials))
    assert lacking(gateway.check(credentials)) == []
    with pytest.raises(Misconfigured):
        gateway.check(credentials.model_copy(update={"password": "wrong"}))
    assert encoding.numbers() == []


def test_a_check_tells_a_shop_whose_bank_allows_it_neither_bindings_nor_sbp(world: AcquirerWorld) -> None:
    world.bank.settings |= {"facade_bindings": False, "facade_sbp": False}
    gateway = world.gateways["sberbank"]
    lacks = lacking(gateway.check(gateway.credentials.model_validate(json.loads(world.credentials))))
    subjects = [word for one in lacks for word in ("bindings", "SBP") if word in one]
    assert subjects == (["bindings", "SBP"] if world.shop == SHOPS["yookassa"] else [])
    assert world.numbers() == []


@pytest.mark.parametrize("email", ["", "client@example.com", "клиент@пример.рф", f"{'c' * 130}@example.com"])
@pytest.mark.parametrize("description", ["Счёт № 5 на 100% «ок» 😀\nстрока", "", "d" * 600])
def test_what_people_write_is_never_a_reason_to_refuse_a_payment(
    encoding: AcquirerWorld, description: str, email: str
) -> None:
    result = encoding.charge(encoding.new_order(description=description, receipt_email=email))
    assert result.status == "succeeded"


@pytest.mark.parametrize("code", ["5", "7"])
def test_a_status_that_says_nothing_is_asked_for_again(world: AcquirerWorld, code: str) -> None:
    world.plan("fetch", Turn(end="nothing", code=code))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


def test_a_hard_refusal_is_not_forgotten_while_the_order_stays_open_until_its_time_runs_out(
    world: AcquirerWorld,
) -> None:
    world.plan("charge", Turn("declined", code="41"))
    world.plan("void", *[Turn("declined")] * 30)  # a bank that closes no order which was tried to be paid
    assert world.charge().status == "pending"
    for _ in range(30):
        world.tick(minutes=3)
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "41", "hard")
    assert (len(world.attempts()), world.money()) == (1, [])


def test_an_order_whose_time_ran_out_while_nobody_asked_is_tried_again_no_sooner_than_after_a_refusal(
    world: AcquirerWorld,
) -> None:
    world.plan("charge", Turn("declined", code="41", answer="cut_after"))
    assert world.charge().status == "unknown"
    world.tick(minutes=25)
    for _ in range(20):
        world.tick(minutes=3)
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "-2007", "soft")
    assert result.next_attempt_date is not None
    assert (len(world.attempts()), world.money()) == (1, [])
