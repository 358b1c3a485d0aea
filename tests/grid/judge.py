"""The verdict on one case: the acquirer's operations, our ledger and what the call was told are one story."""

from collections.abc import Iterator

from sqlalchemy import select

from billing.ledger import check_ledger
from billing.orders import ChargeResult
from billing.settlement import OPEN
from calculations.refusal import Refusal
from gateways import Reason
from storage.model import LedgerEntry, ReceiptRow, Refund, SavedCard
from tests.grid.table import Row
from tests.grid.world import GridWorld

PART = 1_000_000  # what an operator wants given back


def judge_charge(world: GridWorld, row: Row) -> list[str]:
    """What is wrong, in words; nothing when the card was charged at most once and everybody knows how it ended."""
    return [*judge_money(world), *_end(world, row), *_answer(world, row)]


def judge_money(world: GridWorld) -> Iterator[str]:
    """At most one charge, and the ledger says what the acquirer says."""
    taken = world.operations("charge")
    if len(taken) > 1:
        yield f"charged {len(taken)} times: {taken}"
    report = check_ledger(world.database)
    yield from report.problems
    known = {attempt.order_number for attempt in world.attempts() if attempt.state == "succeeded"}
    booked = booked_at_acquirer(world)
    at_acquirer = sum(one.amount for one in taken if one.number in known) - sum(
        one.amount for one in world.operations("refund") if one.number in known
    )
    if booked != at_acquirer:
        yield f"the ledger has {booked}, the acquirer {at_acquirer}"
    paid_for = {one.number for one in taken}
    if not known <= paid_for:
        yield f"{known - paid_for} are paid by our rows and not at the acquirer"


def booked_at_acquirer(world: GridWorld) -> int:
    with world.database.read() as session:
        lines = session.scalars(select(LedgerEntry).where(LedgerEntry.account.startswith("acquirer:"))).all()
    return sum(line.amount for line in lines)


def _end(world: GridWorld, row: Row) -> Iterator[str]:
    [charge] = world.charges()
    taken = world.operations("charge")
    wanted = {"paid": ("succeeded", 1), "refused": ("declined", 0), "operator": ("open", 1)}[row.end]
    if (charge.state, len(taken)) != wanted:
        tries = [(one.state, one.reason, one.decline_code) for one in world.attempts()]
        yield f"ends as {charge.state} with {len(taken)} operations instead of {wanted}: {tries}"
    if row.end == "operator":
        reasons = [attempt.reason for attempt in world.attempts() if attempt.state == "unknown"]
        if not any(str(one.amount) in reason for one in taken for reason in reasons):
            yield f"nobody is told that another sum was taken: {reasons}"
    elif charge.id not in world.told():
        yield "the outbox never told of it"


def _answer(world: GridWorld, row: Row) -> Iterator[str]:
    assert world.caller is not None
    answer, [charge] = world.caller.answer, world.charges()
    if answer is None:
        yield "the call was never answered"
    elif isinstance(answer, Refusal):
        yield f"the call was refused: {answer.en}"
    elif row.end == "operator":
        if answer.status != "unknown":
            yield f"the call was told {answer.status} of an amount that is for a person to look at"
    elif answer.status == "succeeded":
        yield from _figures(world, answer)
    elif answer.status != "declined":
        yield f"the call was told {answer.status}"
    elif charge.state == "succeeded" and answer.next_attempt_date is None and not answer.payment_link:
        yield "the call was told of a decline without a next try, and there was one"
    elif row.decline is None and "needs_client" not in _ends(row) and not _ran_out(world, row, answer):
        yield f"the call was told of a decline that no bank made: {answer.decline_code}"


def _ran_out(world: GridWorld, row: Row, answer: ChargeResult) -> bool:
    """Whether it is the acquirer's word on an order whose time ran out: its process died, or it could not be closed."""
    reason = world.gateways[world.code].reason_of(answer.decline_code)
    left_open = world.was_killed or "void" in row.turns
    return left_open and reason is Reason.ORDER_EXPIRED and answer.next_attempt_date is not None


