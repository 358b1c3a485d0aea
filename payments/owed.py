"""Whether a charge that brought no money yet may still be taken: what a schedule knows of the payment behind it."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from payments.rows_paid import is_of_row, known_rows
from schemas.binding import Binding
from storage.model import Charge, Portal, Schedule, ScheduleRow


def is_owed(session: Session, charge: Charge) -> bool:
    """False where its row is paid in another way, or another schedule took the place of the row's.

    From our rows alone: the CRM is not asked. Of what is no schedule's payment nothing is known here, and it is owed.
    """
    for schedule in _schedules_of(session, charge):
        for one in known_rows(session, schedule):
            if charge.key in one.keys and is_of_row(charge, schedule, one.row):
                return schedule.state == "current" and not one.is_paid
    return True


def _schedules_of(session: Session, charge: Charge) -> list[Schedule]:
    """Those of its document, or of the row that its document shows; the current one first."""
    whose = Schedule.document == charge.document
    item_id = _payments_item(charge.document, session.get_one(Portal, charge.portal_id).fields.get("payments_type"))
    if item_id is not None:
        of_row = select(ScheduleRow.schedule_id).where(
            ScheduleRow.portal_id == charge.portal_id, ScheduleRow.item_id == item_id
        )
        whose = or_(whose, Schedule.id.in_(of_row))
    query = select(Schedule).where(Schedule.portal_id == charge.portal_id, whose)
    return list(session.scalars(query.order_by(Schedule.state, Schedule.id.desc())))


def _payments_item(document: str, process: int | None) -> int | None:
    try:
        binding = Binding.parse(document)
    except ValueError:
        return None
    return binding.item_id if binding.entity_type_id == process else None
