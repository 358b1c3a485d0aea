"""Totals: by counterparty, by contract, and of a month that begins and ends at the portal's own midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from calculations.totals import DateField, Payment, Total, by_counterparty, month_window, of_month, remaining_principal
from tests.calculations.refusals import refused

MOSCOW, VLADIVOSTOK = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Vladivostok")
ZONES = [MOSCOW, VLADIVOSTOK, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")]

SINCE = datetime(1995, 1, 1, tzinfo=UTC)


def paid(
    minor: int, currency: str = "RUB", counterparty: str = "CO_1", contract: str = "D_1", **dates: object
) -> Payment:
    money = Money(minor, currency)
    return Payment(counterparty=counterparty, contract=contract, amount=money, principal=money, **dates)  # type: ignore[arg-type]  # dates by their names


def test_a_counterpartys_total_is_less_its_refunds_which_are_no_payments() -> None:
    totals = by_counterparty(
        [paid(10_000), paid(5_000), paid(-3_000), paid(700, counterparty="C_5"), paid(900, currency="USD")]
    )
    assert totals == {
        ("CO_1", "RUB"): Total(Money(12_000, "RUB"), 2),
        ("C_5", "RUB"): Total(Money(700, "RUB"), 1),
        ("CO_1", "USD"): Total(Money(900, "USD"), 1),
    }


def test_what_is_left_of_a_contract_is_what_was_lent_less_the_principal_that_came_back() -> None:
    lent = {"D_1": Money(100_000, "RUB"), "D_2": Money(50_000, "RUB")}
    with_interest = Payment(
        counterparty="CO_1", contract="D_1", amount=Money(11_000, "RUB"), principal=Money(10_000, "RUB")
    )
    left = remaining_principal(
        lent, [with_interest, paid(-4_000), paid(60_000, contract="D_2"), paid(1, contract="D_9")]
    )
    assert left == {"D_1": Money(94_000, "RUB"), "D_2": Money(-10_000, "RUB")}


def test_a_payment_in_another_currency_than_its_contract_is_refused() -> None:
    with refused("currency_mismatch", "USD"):
        remaining_principal({"D_1": Money(100, "RUB")}, [paid(1, currency="USD")])


def test_one_moment_may_be_in_two_months_by_two_zones() -> None:
    payments = [paid(100, paid_at=datetime(2026, 1, 31, 15, tzinfo=UTC))]  # 18:00 in Moscow, 1 February in Vladivostok
    one = {"RUB": Total(Money(100, "RUB"), 1)}
    assert of_month(payments, 2026, 1, DateField.paid_at, MOSCOW) == one
    assert of_month(payments, 2026, 1, DateField.paid_at, VLADIVOSTOK) == {}
    assert of_month(payments, 2026, 2, DateField.paid_at, VLADIVOSTOK) == one


def test_the_month_of_a_shifted_payment_depends_on_the_date_that_is_asked_for() -> None:
    # 31.12.2026 is a day off: the contract's December payment is due in January.
    payments = [paid(100, contract_date=date(2026, 12, 31), due_date=date(2027, 1, 11))]
    for zone in (MOSCOW, VLADIVOSTOK):
        assert of_month(payments, 2026, 12, DateField.contract_date, zone) == {"RUB": Total(Money(100, "RUB"), 1)}
        assert of_month(payments, 2026, 12, DateField.due_date, zone) == {}
        assert of_month(payments, 2027, 1, DateField.due_date, zone) == {"RUB": Total(Money(100, "RUB"), 1)}
        assert of_month(payments, 2026, 12, DateField.paid_at, zone) == {}


@pytest.mark.parametrize(
    ("zone", "year", "month", "hours"),
    [
        ("Europe/Berlin", 2026, 3, 31 * 24 - 1),  # summer time begins on the 29th
        ("Europe/Berlin", 2026, 10, 31 * 24 + 1),
        ("Europe/Moscow", 2026, 3, 31 * 24),
        ("Europe/Moscow", 2011, 3, 31 * 24 - 1),  # summer time for good
        ("Europe/Moscow", 2014, 10, 31 * 24 + 1),  # winter time for good
        ("Asia/Novosibirsk", 2016, 7, 31 * 24 - 1),  # an hour ahead on the 24th
    ],
)
def test_a_month_is_as_long_as_its_zone_made_it(zone: str, year: int, month: int, hours: int) -> None:
    start, end = month_window(year, month, ZoneInfo(zone))
    assert end - start == timedelta(hours=hours)
    assert start.astimezone(ZoneInfo(zone)).hour == end.astimezone(ZoneInfo(zone)).hour == 0


@given(
    st.integers(0, 55 * 365 * 86_400).map(lambda seconds: SINCE + timedelta(seconds=seconds)), st.sampled_from(ZONES)
)
def test_every_moment_is_in_exactly_the_month_that_the_zones_calendar_shows(moment: datetime, zone: ZoneInfo) -> None:
    local = moment.astimezone(zone)
    start, end = month_window(local.year, local.month, zone)
    assert start <= moment < end
    assert month_window(local.year + local.month // 12, local.month % 12 + 1, zone)[0] == end


@given(
    st.lists(st.tuples(st.sampled_from(["C_1", "C_2"]), st.integers(-1_000, 1_000), st.sampled_from(["RUB", "JPY"])))
)
def test_totals_add_up_to_all_the_payments(rows: list[tuple[str, int, str]]) -> None:
    totals = by_counterparty(paid(minor, currency, counterparty=who) for who, minor, currency in rows)
    for currency in ("RUB", "JPY"):
        together = sum(total.amount.minor for (_, code), total in totals.items() if code == currency)
        assert together == sum(minor for _, minor, code in rows if code == currency)
    assert sum(total.count for total in totals.values()) == sum(1 for _, minor, _ in rows if minor > 0)
