"""Fields that several robots' forms share, said once."""

import re

from bp_activities._declaration import field, result
from bp_activities._values import refuse
from schemas.declaration import Words

currency = field("Валюта", "Currency", hint=("Пусто — валюта документа", "Empty: the document's currency"))
period = field("Период", "Period", default="month")
every = field(
    "Каждый N-й период",
    "Every N periods",
    default="1",
    ge=1,
    le=1200,
    hint=("1 — каждый период, 2 — через один", "1: every period, 2: every second one"),
)
month_end = field(
    "Если такого числа в месяце нет",
    "When a month has no such day",
    default="clip",
    hint=(
        "31-го числа нет в апреле: последний день, всегда конец месяца или пропуск",
        "There is no 31 April: the last day, always the month's end, or skip",
    ),
)
REMAINDER = Words("Куда остаток от деления", "Where the remainder goes")
remainder = field(
    REMAINDER.ru,
    REMAINDER.en,
    hint=(
        "Пусто — по копейке первым, а с округлением — в последнюю часть",
        "Empty: a unit each to the first, with a rounding unit all to the last",
    ),
)
rounding_unit = field(
    "Округлять части до",
    "Round parts to",
    default="0",
    hint=("Например 100 — части кратны ста; 0 — до копейки", "Such as 100: parts in hundreds; 0: no rounding"),
)
shift = field("Если дата — выходной", "When the date is a day off", default="following")
remind_days_before = field(
    "Напомнить за, дней",
    "Remind, days before",
    default="3",
    join=",",
    hint=("Например 7, 3, 1; «no» — не напоминать", "Such as 7, 3, 1; no: never"),
)
item = field(
    "Другой элемент CRM",
    "Another CRM item",
    hint=(
        "Например D_5, SI_7 или T412_15; пусто — документ робота",
        "Such as D_5, SI_7 or T412_15; empty: the robot's own document",
    ),
)
update_document = field("Записать в документ", "Write to the document", default="Y")
payment_key = field(
    "Ключ платежа",
    "Payment key",
    hint=(
        "С одним ключом действие выполняется один раз; пусто — ключ составит робот",
        "With one key it is done once; empty: the robot makes the key",
    ),
)

# No decree has settled these years' transfers of days off yet: a working day to pay may still move.
projected_years = result("Годы, где рабочие дни — прогноз", "Years whose working days are a projection", default=[])

REMINDERS_REFUSED = Words(
    "Всё сделано, но напоминания портал не принял", "All is done, but the portal refused the reminders"
)
REMIND_LABEL = Words("Напомнить за, дней", "Remind, days before")
MOST_REMINDERS = 10
FURTHEST_REMINDER = 365


def read_reminders(text: str) -> tuple[int, ...]:
    """`7, 3, 1` as days before, the furthest first; `no` as none. Raises Refusal."""
    words = [word for word in re.split(r"[,;\s]+", text.strip().lower()) if word]
    if words in (["no"], ["нет"], ["n"], ["off"]):
        return ()
    if not words or len(words) > MOST_REMINDERS or not all(re.fullmatch(r"\d{1,3}", word) for word in words):
        raise refuse(
            REMIND_LABEL,
            text,
            "bad_reminders",
            ru="перечислите дни через запятую, например 7, 3, 1, или «no»",
            en="list days with commas, such as 7, 3, 1, or no",
        )
    days = {int(word) for word in words}
    if max(days) > FURTHEST_REMINDER:
        raise refuse(
            REMIND_LABEL,
            text,
            "bad_reminders",
            ru=f"напоминание — не раньше чем за {FURTHEST_REMINDER} дней",
            en=f"a reminder is at most {FURTHEST_REMINDER} days ahead",
        )
    return tuple(sorted(days, reverse=True))
