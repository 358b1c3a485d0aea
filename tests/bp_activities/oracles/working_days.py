"""Working days of the Russian five-day production calendar, and the four shifts.

The years 2019 and 2022 to 2027 are the official calendars, day by day as the decrees of the Government left them; any
other year is asked of the `holidays` package.
"""

from datetime import date, timedelta

from holidays import country_holidays

SHIFTS = ["following", "modified_following", "preceding", "none"]
# Days off from Monday to Friday, month.day.
DAYS_OFF = {
    2019: "1.1 1.2 1.3 1.4 1.7 1.8 3.8 5.1 5.2 5.3 5.9 5.10 6.12 11.4",
    2022: "1.3 1.4 1.5 1.6 1.7 2.23 3.7 3.8 5.2 5.3 5.9 5.10 6.13 11.4",
    2023: "1.2 1.3 1.4 1.5 1.6 2.23 2.24 3.8 5.1 5.8 5.9 6.12 11.6",
    2024: "1.1 1.2 1.3 1.4 1.5 1.8 2.23 3.8 4.29 4.30 5.1 5.9 5.10 6.12 11.4 12.30 12.31",
    2025: "1.1 1.2 1.3 1.6 1.7 1.8 5.1 5.2 5.8 5.9 6.12 6.13 11.3 11.4 12.31",
    2026: "1.1 1.2 1.5 1.6 1.7 1.8 1.9 2.23 3.9 5.1 5.11 6.12 11.4 12.31",
    2027: "1.1 1.4 1.5 1.6 1.7 1.8 2.22 2.23 3.8 5.3 5.10 6.14 11.4 11.5 12.31",
}
WORKING_SATURDAYS = {
    date(2022, 3, 5),
    date(2024, 4, 27),
    date(2024, 11, 2),
    date(2024, 12, 28),
    date(2025, 11, 1),
    date(2027, 2, 20),
}
OTHER_YEARS = country_holidays("RU")


def is_working(day: date) -> bool:
    if day.year not in DAYS_OFF:
        return OTHER_YEARS.is_working_day(day)
    if day.weekday() >= 5:
        return day in WORKING_SATURDAYS
    return f"{day.month}.{day.day}" not in DAYS_OFF[day.year].split()


def nearest_working(day: date, step: int) -> date:
    while not is_working(day):
        day += timedelta(days=step)
    return day


def shifted(day: date, shift: str) -> date:
    if shift == "none":
        return day
    if shift == "preceding":
        return nearest_working(day, -1)
    following = nearest_working(day, 1)
    if shift == "modified_following" and following.month != day.month:
        return nearest_working(day, -1)
    return following


def projected_years(due: list[date]) -> list[int]:
    """Years of payment whose calendar no government decree has settled yet."""
    return sorted({day.year for day in due if day.year > max(DAYS_OFF)})
