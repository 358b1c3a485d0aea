"""The checksum of RBS's notices: every parameter as `name;value;` by name, under HMAC or RSA, in upper-case hex."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import load_pem_private_key

UNSIGNED = frozenset({"checksum", "sign_alias"})


def signed_text(parameters: Mapping[str, str]) -> str:
    return "".join(f"{name};{value};" for name, value in sorted(parameters.items()) if name not in UNSIGNED)


def by_shared_key(parameters: Mapping[str, str], key: str) -> str:
    return hmac.new(key.encode(), signed_text(parameters).encode(), hashlib.sha256).hexdigest().upper()


def by_key_pair(parameters: Mapping[str, str], private_key: str, hash_name: str) -> str:
    """`private_key` in PEM; `hash_name` sha512 or sha256."""
    key = load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("callback_private_key is no RSA key")
    hashing = SHA256() if hash_name == "sha256" else SHA512()
    return key.sign(signed_text(parameters).encode(), PKCS1v15(), hashing).hex().upper()
