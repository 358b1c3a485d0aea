"""A portal's own days: an operator brings them in a file, and every robot there counts with them."""

from pathlib import Path

import pytest

from handlers import create_app
from tests.service import RunningService

DEAL = 2


def set_calendar(service: RunningService, file: Path) -> str:
    runner = create_app(service.built).test_cli_runner()
    result = runner.invoke(args=["portals", "set", service.portal.member_id, "--calendar", str(file)])
    assert result.exit_code in (0, 1)
    return result.output


def due_date(service: RunningService) -> str:
    deal = service.portal.add(DEAL, title="Завод", opportunity="100.00")
    built = service.run("build_payment_schedule", DEAL, deal, plan="full", first_date="09.11.2026", save="N")
    return str(built["row_due_dates"][0])


def test_a_day_off_of_the_portals_own_moves_payments_until_it_is_taken_back(
    service: RunningService, tmp_path: Path
) -> None:
    assert due_date(service) == "2026-11-09"
    own = tmp_path / "days.txt"
    own.write_text("09.11.2026 выходной  # инвентаризация\n")
    assert "2026-11-09" in set_calendar(service, own)
    assert due_date(service) == "2026-11-10"
    own.write_text("")
    set_calendar(service, own)
    assert due_date(service) == "2026-11-09"


@pytest.mark.parametrize(
    ("written", "said"), [(b"09.11.2026 maybe", "Line 1"), (b"\xff\xfe", "no text"), (b"9 off", "9")]
)
def test_a_file_that_cannot_be_read_changes_nothing(
    service: RunningService, tmp_path: Path, written: bytes, said: str
) -> None:
    own = tmp_path / "days.txt"
    own.write_bytes(written)
    assert said in set_calendar(service, own)
    assert due_date(service) == "2026-11-09"
