"""Plausible rows: a test states only what matters to it."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from storage.model import Call, Portal

NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)

_numbers = count(1)


def make_portal(session: Session, **values: Any) -> Portal:
    """An installed, active portal."""
    number = next(_numbers)
    portal = Portal(
        **{
            "client_id": "local.test",
            "member_id": f"{number:032x}",
            "client_endpoint": f"https://portal-{number}.bitrix24.ru/rest/",
            "state": "active",
            "application_token_hash": "",
            "installer_user_id": 1,
            "fields": {},
            "registration": {},
            "installed_at": NOW,
            "changed_at": NOW,
            **values,
        }
    )
    session.add(portal)
    session.flush()
    return portal


def make_call(session: Session, portal_id: int, **values: Any) -> Call:
    """A call of a robot as the door leaves it: accepted and due."""
    number = next(_numbers)
    call = Call(
        **{
            "portal_id": portal_id,
            "event_token": f"token-{number}",
            "code": "advance_next_payment_date",
            "workflow_id": f"workflow-{number}",
            "document_id": ["crm", "CCrmDocumentDeal", f"DEAL_{number}"],
            "document_type": ["crm", "CCrmDocumentDeal", "DEAL"],
            "properties": {},
            "properties_hash": "",
            "use_subscription": True,
            "user_id": 1,
            "sent_at": NOW,
            "received_at": NOW,
            "due_at": NOW,
            "state": "accepted",
            **values,
        }
    )
    session.add(call)
    session.flush()
    return call
