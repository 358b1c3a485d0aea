"""The doors over a database of their own, a portal that is installed, and the calls that it posts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_plus

from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

import services
from bitrix24.installs import hash_of_application_token
from handlers import create_app
from settings import Settings
from storage.model import Base, Call, CallConflict, Portal
from tests.factories import make_portal

CLIENT_ID = "local.test"
MEMBER, TOKEN = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
FORM = "application/x-www-form-urlencoded"
TS = 1789550123
PUBLIC_URL = "https://payments.example.com"


def settings_for(database_url: str, **changes: Any) -> Settings:
    return Settings(
        **{
            "public_url": PUBLIC_URL,
            "secret_key": "0123456789abcdefghijklmnopqrstuv",
            "encryption_keys": (Fernet.generate_key().decode(),),
            "bitrix24_client_id": CLIENT_ID,
            "bitrix24_client_secret": "secret-of-the-application",
            "bitrix24_oauth_url": "http://127.0.0.1:9",
            "database_url": database_url,
            **changes,
        }
    )


class Doors:
    def __init__(self, database_url: str, **settings: Any) -> None:
        self.services = services.build(settings_for(database_url, **settings))
        self.database = self.services.database
        Base.metadata.create_all(self.database.engine)
        with self.database.write() as session:
            self.portal_id = make_portal(
                session,
                client_id=CLIENT_ID,
                member_id=MEMBER,
                application_token_hash=hash_of_application_token(TOKEN),
            ).id
        self.app = create_app(self.services)
        self.client: FlaskClient = self.app.test_client()

    def post(self, body: Mapping[str, Any] | bytes | str, content_type: str = FORM) -> TestResponse:
        data = php_form(body) if isinstance(body, Mapping) else body
        return self.client.post("/bitrix24/activities", data=data, content_type=content_type)

    def calls(self) -> list[Call]:
        with self.database.read() as session:
            return list(session.scalars(select(Call).order_by(Call.id)))

    def conflicts(self) -> list[CallConflict]:
        with self.database.read() as session:
            return list(session.scalars(select(CallConflict).order_by(CallConflict.id)))

    def rows(self) -> int:
        """Rows of all tables but the portal's own."""
        with self.database.read() as session:
            tables = [table for table in Base.metadata.sorted_tables if table.name != "portals"]
            return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)

    def set_portal(self, **values: Any) -> None:
        with self.database.write() as session:
            session.execute(update(Portal).where(Portal.id == self.portal_id).values(**values))

    def close(self) -> None:
        self.services.close()


@contextmanager
def doors_on(database_url: str, **settings: Any) -> Iterator[Doors]:
    made = Doors(database_url, **settings)
    yield made
    made.close()


def robot_call(**changes: Any) -> dict[str, Any]:
    """A call as a portal posts it; `changes` replace top-level fields, None leaves one out."""
    call: dict[str, Any] = {
        "workflow_id": "66f1c0ffee1234.56789012",
        "code": "split_invoice",
        "document_id": ["crm", "CCrmDocumentDeal", "DEAL_712"],
        "document_type": ["crm", "CCrmDocumentDeal", "DEAL"],
        "event_token": "66f1c0ffee1234.56789012|A51234_22222|Zk3.0f3c",
        "properties": {"amount": "1 200,50|RUB", "emails": ["a@example.com"], "note": ""},
        "use_subscription": "Y",
        "timeout_duration": "0",
        "ts": str(TS),
        "auth": proof(),
        **changes,
    }
    return {name: value for name, value in call.items() if value is not None}


def proof(**changes: Any) -> dict[str, Any]:
    auth: dict[str, Any] = {
        "access_token": "access-token",
        "refresh_token": "refresh-token",
        "domain": "elsewhere.example",
        "client_endpoint": "https://elsewhere.example/rest/",
        "server_endpoint": "https://elsewhere.example/rest/",
        "user_id": "7",
        "member_id": MEMBER,
        "application_token": TOKEN,
        **changes,
    }
    return {name: value for name, value in auth.items() if value is not None}


def php_form(fields: Mapping[str, Any]) -> str:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in _flat(fields))


def _flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, list):
            value = dict(enumerate(value))
        if isinstance(value, Mapping):
            yield from ((f"{name}{rest}", inner) for rest, inner in _flat({f"[{key}]": v for key, v in value.items()}))
        else:
            yield name, str(value)
