"""Sberbank's sandbox: notices in each flavour, their checksums against vectors of others, and how they travel."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import notices
from sandbox.acquirers.sberbank.checksums import by_key_pair, by_shared_key, signed_text
from sandbox.acquirers.sberbank.demo import CALLBACK_KEY, CUSTOMER
from tests.sandbox.acquirers.sberbank_shop import Shop, open_shop
from tests.sandbox.served import served

# How RFC 8017 (9.2, note 1) writes the name of a hash in front of it.
DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


class Door:
    """The shop's own address: keeps what arrived, answers what it is told to."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = ""

    def answer(self, request: Request) -> Response:
        query = dict(parse_qsl(request.query_string.decode(), keep_blank_values=True))
        self.letters.append((request.method, query, request.get_data()))
        return Response("", status=self.answers.pop(0) if self.answers else 200)

    def forms(self) -> list[dict[str, str]]:
        return [query or dict(parse_qsl(body.decode())) for _, query, body in self.letters]

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.letters]


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(notices, "ANSWER_FIRST_SECONDS", 0.0)


@contextmanager
def told(flavour: str) -> Iterator[tuple[Shop, Door]]:
    door = Door()
    with served(door.answer) as address, open_shop(flavour) as shop:
        door.url = f"{address}/callback"
        shop.bank.webhooks[shop.name] = door.url
        yield shop, door


def arrived(shop: Shop, door: Door) -> list[dict[str, str]]:
    shop.bank.notices.wait()
    return door.forms()


def test_the_published_checksum_of_a_shared_key_is_made() -> None:
    """The sample of a public client of an RBS gateway (amida, radar-client): the key is `test`."""
    parameters = {
        "mdOrder": "3ff6962a-7dcc-4283-ab50-a6d7dd3386fe",
        "orderNumber": "10747",
        "operation": "deposited",
        "status": "1$amount=123456",
        "checksum": "takes no part",
        "sign_alias": "neither",
    }
    expected = "14E0D9722D43BE67BFF111F53570BB5BCCFEED8AD15D72A48D51D4E949DAF988"
    assert by_shared_key(parameters, "test") == expected


def test_a_checksum_openssl_makes_of_the_same_text_is_made_too() -> None:
    """`openssl dgst -sha256 -hmac ключ-магазина` over the signed text in UTF-8."""
    parameters = {"mdOrder": "a67b0ced-c9a4-4cfb-bce3-b9595afaafc1", "orderNumber": "A-1", "operation": "deposited"}
    parameters |= {"status": "1", "amount": "19900", "clientId": "C_5", "description": "Платёж 1 из 4"}
    expected = "EB77A30B860FD4B1DED7B7B071E2DC0868FB6BC76788076934601DF5B8B77537"
    assert by_shared_key(parameters, "ключ-магазина") == expected


@pytest.mark.parametrize("name", ["sha512", "sha256"])
def test_a_checksum_of_a_key_pair_is_rsa_of_pkcs1_computed_by_hand(name: str) -> None:
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    parameters = {"status": "1", "mdOrder": "12b59da8", "amount": "100", "sign_alias": "SHA-256 with RSA"}
    checksum = by_key_pair(parameters, pem, name)
    assert checksum == checksum.upper()
    public = key.public_key().public_numbers()
    shown = pow(int(checksum, 16), public.e, public.n).to_bytes(256, "big")
    digest = DIGEST_INFO[name] + hashlib.new(name, b"amount;100;mdOrder;12b59da8;status;1;").digest()
    assert shown == b"\x00\x01" + b"\xff" * (253 - len(digest)) + b"\x00" + digest


def test_the_signed_text_is_in_the_order_of_names_and_ends_in_a_semicolon() -> None:
    assert signed_text({"b": "2", "a": "1", "B": ""}) == "B;;a;1;b;2;"


@pytest.mark.parametrize("flavour", ["rbs", "yookassa"])
def test_rbs_tells_by_get_under_a_checksum_over_everything_it_sends(flavour: str) -> None:
    with told(flavour) as (shop, door):
        order_id, _ = shop.charge()
        (notice,) = arrived(shop, door)
    assert (notice["mdOrder"], notice["orderNumber"]) == (order_id, "A-1")
    assert (notice["operation"], notice["status"]) == ("deposited", "1")
    assert (notice["amount"], notice["clientId"]) == ("19900", CUSTOMER)
    assert notice["checksum"] == by_shared_key(notice, CALLBACK_KEY)
    assert door.letters[0][0] == "GET"


def test_rbs_tells_by_post_where_the_shop_wants_it() -> None:
    with told("rbs") as (shop, door):
        shop.bank.shops[shop.name]["callback_method"] = "POST"
        shop.charge()
        (notice,) = arrived(shop, door)
    assert door.letters[0][:2] == ("POST", {})
    assert notice["checksum"] == by_shared_key(notice, CALLBACK_KEY)


def test_rbs_signs_with_its_own_key_where_the_shop_has_the_public_one() -> None:
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with told("rbs") as (shop, door):
        shop.bank.shops[shop.name] |= {"callback_key": "", "callback_private_key": pem}
        shop.charge()
        (notice,) = arrived(shop, door)
    assert notice["sign_alias"] == "SHA-256 with RSA"
    assert notice["checksum"] == by_key_pair(notice, pem, "sha512")


def test_without_a_key_nothing_is_signed() -> None:
    with told("yookassa") as (shop, door):
        shop.bank.shops[shop.name]["callback_key"] = ""
        shop.charge()
        (notice,) = arrived(shop, door)
    assert "checksum" not in notice


