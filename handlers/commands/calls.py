"""`calls list | show | retry | cancel`: every robot call, its state and why."""

import json

import click
from sqlalchemy import select, update

from handlers.commands._commands import Commands
from handlers.commands._number import COUNT, NUMBER
from handlers.commands._portal import portal_id_of, services
from storage.model import Call, CallConflict

group = Commands("calls", help="Calls of robots.")

UNFINISHED = ("accepted", "waiting", "answering")
STATES = (*UNFINISHED, "running", "delivered", "dead", "cancelled")


@group.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only calls in this state.")
@click.option("--portal", "member_id", help="Only calls of this portal.")
@click.option("--last", type=COUNT, default=50, show_default=True, help="How many, the newest first.")
def list_(state: str | None, member_id: str | None, last: int) -> None:
    """The newest calls: number, when, robot, document, state, outcome, reason."""
    query = select(Call).order_by(Call.id.desc()).limit(last)
    if state:
        query = query.where(Call.state == state)
    if member_id:
        query = query.where(Call.portal_id == portal_id_of(member_id))
    with services().database.read() as session:
        calls = session.scalars(query).all()
        if not calls:
            click.echo("No such call.", err=True)
        for call in calls:
            document = call.document_id[-1] if call.document_id else "-"
            outcome = " ".join(part for part in (call.result_status, call.error_code) if part)
            click.echo(
                f"{call.id:>6}  {call.received_at:%Y-%m-%d %H:%M:%S}  {call.code}  {document}  "
                f"{call.state}  {outcome}  {call.reason}".rstrip()
            )


@group.command("show")
@click.argument("call_id", type=NUMBER)
def show(call_id: int) -> None:
    """One call whole: its properties, its runs, its answer and what the portal said."""
    with services().database.read() as session:
        call = _call(session.get(Call, call_id), call_id)
        conflicts = session.scalars(select(CallConflict).where(CallConflict.call_id == call_id)).all()
    for name, value in (
        ("call", call.id),
        ("robot", call.code),
        ("document", " ".join(map(str, call.document_id))),
        ("workflow", call.workflow_id),
        ("received", call.received_at.isoformat()),
        ("deadline", call.deadline_at.isoformat() if call.deadline_at else "none"),
        ("state", call.state),
        ("reason", call.reason or "-"),
        ("next run", call.due_at.isoformat() if call.state in UNFINISHED else "-"),
        ("runs", call.run),
        ("sends", call.sends),
        ("last reply", call.last_reply or "-"),
        ("properties", json.dumps(call.properties, ensure_ascii=False)),
        ("answer", _shown_answer(call.answer)),
    ):
        click.echo(f"{name:12}{value}")
    for conflict in conflicts:
        click.echo(
            f"conflict    {conflict.received_at.isoformat()} {json.dumps(conflict.properties, ensure_ascii=False)}"
        )


@group.command("retry")
@click.argument("call_id", type=NUMBER)
def retry(call_id: int) -> None:
    """A dead letter goes again: a stored answer is sent as it is, else the robot runs again."""
    at_hand = services()
    with at_hand.database.write() as session:
        call = _call(session.get(Call, call_id, with_for_update=True), call_id)
        if call.state != "dead":
            raise click.ClickException(f"call {call_id} is {call.state}: only a dead letter is sent again")
        call.state = "answering" if call.answer is not None else "accepted"
        call.due_at, call.finished_at, call.failures = at_hand.now(), None, 0
        call.reason = "sent again by an operator"
    click.echo(f"Call {call_id} goes again.")


@group.command("cancel")
@click.argument("call_id", type=NUMBER)
def cancel(call_id: int) -> None:
    """A call that has not ended is not run any more; its workflow gets no answer from us."""
    at_hand = services()
    with at_hand.database.write() as session:
        changed = session.execute(
            update(Call)
            .where(Call.id == call_id, Call.state.in_((*UNFINISHED, "dead")))
            .values(state="cancelled", reason="cancelled by an operator", finished_at=at_hand.now())
            .returning(Call.id)
        ).first()
        if changed is None:
            state = _call(session.get(Call, call_id), call_id).state
            raise click.ClickException(f"call {call_id} is {state}: it cannot be cancelled now")
    click.echo(f"Call {call_id} is cancelled.")


def _call(call: Call | None, call_id: int) -> Call:
    if call is None:
        raise click.ClickException(f"there is no call {call_id}: `calls list` shows the newest")
    return call


def _shown_answer(answer: str | None) -> str:
    """What the workflow gets; the event token in the stored body is a secret and stays out."""
    if answer is None:
        return "none yet"
    return json.dumps(json.loads(answer)["RETURN_VALUES"], ensure_ascii=False)
