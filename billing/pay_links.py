"""Links to the page where a client pays one charge in person: signed, so that nobody finds another's by counting."""

from itsdangerous import BadSignature, URLSafeSerializer

from billing.key import order_stem
from storage.database import Database
from storage.model import Charge, Portal

ENOUGH = 10  # letters that tell one charge from another


class NoSuchLink(Exception):
    """The token was not made here, was changed on its way, or is of a charge that is not here any more."""


class PayLinks:
    """`secret_key` signs; `public_url` is where clients reach the service, without a slash at its end."""

    def __init__(self, database: Database, secret_key: str, public_url: str) -> None:
        self._database = database
        self._serializer = URLSafeSerializer(secret_key, salt="pay")
        self._public_url = public_url

    def of(self, charge_id: int) -> str:
        """The same for a charge at any time: a letter of last month still leads to the page that says it is paid.

        It names portal and key besides: a database restored from yesterday gives the id to another charge. Raises
        NoSuchLink.
        """
        return f"{self._public_url}/pay/{self._serializer.dumps([charge_id, self._name_of(charge_id)])}"

    def charge_of(self, token: str) -> int:
        """Raises NoSuchLink, also for a token that differs only in what base64 does not read of its last letter."""
        try:
            charge_id, name = self._serializer.loads(token)
        except (BadSignature, ValueError, TypeError):
            raise NoSuchLink from None
        if token != self._serializer.dumps([charge_id, name]) or name != self._name_of(charge_id):
            raise NoSuchLink
        return int(charge_id)

    def _name_of(self, charge_id: int) -> str:
        with self._database.read() as session:
            charge = session.get(Charge, charge_id)
            if charge is None:
                raise NoSuchLink
            return order_stem(session.get_one(Portal, charge.portal_id).member_id, charge.key)[:ENOUGH]
