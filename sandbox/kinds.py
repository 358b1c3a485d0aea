"""Kinds of CRM items: their numbers, letters and the names business processes know them by."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAD, DEAL, CONTACT, COMPANY, QUOTE, INVOICE = 1, 2, 3, 4, 7, 31
_DOCUMENTS = "Bitrix\\Crm\\Integration\\BizProc\\Document\\"


@dataclass(frozen=True)
class Kind:
    """`letter` opens bindings (`D_5`) and is a product row's owner type."""

    entity_type_id: int
    name: str
    title: str
    document_class: str
    letter: str
    stage_field: str
    user_field_entity: str
    event: str

    @property
    def dynamic(self) -> bool:
        return self.entity_type_id == INVOICE or self.entity_type_id >= 128

    @property
    def document_type(self) -> list[str]:
        return ["crm", self.document_class, self.name]

    def document_id(self, item_id: int) -> list[str]:
        return ["crm", self.document_class, f"{self.name}_{item_id}"]


_FIXED = {
    LEAD: Kind(LEAD, "LEAD", "Lead", "CCrmDocumentLead", "L", "stageId", "CRM_LEAD", "ONCRMLEAD"),
    DEAL: Kind(DEAL, "DEAL", "Deal", "CCrmDocumentDeal", "D", "stageId", "CRM_DEAL", "ONCRMDEAL"),
    CONTACT: Kind(CONTACT, "CONTACT", "Contact", "CCrmDocumentContact", "C", "", "CRM_CONTACT", "ONCRMCONTACT"),
    COMPANY: Kind(COMPANY, "COMPANY", "Company", "CCrmDocumentCompany", "CO", "", "CRM_COMPANY", "ONCRMCOMPANY"),
    QUOTE: Kind(QUOTE, "QUOTE", "Quote", f"{_DOCUMENTS}Quote", "Q", "stageId", "CRM_QUOTE", "ONCRMQUOTE"),
    INVOICE: Kind(
        INVOICE,
        "SMART_INVOICE",
        "Invoice",
        f"{_DOCUMENTS}SmartInvoice",
        "SI",
        "stageId",
        "CRM_SMART_INVOICE",
        "ONCRMDYNAMICITEM",
    ),
}


def fixed_kinds() -> list[Kind]:
    return list(_FIXED.values())


def kind_of(entity_type_id: int, type_id: int | None = None, title: str = "") -> Kind:
    """A fixed kind or the smart process with this number; `type_id` names its custom fields' entity."""
    if entity_type_id in _FIXED:
        return _FIXED[entity_type_id]
    return Kind(
        entity_type_id,
        f"DYNAMIC_{entity_type_id}",
        title,
        f"{_DOCUMENTS}Dynamic",
        f"T{entity_type_id:x}",
        "stageId",
        f"CRM_{type_id}",
        "ONCRMDYNAMICITEM",
    )


def entity_type_of_document(name: str) -> tuple[int, int] | None:
    """`DEAL_712` as (2, 712), `DYNAMIC_1042_5` as (1042, 5), `DEAL` as (2, 0); None for anything else."""
    dynamic = re.fullmatch(r"DYNAMIC_(\d+)(?:_(\d+))?", name)
    if dynamic:
        return int(dynamic[1]), int(dynamic[2] or 0)
    fixed = re.fullmatch(r"([A-Z_]+?)(?:_(\d+))?", name)
    for kind in _FIXED.values():
        if fixed and fixed[1] == kind.name:
            return kind.entity_type_id, int(fixed[2] or 0)
    return None


def entity_type_of_letter(letter: str) -> int | None:
    """`D` as 2, `T412` as 1042."""
    for kind in _FIXED.values():
        if kind.letter == letter:
            return kind.entity_type_id
    dynamic = re.fullmatch(r"T([0-9a-f]+)", letter)
    return int(dynamic[1], 16) if dynamic else None
