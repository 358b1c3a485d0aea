"""Sberbank's notices: the checksum over what was received, known vectors of RBS, and notices that nobody signs."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID
from hypothesis import assume, given
from hypothesis import strategies as st

from gateways import Http, Incoming, InvalidSignature, Misconfigured, Notice
from gateways._sberbank_credentials import SberbankCredentials
from gateways.sberbank import Sberbank
from tests.gateways.sberbank_replies import ORDER_ID, credentials_of

GATEWAY = Sberbank(Http(Sberbank.address, lambda: 0.0))

# Vectors that a public client of an RBS gateway is tested with (amida, radar-client): the key `test`, where an amount
# is glued to the status by a wrong separator, and a real pair of key and notice.
SYMMETRIC = (
    b"mdOrder=3ff6962a-7dcc-4283-ab50-a6d7dd3386fe&orderNumber=10747"
    b"&checksum=14E0D9722D43BE67BFF111F53570BB5BCCFEED8AD15D72A48D51D4E949DAF988"
    b"&operation=deposited&status=1$amount=123456"
)
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwtuGKbQ4WmfdV1gjWWys
5jyHKTWXnxX3zVa5/Cx5aKwJpOsjrXnHh6l8bOPQ6Sgj3iSeKJ9plZ3i7rPjkfmw
qUOJ1eLU5NvGkVjOgyi11aUKgEKwS5Iq5HZvXmPLzu+U22EUCTQwjBqnE/Wf0hnI
wYABDgc0fJeJJAHYHMBcJXTuxF8DmDf4DpbLrQ2bpGaCPKcX+04POS4zVLVCHF6N
6gYtM7U2QXYcTMTGsAvmIqSj1vddGwvNGeeUVoPbo6enMBbvZgjN5p6j3ItTziMb
Vba3m/u7bU1dOG2/79UpGAGR10qEFHiOqS6WpO7CuIR2tL9EznXRc7D9JZKwGfoY
/QIDAQAB
-----END PUBLIC KEY-----
"""
ASYMMETRIC = (
    b"mdOrder=12b59da8-f68f-7c8d-12b5-9da8000826ea&checksum="
    b"9524FD765FB1BABFB1F42E4BC6EF5A4B07BAA3F9C809098ACBB462618A9327539F975FEDB4CF6EC1556FF88BA74774342AF4F5B51BA63903"
    b"BE9647C670EBD962467282955BD1D57B16935C956864526810870CD32967845EBABE1C6565C03F94FF66907CEDB54669A1C74AC1AD6E39B6"
    b"7FA7EF6D305A007A474F03B80FD6C965656BEAA74E09BB1189F4B32E622C903DC52843C454B7ACF76D6F76324C27767DE2FF6E7217716C19"
    b"C530CA7551DB58268CC815638C30F3BCA3270E1FD44F63C14974B108E65C20638ECE2F2D752F32742FFC5077415102706FA5235D310D4948"
    b"A780B08D1B75C8983F22F211DFCBF14435F262ADDA6A97BFEB6D332C3D51010B"
    b"&operation=deposited&status=1&amount=35000099"
)