def test_an_order_may_name_its_own_address_at_rbs() -> None:
    with told("rbs") as (shop, door):
        other = f"{door.url}?terminal=7"
        shop.charge(dynamicCallbackUrl=other)
        (notice,) = arrived(shop, door)
    assert notice["terminal"] == "7"
    assert notice["operation"] == "deposited"


def test_ecom_tells_in_json_and_signs_nothing() -> None:
    with told("ecom") as (shop, door):
        order_id, _ = shop.charge()
        shop.bank.notices.wait()
    assert door.objects() == [{"mdOrder": order_id, "orderNumber": "A-1", "operation": "deposited", "status": 1}]


@pytest.mark.parametrize("flavour", ["rbs", "ecom"])
def test_every_movement_of_money_has_its_operation(flavour: str) -> None:
    with told(flavour) as (shop, door):
        shop.bank.notices.send()
        refused, _ = shop.charge("A-1", "2")
        held, _ = shop.charge("A-2", path="registerPreAuth.do")
        shop.ask("deposit.do", orderId=held, amount=19_900)
        shop.ask("refund.do", orderId=held, amount=100)
        taken, _ = shop.charge("A-3")
        shop.ask("reverse.do", orderId=taken)
        shop.register("A-4")
        shop.pass_time(minutes=21)
        shop.bank.notices.wait()
    shown = door.objects() if shop.is_ecom else door.forms()
    assert [(one["orderNumber"], one["operation"], str(one["status"])) for one in shown] == [
        ("A-1", "deposited", "0"),
        ("A-2", "approved", "1"),
        ("A-2", "deposited", "1"),
        ("A-2", "refunded", "1"),
        ("A-3", "deposited", "1"),
        ("A-3", "reversed", "1"),
        ("A-1", "declinedByTimeout", "0"),
        ("A-4", "declinedByTimeout", "0"),
    ]
    assert refused


def test_ecom_tells_of_orders_made_and_rbs_of_bindings_where_they_are_switched_on() -> None:
    with told("ecom") as (shop, door):
        shop.bank.settings["created_notices"] = True
        shop.register()
        shop.bank.notices.wait()
        assert [one["operation"] for one in door.objects()] == ["created"]
    with told("rbs") as (shop, door):
        shop.bank.settings["binding_notices"] = True
        order_id = shop.register(clientId="C_5")
        shop.press(shop.page(order_id), do="pay", pan="2202205000012424", expiry="12/30", cvc="649")
        bound, deposited = arrived(shop, door)
    assert (bound["operation"], bound["clientId"]) == ("bindingCreated", "C_5")
    assert (deposited["operation"], deposited["bindingId"]) == ("deposited", bound["bindingId"])


def test_ecom_tells_of_a_bound_account_with_all_its_names() -> None:
    with told("ecom") as (shop, door):
        params = {"qrType": "SUBSCRIPTION_SBP", "sbp.subscriptionPurpose": "Абонемент"}
        answer = shop.ask(
            "register.do", orderNumber="A-1", amount=1, returnUrl="https://shop.example", jsonParams=params
        )
        shop.press(answer["externalParams"]["sbpPayload"], do="pay")
        shop.bank.notices.wait()
        (notice,) = door.objects()
    assert notice["operation"] == "subscriptionCreated"
    assert notice["additionalParams"].keys() == {"subscriptionId", "memberId", "qrcId", "phone"}


@pytest.mark.parametrize("flavour", ["rbs", "ecom"])
@pytest.mark.parametrize(("manner", "count"), [("once", 1), ("twice", 2), ("before", 1), ("never", 0), ("forged", 2)])
def test_a_notice_travels_as_it_was_planned(flavour: str, manner: str, count: int) -> None:
    with told(flavour) as (shop, door):
        shop.plan(charge={"notice": manner})
        shop.charge()
        if manner != "before":
            shop.bank.notices.wait()
        shown = door.objects() if shop.is_ecom else door.forms()
    assert len(shown) == count
    if manner == "forged" and not shop.is_ecom:
        assert shown[0]["checksum"] != by_shared_key(shown[0], CALLBACK_KEY)
        assert shown[1]["checksum"] == by_shared_key(shown[1], CALLBACK_KEY)


def test_a_forged_notice_of_ecom_claims_a_payment_that_never_was() -> None:
    with told("ecom") as (shop, door):
        shop.plan(charge={"end": "declined", "notice": "forged"})
        shop.charge()
        shop.bank.notices.wait()
        assert [one["status"] for one in door.objects()] == [1, 0]


def test_an_old_notice_comes_after_the_new_one() -> None:
    with told("rbs") as (shop, door):
        order_id, _ = shop.charge(path="registerPreAuth.do")
        shop.plan(confirm={"notice": "stale"})
        shop.ask("deposit.do", orderId=order_id, amount=19_900)
        assert [one["operation"] for one in arrived(shop, door)] == ["approved", "deposited", "approved"]


@pytest.mark.parametrize("flavour", ["rbs", "ecom"])
def test_a_notice_that_was_not_taken_comes_again_the_same(flavour: str) -> None:
    with told(flavour) as (shop, door):
        door.answers = [500, 503]
        shop.charge()
        shop.bank.notices.wait()
        assert len(door.letters) == 3
        assert door.letters[0] == door.letters[2]


def test_the_address_keeps_its_own_query() -> None:
    with told("rbs") as (shop, door):
        shop.bank.webhooks[shop.name] = f"{door.url}?k=1"
        shop.charge()
        (notice,) = arrived(shop, door)
        assert notice["k"] == "1"
        assert urlsplit(shop.bank.notices.deliveries[0].url).query.startswith("k=1&mdOrder=")
