"""Choices of the designer's lists: the keys that never change and the titles people see."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from calculations.calendar import Shift
from calculations.day_count import DayCount
from calculations.debt import Overpayment
from calculations.early import EarlyMode
from calculations.next_date import CatchUp
from calculations.plan import PlanKind
from calculations.recurrence import MonthEnd, Period
from calculations.split import Remainder
from schemas.declaration import Words


class Choice(StrEnum):
    """A list of a robot's own: `key = "key", "Название", "Title"`."""

    words: Words

    def __new__(cls, key: str, ru: str, en: str) -> Self:
        member = str.__new__(cls, key)
        member._value_ = key
        member.words = Words(ru, en)
        return member


def titles(kind: type[StrEnum]) -> Mapping[str, Words]:
    """Key -> title, in the order people see."""
    if issubclass(kind, Choice):
        return {member.value: member.words for member in kind}
    return {member.value: TITLES[kind][member.value] for member in kind}


TITLES: Mapping[type[StrEnum], Mapping[str, Words]] = {
    Period: {
        "day": Words("День", "Day"),
        "week": Words("Неделя", "Week"),
        "two_weeks": Words("Две недели", "Two weeks"),
        "month": Words("Месяц", "Month"),
        "quarter": Words("Квартал", "Quarter"),
        "half_year": Words("Полгода", "Half a year"),
        "year": Words("Год", "Year"),
    },
    MonthEnd: {
        "clip": Words("Последний день короткого месяца", "The short month's last day"),
        "last_day": Words("Всегда последний день месяца", "Always the last day of the month"),
        "skip": Words("Пропустить месяц", "Skip the month"),
    },
    Shift: {
        "following": Words("На следующий рабочий день", "To the next working day"),
        "modified_following": Words(
            "На следующий рабочий день, не выходя из месяца", "To the next working day within the month"
        ),
        "preceding": Words("На предыдущий рабочий день", "To the previous working day"),
        "none": Words("Не переносить", "Do not shift"),
    },
    Remainder: {
        "spread_first": Words("По копейке первым частям", "A unit each to the first parts"),
        "spread_last": Words("По копейке последним частям", "A unit each to the last parts"),
        "remainder_first": Words("Весь остаток в первую часть", "All of it to the first part"),
        "remainder_last": Words("Весь остаток в последнюю часть", "All of it to the last part"),
    },
    PlanKind: {
        "equal": Words("Равные платежи", "Equal payments"),
        "full": Words("Одним платежом", "In full"),
        "custom": Words("Свой график", "Own rows"),
        "annuity": Words("Аннуитет", "Annuity"),
        "differentiated": Words("Дифференцированный", "Differentiated"),
    },
    DayCount: {
        "equal": Words("Равные периоды", "Equal periods"),
        "act_365_366": Words("Фактические дни / 365 или 366", "Actual days / 365 or 366"),
        "act_365": Words("Фактические дни / 365", "Actual days / 365"),
        "act_360": Words("Фактические дни / 360", "Actual days / 360"),
        "30e_360": Words("30 дней в месяце / 360", "30 days a month / 360"),
    },
    EarlyMode: {
        "reduce_payment": Words("Уменьшить платёж", "Reduce the payment"),
        "shorten_term": Words("Сократить срок", "Shorten the term"),
    },
    CatchUp: {
        "one": Words("На один период вперёд", "One period forward"),
        "after_today": Words("На ближайшую дату после сегодня", "To the first date after today"),
    },
    Overpayment: {
        "credit": Words("Оставить как аванс", "Keep as credit"),
        "reject": Words("Отказать", "Reject"),
        "negative": Words("Сделать долг отрицательным", "Let the debt go negative"),
    },
}
