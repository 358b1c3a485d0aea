"""What a fresh portal's CRM holds: funnels with their stages, in the portal's language."""

from __future__ import annotations

from sandbox.crm_store import Category, Status
from sandbox.kinds import DEAL, INVOICE, Kind
from sandbox.portal import Portal

_Stage = tuple[str, str, str, str]
_LEADS: list[_Stage] = [
    ("NEW", "Не обработан", "Unassigned", ""),
    ("IN_PROCESS", "В работе", "In progress", ""),
    ("PROCESSED", "Обработан", "Processed", ""),
    ("CONVERTED", "Качественный лид", "Good lead", "S"),
    ("JUNK", "Некачественный лид", "Junk lead", "F"),
]
_DEALS: list[_Stage] = [
    ("NEW", "Новая", "New", ""),
    ("PREPARATION", "Подготовка документов", "Create papers", ""),
    ("PREPAYMENT_INVOICE", "Счёт на предоплату", "Invoice", ""),
    ("EXECUTING", "В работе", "In progress", ""),
    ("FINAL_INVOICE", "Финальный счёт", "Final invoice", ""),
    ("WON", "Сделка успешна", "Close deal", "S"),
    ("LOSE", "Сделка провалена", "Deal lost", "F"),
    ("APOLOGY", "Анализ причины провала", "Analyze failure", "F"),
]
_QUOTES: list[_Stage] = [
    ("DRAFT", "Новое", "New", ""),
    ("SENT", "Отправлено клиенту", "Sent to client", ""),
    ("APPROVED", "Принято", "Accepted", "S"),
    ("DECLAINED", "Отклонено", "Declined", "F"),
]
_INVOICES: list[_Stage] = [
    ("N", "Новый", "New", ""),
    ("S", "Отправлен клиенту", "Sent to client", ""),
    ("P", "Оплачен", "Paid", "S"),
    ("D", "Не оплачен", "Unpaid", "F"),
]
_PROCESS: list[_Stage] = [
    ("NEW", "Начало", "Start", ""),
    ("PREPARATION", "Подготовка", "Preparation", ""),
    ("CLIENT", "Согласование", "Approval", ""),
    ("SUCCESS", "Успех", "Success", "S"),
    ("FAIL", "Провал", "Fail", "F"),
]


def seed(portal: Portal) -> None:
    """The funnels every portal has from its first day."""
    add_stages(portal, "STATUS", "", _LEADS)
    portal.crm.categories.append(Category(0, DEAL, _label(portal, "Общая", "Common"), 10, True))
    add_stages(portal, "DEAL_STAGE", "", _DEALS, 0)
    add_stages(portal, "QUOTE_STATUS", "", _QUOTES)
    category = add_category(portal, portal.kind(INVOICE), _label(portal, "Общая", "Common"), 10, True)
    add_stages(portal, f"SMART_INVOICE_STAGE_{category.id}", f"DT31_{category.id}", _INVOICES, category.id)


def add_category(portal: Portal, kind: Kind, name: str, sort: int, default: bool) -> Category:
    category = Category(portal.crm.next_id("category"), kind.entity_type_id, name, sort, default)
    portal.crm.categories.append(category)
    return category


def open_funnel(portal: Portal, kind: Kind, name: str, sort: int = 500, default: bool = False) -> Category:
    """A new funnel with the stages Bitrix24 gives it."""
    category = add_category(portal, kind, name, sort, default)
    if kind.entity_type_id == DEAL:
        add_stages(portal, f"DEAL_STAGE_{category.id}", f"C{category.id}", _DEALS, category.id)
    elif kind.entity_type_id == INVOICE:
        add_stages(portal, f"SMART_INVOICE_STAGE_{category.id}", f"DT31_{category.id}", _INVOICES, category.id)
    else:
        entity = f"DYNAMIC_{kind.entity_type_id}_STAGE_{category.id}"
        add_stages(portal, entity, f"DT{kind.entity_type_id}_{category.id}", _PROCESS, category.id)
    return category


def add_stages(portal: Portal, entity: str, prefix: str, stages: list[_Stage], category_id: int | None = None) -> None:
    for index, (code, ru, en, semantics) in enumerate(stages, start=1):
        status_id = f"{prefix}:{code}" if prefix else code
        name = _label(portal, ru, en)
        portal.crm.statuses.append(
            Status(portal.crm.next_id("status"), entity, status_id, name, index * 10, "#39A8EF", semantics, category_id)
        )


def _label(portal: Portal, ru: str, en: str) -> str:
    return ru if portal.traits.language == "ru" else en
