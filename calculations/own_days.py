"""A portal's own working days and days off, as an operator writes them down for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from calculations.dates_text import Culture, parse_date
from calculations.refusal import Refusal, shown

_WORKING = frozenset({"working", "рабочий"})
_OFF = frozenset({"off", "выходной"})
_LINE = re.compile(r"(?P<day>\S+?)(?:\s*[;,]\s*|\s+)(?P<kind>\S+)")


@dataclass(frozen=True, slots=True)
class OwnDays:
    """Days that differ from the production calendar; none is in both."""

    working: frozenset[date] = frozenset()
    off: frozenset[date] = frozenset()

    @classmethod
    def stored(cls, days: Mapping[str, Sequence[str]]) -> "OwnDays":
        """From `as_stored`; an empty map is no days."""
        return cls(*(frozenset(map(date.fromisoformat, days.get(kind, ()))) for kind in ("working", "off")))

    @property
    def as_stored(self) -> dict[str, list[str]]:
        """ISO dates in order, under `working` and `off`."""
        return {
            "working": [day.isoformat() for day in sorted(self.working)],
            "off": [day.isoformat() for day in sorted(self.off)],
        }


def parse_own_days(text: str) -> OwnDays:
    """A day a line: `31.12.2027 off`, `2027-11-06; working` (`выходной`, `рабочий`); `#` begins a remark.

    Refusals: `days_not_understood`, `calendar_conflict`, both with the number of the line, and those of a date.
    """
    kinds: dict[date, bool] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        day, is_working = _read(number, said)
        if kinds.setdefault(day, is_working) != is_working:
            raise Refusal(
                "calendar_conflict",
                ru=f"Строка {number}: день {day} уже назван иначе: оставьте его либо рабочим, либо выходным",
                en=f"Line {number}: {day} was said to be the other kind before: leave one",
            )
    return OwnDays(
        working=frozenset(day for day, is_working in kinds.items() if is_working),
        off=frozenset(day for day, is_working in kinds.items() if not is_working),
    )


def _read(number: int, said: str) -> tuple[date, bool]:
    found = _LINE.fullmatch(said)
    kind = found["kind"].casefold() if found else ""
    if found is None or kind not in _WORKING | _OFF:
        raise Refusal(
            "days_not_understood",
            ru=f"Строка {number} «{shown(said)}» не прочитана: напишите, например, 31.12.2027 выходной",
            en=f'Line {number} "{shown(said)}" was not understood: write, for example, 31.12.2027 off',
        )
    return parse_date(found["day"], Culture.day_month_year), kind in _WORKING
