"""The smart process "Payments": made once in a portal, with fields of our own, and found again ever after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from bitrix24.client import PortalClient
from bitrix24.errors import Refused
from schemas.binding import DEAL, LEAD, SMART_INVOICE
from schemas.declaration import Words
from storage.database import Database
from storage.model import Portal

TITLE = Words("Платежи", "Payments")
FIELD_PREFIX = "payments_"


@dataclass(frozen=True, slots=True)
class OwnField:
    kind: str
    label: Words


OWN_FIELDS: Mapping[str, OwnField] = {
    "number": OwnField("integer", Words("Номер платежа", "Payment number")),
    "principal": OwnField("money", Words("Основной долг", "Principal")),
    "interest": OwnField("money", Words("Проценты", "Interest")),
    "balance": OwnField("money", Words("Остаток после платежа", "Balance after")),
}


@dataclass(frozen=True, slots=True)
class PaymentsProcess:
    """`fields`: our names to the portal's (`number` -> `UF_CRM_7_PAY_NUMBER`)."""

    entity_type_id: int
    fields: Mapping[str, str]


def ensure_payments_process(client: PortalClient, database: Database) -> PaymentsProcess:
    """The process as the portal's row remembers it, or found by its title, or made. Raises RestError."""
    facts = client.facts
    if facts.payments_type:
        return PaymentsProcess(facts.payments_type, _own(facts.fields))
    kind = _find(client) or _make(client)
    fields = _ensure_fields(client, int(kind["id"]))
    entity_type_id = int(kind["entityTypeId"])
    with database.write() as session:
        portal = session.get_one(Portal, facts.id, with_for_update=True)
        remembered = {FIELD_PREFIX + name: field for name, field in fields.items()}
        session.execute(
            update(Portal)
            .where(Portal.id == facts.id)
            .values(fields={**portal.fields, **remembered, "payments_type": entity_type_id})
        )
    return PaymentsProcess(entity_type_id, fields)


def _find(client: PortalClient) -> Mapping[str, Any] | None:
    titles = {TITLE.ru, TITLE.en}
    for kind in client.list_all("crm.type.list", key="types"):
        if kind.get("title") in titles:
            return dict(kind)
    return None


def _make(client: PortalClient) -> Mapping[str, Any]:
    fields = {
        "title": TITLE.in_language(client.facts.language),
        "isAutomationEnabled": "Y",
        "isBizProcEnabled": "Y",
        "isStagesEnabled": "Y",
        "isClientEnabled": "Y",
        "isBeginCloseDatesEnabled": "Y",
        "isLinkWithProductsEnabled": "Y",
        "isMycompanyEnabled": "Y",
        # This key takes "true", not Y (Bitrix24 REST docs, crm.type.add).
        "relations": {
            "parent": [
                {"entityTypeId": parent, "isChildrenListEnabled": "true"} for parent in (LEAD, DEAL, SMART_INVOICE)
            ]
        },
    }
    made = client.call("crm.type.add", {"fields": fields})
    return dict(made["type"])


def _ensure_fields(client: PortalClient, type_id: int) -> dict[str, str]:
    """Our fields on the process; one that cannot be made is left out, and its value is not written."""
    entity = f"CRM_{type_id}"
    known = {
        str(field["fieldName"])
        for field in client.list_all(
            "userfieldconfig.list", {"moduleId": "crm", "filter": {"entityId": entity}}, key="fields"
        )
    }
    fields = {}
    for name, own in OWN_FIELDS.items():
        field = f"UF_CRM_{type_id}_PAY_{name.upper()}"
        if field not in known and not _add_field(client, entity, field, own):
            continue
        fields[name] = field
    return fields


def _add_field(client: PortalClient, entity: str, name: str, own: OwnField) -> bool:
    try:
        client.call(
            "userfieldconfig.add",
            {
                "moduleId": "crm",
                "field": {
                    "entityId": entity,
                    "fieldName": name,
                    "userTypeId": own.kind,
                    "multiple": "N",
                    "mandatory": "N",
                    "editFormLabel": own.label.as_bitrix24(),
                },
            },
        )
    except Refused as refusal:
        return "exist" in refusal.description.lower()
    return True


def _own(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[FIELD_PREFIX + name] for name in OWN_FIELDS if FIELD_PREFIX + name in fields}
