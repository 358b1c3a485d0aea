"""Triggers of the CRM's automation that the service fires: codes are for ever."""

from collections.abc import Mapping

from schemas.declaration import Words

TRIGGERS: Mapping[str, Words] = {
    "pay_payment_received": Words("Оплата получена", "Payment received"),
    "pay_payment_failed": Words("Оплата не прошла", "Payment failed"),
    "pay_debt_appeared": Words("Появился долг", "Debt appeared"),
    "pay_debt_cleared": Words("Долг погашен", "Debt cleared"),
    "pay_card_linked": Words("Карта привязана", "Card linked"),
    "pay_schedule_finished": Words("График завершён", "Schedule finished"),
}
