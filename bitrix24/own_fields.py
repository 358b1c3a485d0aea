"""Fields of ours in the portal's CRM that robots write to: made where missing, their names kept with the portal."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from bitrix24.client import PAGE, PortalClient, rows_of
from bitrix24.errors import RestError
from schemas.binding import COMPANY, CONTACT, DEAL, LEAD, SMART_INVOICE
from schemas.declaration import Words

ENTITIES: Mapping[int, str] = {
    DEAL: "CRM_DEAL",
    LEAD: "CRM_LEAD",
    CONTACT: "CRM_CONTACT",
    COMPANY: "CRM_COMPANY",
    SMART_INVOICE: "CRM_SMART_INVOICE",
}


@dataclass(frozen=True, slots=True)
class OwnField:
    kind: str
    suffix: str
    label: Words


OWN_FIELDS: Mapping[str, OwnField] = {
    "next_payment_date": OwnField("date", "NEXT_PAYMENT_DATE", Words("Дата следующего платежа", "Next payment date")),
    "debt": OwnField("money", "DEBT", Words("Остаток долга", "Debt left")),
    "debt_interest": OwnField("money", "DEBT_INTEREST", Words("Долг по процентам", "Interest owed")),
    "debt_costs": OwnField("money", "DEBT_COSTS", Words("Долг по издержкам", "Costs owed")),
    "debt_penalty": OwnField("money", "DEBT_PENALTY", Words("Долг по неустойке", "Penalty owed")),
}

LIST = "userfieldconfig.list"

Tell = Callable[[str, str, str], None]
"""What was made, its name, and the problem if there was one."""


def ensure_own_fields(client: PortalClient, tell: Tell) -> dict[str, str]:
    """Our names to the portal's: `debt@2` -> `UF_CRM_PAY_DEBT`, of every type that has the field."""
    made: dict[str, str] = {}
    first_pages = {entity: client.submit(LIST, _filter(entity)) for entity in ENTITIES.values()}  # in one request
    for entity_type_id, entity in ENTITIES.items():
        try:
            known = _known(client, entity, first_pages[entity])
        except RestError as error:
            tell("field", entity, str(error))
            continue
        waiting: dict[str, Future[Any]] = {}
        for name, own in OWN_FIELDS.items():
            field = f"UF_CRM_PAY_{own.suffix}"
            made[f"{name}@{entity_type_id}"] = field
            if field not in known:
                waiting[name] = client.submit("userfieldconfig.add", _params(entity, field, own))
        for name, future in waiting.items():
            problem = _problem(future)
            if problem:
                del made[f"{name}@{entity_type_id}"]
            tell("field", f"{entity} {name}", problem)
    return made


def own_field(fields: Mapping[str, str], name: str, entity_type_id: int) -> str:
    """The portal's name of a field of ours on this type of item; empty where there is none."""
    return fields.get(f"{name}@{entity_type_id}", "")


def _filter(entity: str) -> dict[str, Any]:
    return {"moduleId": "crm", "filter": {"entityId": entity}}


def _known(client: PortalClient, entity: str, first_page: Future[Any]) -> set[str]:
    """Names of every custom field of the type. Raises RestError."""
    fields = rows_of(first_page.result(), "fields")
    if len(fields) >= PAGE:
        fields = list(client.list_all(LIST, _filter(entity), key="fields"))
    return {str(field.get("fieldName", "")) for field in fields}


def _params(entity: str, field: str, own: OwnField) -> dict[str, Any]:
    return {
        "moduleId": "crm",
        "field": {
            "entityId": entity,
            "fieldName": field,
            "userTypeId": own.kind,
            "multiple": "N",
            "mandatory": "N",
            "editFormLabel": own.label.as_bitrix24(),
        },
    }


def _problem(future: Future[Any]) -> str:
    try:
        future.result()
    except RestError as error:
        return "" if "exist" in error.description.lower() else str(error)
    return ""
