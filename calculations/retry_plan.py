"""When a declined charge is tried again, or why never: our own few days, within what card schemes and SBP allow.

Sources: Visa Core Rules of April 2026, table 7-2 (20 further tries in 30 days, 15 before May 2025); Mastercard's
limits on excessive attempts (10 a day, 35 in 30 days for one card and sum); what is held safe for an account bound in
SBP (once an hour, five times a day). Mir publishes no number: its cards have our own limits only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from calculations.refusal import Refusal

DAYS = (1, 3, 5, 7)
"""After how many days from the first try a soft decline is tried again, unless a portal has its own policy."""

MOST_DAYS = 30  # the stretch of time in which card schemes count tries

MINUTES = (15, 60, 240)
"""After how many minutes a technical failure is tried again within the day."""

BETWEEN_TRIES = timedelta(hours=24)
CIVIL_FROM, CIVIL_TO = time(9), time(21)
"""The hours of the client's day in which money may be taken: a message from the bank wakes nobody."""


class Decline(StrEnum):
    """`hard`: this card never; `soft`: the bank may say yes on another day; `technical`: it could not ask."""

    hard = "hard"
    soft = "soft"
    technical = "technical"


class Instrument(StrEnum):
    """What is charged; `card` is one whose scheme nobody told us."""

    visa = "visa"
    mastercard = "mastercard"
    mir = "mir"
    sbp = "sbp"
    card = "card"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` of one instrument and sum, the first one counted, `within` any such stretch of time."""

    instrument: Instrument
    tries: int
    within: timedelta
    valid_from: date


LIMITS = (
    Limit(Instrument.visa, 16, timedelta(days=30), date.min),
    Limit(Instrument.visa, 21, timedelta(days=30), date(2025, 5, 25)),
    Limit(Instrument.mastercard, 10, timedelta(days=1), date.min),
    Limit(Instrument.mastercard, 35, timedelta(days=30), date.min),
    Limit(Instrument.sbp, 1, timedelta(hours=1), date.min),
    Limit(Instrument.sbp, 5, timedelta(days=1), date.min),
)


def parse_days(text: str) -> tuple[int, ...]:
    """`1, 3, 5, 7`, or `no` for none. Raises Refusal: bad_retry_days."""
    if text.strip().casefold() in ("no", "нет"):
        return ()
    parts = text.replace(",", " ").split()
    days = tuple(int(part) for part in parts if part.isdecimal())
    rising = all(earlier < later for earlier, later in pairwise(days))
    if not days or len(days) != len(parts) or not rising or not 1 <= days[0] <= days[-1] <= MOST_DAYS:
        raise Refusal(
            "bad_retry_days",
            ru=f"«{text}» — не дни повторов: напишите возрастающие числа от 1 до {MOST_DAYS}, например 1, 3, 5, 7; "
            "no — без повторов",
            en=f"“{text}” are no days of further tries: write rising numbers from 1 to {MOST_DAYS}, such as "
            "1, 3, 5, 7; no for none",
        )
    return days


@dataclass(frozen=True, slots=True)
class Retry:
    """`at` is the next moment (aware, UTC), None for never; `code` and the sentences say why."""

    at: datetime | None
    code: str
    ru: str
    en: str


def plan_retry(
    decline: Decline,
    tries: Sequence[datetime],
    *,
    now: datetime,
    zone: ZoneInfo,
    days: Sequence[int] = DAYS,
    instrument: Instrument = Instrument.card,
    has_consent: bool = True,
    expires_on: date | None = None,
    technical_failures: int = 0,
    elsewhere: Sequence[datetime] = (),
    planned: datetime | None = None,
    by_plan: Sequence[datetime] | None = None,
) -> Retry:
    """The next try of a series whose last outcome is known to be final.

    `tries`: when the instrument was asked for this sum (aware), oldest first, the one just declined last; at least
    one. `zone`: the client's. `days`: the portal's policy, rising; none: nothing is tried again. `expires_on`: the
    last day the card is good. `technical_failures`: so many in a row. `elsewhere`: when the instrument was declined
    for this sum in other series; they count for the limits only. `planned`: the moment that stands already; no sooner
    than a day after the last try. `by_plan`: where a person asked for tries in between, when those of the plan were
    made: each has used one of the days up, and the others are put off and not lost.
    """
    if not tries:
        raise ValueError("a series of tries has a first one")
    if not has_consent:
        return _never("consent_withdrawn", "Клиент отозвал согласие", "The client withdrew the consent")
    if decline is Decline.hard:
        return _never("hard_decline", "Банк запретил повторять эту карту", "The bank forbids this card for good")
    if not days:
        return _never("policy", "На портале повторы выключены", "The portal has switched further tries off")
    moments = _moments(decline, tries, now, zone, days, technical_failures, planned, by_plan)
    for moment, code, ru, en in moments:
        if expires_on and moment.astimezone(zone).date() > expires_on:
            return _never("card_expired", f"Карта действует до {expires_on}", f"The card is good until {expires_on}")
        if not _above_limits(instrument, [*elsewhere, *tries, moment]):
            return Retry(moment, code, ru, en)
    if moments:
        return _never(
            "limit_reached",
            f"Правила «{instrument}» не дают повторять эту сумму чаще",
            f"The rules of {instrument} allow no more tries of this sum",
        )
    return _never("plan_used_up", f"Сделаны все повторы ({len(days)})", f"All {len(days)} further tries were made")


def _moments(
    decline: Decline,
    tries: Sequence[datetime],
    now: datetime,
    zone: ZoneInfo,
    days: Sequence[int],
    technical_failures: int,
    planned: datetime | None,
    by_plan: Sequence[datetime] | None,
) -> list[tuple[datetime, str, str, str]]:
    """The moments there are still to come, soonest first, each with its reason."""
    found: list[tuple[datetime, str, str, str]] = []
    soonest = civil(tries[-1] + BETWEEN_TRIES, zone)
    if planned:
        found.append((max(planned, soonest), "planned", "Повтор был запланирован", "A further try was planned"))
    elif decline is Decline.technical and 0 < technical_failures <= len(MINUTES):
        moment = max(tries[-1] + timedelta(minutes=MINUTES[technical_failures - 1]), now)
        found.append((civil(moment, zone), "technical", "Банк не смог ответить", "The bank could not answer"))
    on_days = [civil(tries[0] + timedelta(days=count), zone) for count in days]
    if by_plan is None:
        left = [moment for moment in on_days if moment > now and moment >= tries[-1] + BETWEEN_TRIES]
    else:
        left = [max(moment, soonest) for moment in _not_used_up(on_days, by_plan)]
    for count, moment in zip(days[len(days) - len(left) :], left, strict=True):
        found.append((moment, "soft_decline", f"Повтор через {count} дн.", f"Tried again after {count} days"))
    return found


def _not_used_up(on_days: Sequence[datetime], by_plan: Sequence[datetime]) -> Sequence[datetime]:
    used = 0
    for moment in by_plan:
        used += used < len(on_days) and on_days[used] <= moment
    return on_days[used:]


def civil(moment: datetime, zone: ZoneInfo) -> datetime:
    """The same moment in UTC, or the morning after where it falls into the night of that zone."""
    local = moment.astimezone(zone)
    if local.time() < CIVIL_FROM:
        return datetime.combine(local.date(), CIVIL_FROM, zone).astimezone(UTC)
    if local.time() >= CIVIL_TO:
        return datetime.combine(local.date() + timedelta(days=1), CIVIL_FROM, zone).astimezone(UTC)
    return moment.astimezone(UTC)


def _above_limits(instrument: Instrument, tries: Sequence[datetime]) -> bool:
    """Whether the last of these tries would be one too many."""
    last = tries[-1]
    known = [one for one in LIMITS if one.instrument is instrument and one.valid_from <= last.date()]
    valid = {one.within: one for one in sorted(known, key=lambda one: one.valid_from)}
    return any(sum(1 for moment in tries if moment > last - limit.within) > limit.tries for limit in valid.values())


def _never(code: str, ru: str, en: str) -> Retry:
    return Retry(
        None,
        code,
        f"{ru}: повторов не будет, попросите клиента о другой карте или отправьте ссылку.",
        f"{en}: no further try is made, ask the client for another card or send a link.",
    )
