"""What processes of one run share: a clock that can be moved, whether faults are on, and the orders they race for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from billing.orders import ChargeOrder
from calculations.money import Money
from storage.database import Database
from storage.model import Call
from tests.billing.world import Clock

WAITS = timedelta(days=2)


class SharedClock(Clock):
    """The machine's clock moved forward by as many bytes as there are in a file: one a second, only ever added to."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._seconds, self._calm, self._kills = folder / "seconds", folder / "calm", folder / "kills"
        self._seconds.touch()
        self._kills.touch()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._seconds.stat().st_size)

    def forward(self, **by: float) -> None:
        with self._seconds.open("ab") as file:
            file.write(b"." * int(timedelta(**by).total_seconds()))

    def count_kill(self) -> None:
        with self._kills.open("ab") as file:
            file.write(b".")

    @property
    def kills(self) -> int:
        return self._kills.stat().st_size

    @property
    def faults_on(self) -> bool:
        return not self._calm.exists()

    def calm(self) -> None:
        self._calm.touch()


def orders_of(database: Database) -> list[ChargeOrder]:
    """An order for every call whose workflow is a number: that of its key."""
    with database.read() as session:
        calls = session.scalars(select(Call).order_by(Call.id)).all()
    return [
        ChargeOrder(
            portal_id=call.portal_id,
            key=f"due:{call.workflow_id}",
            call_id=call.id,
            document="D_5",
            customer="C_5",
            amount=Money(100_000 + int(call.workflow_id), "RUB"),
            description="Payment",
            deadline_at=call.received_at + WAITS,
        )
        for call in calls
        if call.workflow_id.isdecimal()
    ]