def judge_page(world: GridWorld, row: Row) -> list[str]:
    """What is wrong after a client was sent to pay in person and agreed to keep the card."""
    return [*judge_money(world), *_page_end(world, row)]


def _page_end(world: GridWorld, row: Row) -> Iterator[str]:
    [charge] = world.charges()
    taken = world.operations("charge")
    wanted = {"paid": ("succeeded", 1), "operator": ("open", 1), "waiting": ("open", 0)}[row.end]
    tries = [(one.state, one.reason, one.decline_code) for one in world.attempts()]
    if (charge.state, len(taken)) != wanted:
        yield f"ends as {charge.state} with {len(taken)} operations instead of {wanted}: {tries}"
    if row.end == "waiting" and any(one.state in OPEN for one in world.attempts()):
        yield f"a page that nobody paid is never closed: {tries}"
    if row.end == "paid" and charge.id not in world.told():
        yield "the outbox never told of it"
    with world.database.read() as session:
        saved = session.scalars(select(SavedCard).where(SavedCard.customer == "C_9")).all()
    [method] = {one.method for one in world.attempts()}
    never_told = method in world.stage.told_by_notice and any(
        one.notice == "never" for one in row.turns.get("page", ())
    )
    wanted_cards = 1 if method in world.stage.keeps and not never_told else 0
    if row.end == "paid" and len(saved) != wanted_cards:
        yield f"{len(saved)} cards are saved instead of {wanted_cards}"


def judge_refund(world: GridWorld, row: Row) -> list[str]:
    """What is wrong after an operator wanted a part given back once."""
    return [*judge_money(world), *_refund_end(world, row)]


def _refund_end(world: GridWorld, row: Row) -> Iterator[str]:
    given = [one.amount for one in world.operations("refund")]
    with world.database.read() as session:
        refunds = session.scalars(select(Refund).order_by(Refund.id)).all()
    stand = [(one.state, one.reason) for one in refunds]
    done: tuple[list[int], str] = ([PART], "succeeded")
    refused: tuple[list[int], str] = ([], "declined")
    # A refusal that was not heard leaves no trace at some acquirers: whoever asks again may be followed.
    allowed = [done] if row.end == "paid" else [refused] if len(refunds) == 1 else [done, refused]
    if (given, refunds[-1].state) not in allowed:
        yield f"given back {given} instead of {allowed}: {stand}"


def judge_receipt(world: GridWorld, row: Row) -> list[str]:
    """What is wrong after a thing that was paid in advance was given."""
    made = world.stage.receipts(world.acquirer) - 1  # the payment has its own
    with world.database.read() as session:
        states = list(session.scalars(select(ReceiptRow.state).where(ReceiptRow.kind == "closing")))
    problems = list(judge_money(world))
    if made > 1:
        problems.append(f"{made} closing receipts were made")
    if len(states) != 1 or states[0] == "planned":
        problems.append(f"the closing receipt stands as {states}")
    if made == 0 and states == ["done"]:
        problems.append("a closing receipt is said to be made and is not")
    return problems


def _ends(row: Row) -> set[str]:
    return {turn.end for turns in row.turns.values() for turn in turns}


def _figures(world: GridWorld, answer: ChargeResult) -> Iterator[str]:
    taken = [(one.amount, one.currency) for one in world.operations("charge")]
    if taken != [(answer.amount.minor, answer.amount.currency)]:
        yield f"the call was told {answer.amount}, the acquirer took {taken}"
    if answer.charged_at is None or not answer.gateway_payment_id:
        yield "the call was told neither when nor under which number"


def judge_another_call(world: GridWorld) -> Iterator[str]:
    """What is wrong when a second workflow asks for the same key: no money may move for it."""
    before = world.money()
    try:
        second = world.charging.charge(world.new_order())
    except Refusal as refusal:
        yield f"another call was refused: {refusal.en}"
        return
    if world.money() != before:
        yield "another call with the same key moved money"
    [charge] = world.charges()
    if second.charge_id != charge.id:
        yield "another call was told of another charge"
    if charge.state == "succeeded" and second.status != "skipped":
        yield f"another call was told {second.status} instead of skipped"
