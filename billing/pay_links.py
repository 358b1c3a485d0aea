"""Links to the page where a client pays one charge in person: signed, so that nobody finds another's by counting."""

from itsdangerous import BadSignature, URLSafeSerializer


class NoSuchLink(Exception):
    """The token was not made here, or was changed on its way."""


class PayLinks:
    """`secret_key` signs; `public_url` is where clients reach the service, without a slash at its end."""

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="pay")
        self._public_url = public_url

    def of(self, charge_id: int) -> str:
        """The same for a charge at any time: a letter of last month still leads to the page that says it is paid."""
        return f"{self._public_url}/pay/{self._serializer.dumps(charge_id)}"

    def charge_of(self, token: str) -> int:
        """Raises NoSuchLink."""
        try:
            return int(self._serializer.loads(token))
        except (BadSignature, ValueError, TypeError):
            raise NoSuchLink from None
