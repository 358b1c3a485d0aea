"""Secrets at rest: sealed with Fernet, newest key first, bound to the portal they belong to."""

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SecretUnreadable(Exception):
    """A sealed secret that no key opens, or that belongs to another portal or purpose."""


class Vault:
    """Seals texts; the portal and the purpose are inside the plaintext, so that rows cannot be swapped."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, portal_id: int, purpose: str, secret: str) -> str:
        plain = json.dumps([portal_id, purpose, secret]).encode()
        return self._fernet.encrypt(plain).decode()

    def open(self, portal_id: int, purpose: str, sealed: str) -> str:
        """Raises SecretUnreadable; the text names the portal and the purpose, never the secret."""
        try:
            owner, kind, secret = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError) as error:
            raise SecretUnreadable(
                f"no key of ENCRYPTION_KEYS opens the {purpose} of portal {portal_id}: put the right key back"
            ) from error
        if (owner, kind) != (portal_id, purpose):
            raise SecretUnreadable(f"the {purpose} stored for portal {portal_id} belongs to something else")
        return str(secret)

    def reseal(self, sealed: str) -> str:
        """The same secret under the newest key."""
        return self._fernet.rotate(sealed.encode()).decode()
