"""Sberbank's notices: the checksum of the form flavours over what was received, and what a notice speaks of."""

import hmac
import json
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature as WrongRsaSignature
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from gateways._errors import InvalidSignature, Misconfigured
from gateways._notice import Incoming, Notice
from gateways._sberbank_credentials import SberbankCredentials

NOT_SIGNED = ("checksum", "sign_alias")
NUMBER = re.compile(r"[ -~]{1,64}")

GIVEN_BACK = frozenset({"refunded", "reversed"})

Parameters = Sequence[tuple[str, str]]


def read_notice(credentials: SberbankCredentials, incoming: Incoming) -> Notice:
    """A notice of the form flavours is verified by the key the shop was given. ECOM signs none (specification 1.0.7),
    and without a key nothing can be verified: such a notice only says which order to ask about."""
    parameters = _parameters(incoming)
    signed = credentials.callback_key or credentials.callback_public_key
    if signed and not credentials.is_ecom:
        _verify(credentials, parameters)
    said = {name: value for name, value in parameters if NUMBER.fullmatch(value)}
    return Notice(
        order_number=said.get("orderNumber", ""),
        payment_id=said.get("mdOrder", ""),
        refund_number=said.get("externalRefundId", ""),
        of_refund=said.get("operation", "") in GIVEN_BACK,
    )


def public_key(credentials: SberbankCredentials) -> RSAPublicKey:
    """The key alone or in its certificate: banks hand out both. Raises Misconfigured."""
    pem = credentials.callback_public_key.encode()
    try:
        key = load_pem_x509_certificate(pem).public_key() if b"CERTIFICATE" in pem else load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise Misconfigured("callback_public_key is no RSA public key in PEM: take it from the bank's cabinet whole")
    return key


def _parameters(incoming: Incoming) -> Parameters:
    """Names and values of a query, a form or a JSON object, decoded; nested values are left out. Each name once."""
    sent = incoming.body or incoming.query
    try:
        text = sent.decode()
        if text.lstrip().startswith("{"):
            parameters = [(name, str(value)) for name, value in _once(text) if isinstance(value, str | int)]
        else:
            parameters = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200)
    except (ValueError, RecursionError):
        raise InvalidSignature("the notice is neither a form nor an object") from None
    names = [name for name, _ in parameters]
    if len(set(names)) != len(names) or any(";" in name for name in names):
        raise InvalidSignature("a notice with a name twice, or with a semicolon in one, cannot be verified")
    return parameters


def _once(text: str) -> list[tuple[str, object]]:
    pairs = json.loads(text, object_pairs_hook=list)
    return [(str(name), value) for name, value in pairs]


def _verify(credentials: SberbankCredentials, parameters: Parameters) -> None:
    pairs = sorted(pair for pair in parameters if pair[0] not in NOT_SIGNED)
    signed = "".join(f"{name};{value};" for name, value in pairs).encode(errors="surrogatepass")
    checksum = dict(parameters).get("checksum", "")
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", checksum, re.ASCII):
        raise InvalidSignature("the notice has no checksum")
    if credentials.callback_key:
        expected = hmac.digest(credentials.callback_key.encode(), signed, "sha256")
        if not hmac.compare_digest(expected, bytes.fromhex(checksum)):
            raise InvalidSignature("the checksum does not fit the notice")
        return
    try:
        public_key(credentials).verify(
            bytes.fromhex(checksum),
            signed,
            PKCS1v15(),
            SHA512() if credentials.callback_hash == "sha512" else SHA256(),
        )
    except WrongRsaSignature:
        raise InvalidSignature("the checksum does not fit the notice") from None