# Made by the command line of openssl (`dgst -sha256 -hmac`, `dgst -sha512 -sign`) over the signed text, in UTF-8.
OPENSSL_TEXT = {
    "mdOrder": "a67b0ced-c9a4-4cfb-bce3-b9595afaafc1",
    "orderNumber": "A-1",
    "operation": "deposited",
    "status": "1",
    "amount": "19900",
    "clientId": "C_5",
    "description": "Платёж 1 из 4",
}
OPENSSL_HMAC = "EB77A30B860FD4B1DED7B7B071E2DC0868FB6BC76788076934601DF5B8B77537"  # the key: ключ-магазина
OPENSSL_RSA = (
    "1954F9863F1209B582F7A3EBC4FC01C2C80B079DEDFA8F52CF4C575099E570929A35BF79FFEA2C4A1B6D7ABE99F9098ABD0B7045E6C9DC1E"
    "4BEF9A238737A391B3CF967C1C543F0F3051E881944AD5524EA4659BD7D0B5C50F6ECE8F81E218497B2493B7B4E17712AEA0A80A2EB9A0ED"
    "0A3691D44B350014EEA905FD2F34017737C30F498EFED6582ACA74119E1E9916DC00D821BF712BCCEFA4CDEF7DBB04F32D8EC09D51043E6F"
    "918D06E4C357C8E2059A4A29CE1E10F85638E56C2A5FF7524D63BF0ACA168C058AD496F67A0B2F1DE92A866943D08EE8C6705E2AB0F7E8BD"
    "3F6639214AEBF084F4AC435373A1C09A0D8337729D627C3C1AB50A2AF13A3E32"
)
OPENSSL_PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmaDcsQ+lPMH29+YW5/w2
cJtQhP2c/7PddEuz+CaQslVMGPar+w8BpHjeJOekibKCp4W6ogBdgCZhdfFjrRY1
4OJUhGrWRWHeM9XlO2kxbdSuBkcYyhYjlqSOGa5zP8jAqVsFv+YP/qhfQOM45fdT
SKw6PMRYEFqABnLMloy1WHv4TZAxaYtk46FaM9xbwrU5zBpeESRKv7jPicYAa3K3
+R2gOLRhbsB7ODvnEFLbq4+U5dOAFivexUEPWP7HpQ3Wi59zAwwaVPgYaGQlWuW4
5R/4ScXWBbfzi9fSnZtp5NCe8bYRWnGgY89/upAJKJK2swaDpvohn+pkIlAojB7T
FwIDAQAB
-----END PUBLIC KEY-----
"""


def with_key(key: str = "canary-callback", flavour: str = "rbs") -> SberbankCredentials:
    return credentials_of(flavour, callback_key=key)


def with_public_key(pem: str, **more: str) -> SberbankCredentials:
    return credentials_of("rbs", callback_key="", callback_public_key=pem, **more)


def read(credentials: SberbankCredentials, body: bytes = b"", query: bytes = b"") -> Notice:
    incoming = Incoming({}, body, query, "POST" if body else "GET")
    return GATEWAY.read_webhook(credentials, incoming, lambda _number, _payment_id: None)


def signed(parameters: dict[str, str], key: str = "canary-callback") -> bytes:
    """A notice as the documents of RBS tell a gateway to make it."""
    text = "".join(f"{name};{parameters[name]};" for name in sorted(parameters) if name != "sign_alias")
    checksum = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
    return urlencode({**parameters, "checksum": checksum}).encode()


DEPOSITED = {
    "mdOrder": ORDER_ID,
    "orderNumber": "A-1",
    "operation": "deposited",
    "status": "1",
    "sign_alias": "SHA-256 with RSA",
    "callbackCreationDate": "Mon Jan 31 21:46:52 UTC 2022",
    "orderDescription": "Оплата; 100 % & ещё",
    "email": "",
}
NOTICE = Notice(order_number="A-1", payment_id=ORDER_ID)


def test_a_published_notice_with_a_shared_key_is_genuine() -> None:
    assert read(with_key("test"), query=SYMMETRIC) == Notice(
        order_number="10747", payment_id="3ff6962a-7dcc-4283-ab50-a6d7dd3386fe"
    )
    with pytest.raises(InvalidSignature):
        read(with_key("tost"), query=SYMMETRIC)


def test_a_published_notice_with_a_key_pair_is_genuine() -> None:
    assert read(with_public_key(PUBLIC_KEY), query=ASYMMETRIC) == Notice(
        payment_id="12b59da8-f68f-7c8d-12b5-9da8000826ea"
    )
    with pytest.raises(InvalidSignature):
        read(with_public_key(PUBLIC_KEY, callback_hash="sha256"), query=ASYMMETRIC)


def test_checksums_made_by_openssl_over_decoded_parameters_are_genuine() -> None:
    by_shared_key = urlencode(OPENSSL_TEXT | {"checksum": OPENSSL_HMAC}).encode()
    by_key_pair = urlencode(OPENSSL_TEXT | {"checksum": OPENSSL_RSA, "sign_alias": "SHA-256 with RSA"}).encode()
    assert read(with_key("ключ-магазина"), body=by_shared_key) == NOTICE
    assert read(with_public_key(OPENSSL_PUBLIC_KEY), query=by_key_pair) == NOTICE
    with pytest.raises(InvalidSignature):
        read(with_key("ключ-магазина"), body=by_shared_key.replace(b"19900", b"19901"))


def in_the_other_case(genuine: bytes, place: int, by: int) -> bool:
    """A changed byte that leaves the checksum the same number."""
    begin = genuine.index(b"checksum=") + len(b"checksum=")
    return begin <= place < genuine.index(b"&", begin) and by == 0x20 and genuine[place : place + 1].isalpha()


@given(place=st.integers(0, len(SYMMETRIC) - 1), other=st.integers(1, 255))
def test_any_changed_byte_of_a_notice_with_a_shared_key_is_refused(place: int, other: int) -> None:
    assume(not in_the_other_case(SYMMETRIC, place, other))
    changed = bytearray(SYMMETRIC)
    changed[place] ^= other
    with pytest.raises(InvalidSignature):
        read(with_key("test"), query=bytes(changed))


@given(place=st.integers(0, len(ASYMMETRIC) - 1), other=st.integers(1, 255))
def test_any_changed_byte_of_a_notice_with_a_key_pair_is_refused(place: int, other: int) -> None:
    assume(not in_the_other_case(ASYMMETRIC, place, other))
    changed = bytearray(ASYMMETRIC)
    changed[place] ^= other
    with pytest.raises(InvalidSignature):
        read(with_public_key(PUBLIC_KEY), query=bytes(changed))


@pytest.mark.parametrize("flavour", ["rbs", "yookassa"])
def test_a_form_and_a_query_are_verified_alike_with_whatever_parameters_came(flavour: str) -> None:
    sent = signed(DEPOSITED)
    assert read(with_key(flavour=flavour), body=sent) == NOTICE
    assert read(with_key(flavour=flavour), query=sent) == NOTICE
    assert read(with_key(flavour=flavour), body=sent, query=b"orderNumber=A-2") == NOTICE


@pytest.mark.parametrize("name", sorted(set(DEPOSITED) - {"sign_alias"}))
def test_a_parameter_taken_away_or_added_is_refused(name: str) -> None:
    sent = signed(DEPOSITED)
    kept = b"&".join(part for part in sent.split(b"&") if not part.startswith(name.encode() + b"="))
    for changed in (kept, sent + b"&amount=", sent + b"&" + name.encode() + b"=1"):
        with pytest.raises(InvalidSignature):
            read(with_key(), body=changed)


@pytest.mark.parametrize(
    "checksum", ["", "00", "0" * 64, "0" * 63, "не сумма", " " * 64, "0" * 512, "14e0d972"], ids=repr
)
def test_a_notice_without_the_right_checksum_is_refused(checksum: str) -> None:
    body = urlencode({"mdOrder": ORDER_ID, "orderNumber": "A-1", "checksum": checksum}).encode()
    for credentials in (with_key(), with_public_key(PUBLIC_KEY)):
        with pytest.raises(InvalidSignature):
            read(credentials, body=body)
        with pytest.raises(InvalidSignature):
            read(credentials, body=b"mdOrder=1")
        with pytest.raises(InvalidSignature):
            read(credentials)


def test_a_checksum_by_a_key_pair_may_be_in_lower_case() -> None:
    body = urlencode(OPENSSL_TEXT | {"checksum": OPENSSL_RSA.lower()}).encode()
    assert read(with_public_key(OPENSSL_PUBLIC_KEY), body=body) == NOTICE
    with pytest.raises(InvalidSignature):
        read(with_public_key(OPENSSL_PUBLIC_KEY), body=body.replace(b"19900", b"19901"))


@pytest.mark.parametrize("other_case", [str.lower, str.title])
def test_a_checksum_by_a_shared_key_may_be_in_either_case(other_case: Callable[[str], str]) -> None:
    head, checksum = signed(DEPOSITED).decode().split("checksum=")
    body = f"{head}checksum={other_case(checksum)}"
    assert read(with_key(), body=body.encode()) == NOTICE
    with pytest.raises(InvalidSignature):
        read(with_key(), body=body.replace("A-1", "A-2").encode())
    with pytest.raises(InvalidSignature):
        read(with_key("another"), body=body.encode())


@pytest.mark.parametrize("name", ["sha512", "sha256"])
def test_the_hash_of_a_key_pair_is_the_shops_own(name: str) -> None:
    key = generate_private_key(65537, 2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    text = f"mdOrder;{ORDER_ID};orderNumber;A-1;".encode()
    signature = key.sign(text, PKCS1v15(), SHA512() if name == "sha512" else SHA256()).hex().upper()
    body = f"orderNumber=A-1&mdOrder={ORDER_ID}&checksum={signature}".encode()
    assert read(with_public_key(pem, callback_hash=name), body=body) == NOTICE
    assert read(with_public_key(certificate_of(key), callback_hash=name), body=body) == NOTICE
    with pytest.raises(InvalidSignature):
        read(with_public_key(pem, callback_hash="sha256" if name == "sha512" else "sha512"), body=body)


def certificate_of(key: RSAPrivateKey) -> str:
    name = Name([NameAttribute(NameOID.COMMON_NAME, "bank.example")])
    made = CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2021, 1, 1, tzinfo=UTC))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def test_a_public_key_that_is_none_of_rsa_is_for_a_person() -> None:
    other = Ed25519PrivateKey.generate().public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for wrong in (pem, "not a key", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"):
        with pytest.raises(Misconfigured, match="callback_public_key"):
            read(with_public_key(wrong), query=ASYMMETRIC)


def test_a_notice_of_a_refund_names_the_refund_where_the_bank_does() -> None:
    refunded = DEPOSITED | {"operation": "refunded", "externalRefundId": "A-1-R1"}
    assert read(with_key(), body=signed(refunded)).refund_number == "A-1-R1"


ECOM = json.dumps(
    {"mdOrder": ORDER_ID, "orderNumber": "A-1", "operation": "deposited", "status": 1, "additionalParams": {}}
)


def test_ecom_signs_nothing_so_its_notice_only_says_what_to_ask_about() -> None:
    assert read(with_key(flavour="ecom"), body=ECOM.encode()) == NOTICE
    assert read(
        with_key(flavour="ecom"), body=b'{"bindingId": "b", "clientId": "C_5", "operation": "bindingCreated"}'
    ) == (Notice())


def test_without_a_key_a_notice_of_the_form_flavours_is_a_hint_too() -> None:
    assert (
        read(with_key(""), query=f"mdOrder={ORDER_ID}&orderNumber=A-1&operation=deposited&status=1".encode()) == NOTICE
    )


def test_a_key_is_not_walked_around_by_another_encoding() -> None:
    with pytest.raises(InvalidSignature):
        read(with_key(), body=ECOM.encode())


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"{", b"{]", b'{"a":' * 100_000, b"a=%FF", b"a=1&a=2", b"a;b=1", b"&".join([b"a=1"] * 300)],
    ids=len,
)
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        read(with_key(flavour="ecom"), body=body)


@pytest.mark.parametrize("number", ["", "A\\u0000", "\\ud800", "Я-1", "A" * 65])
def test_a_number_that_cannot_be_ours_names_no_order(number: str) -> None:
    assert read(with_key(flavour="ecom"), body=f'{{"orderNumber": "{number}"}}'.encode()) == Notice()


def test_an_unpaired_surrogate_is_no_way_to_break_the_verification() -> None:
    with pytest.raises(InvalidSignature):
        read(with_key(), body=b'{"orderNumber": "\\ud800", "checksum": "00"}')
