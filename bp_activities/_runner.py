"""The road of a stored call: robot, answer, sending; every step may be the last of its process and is then repeated.

The row is the truth. A run works only while the row is `running` under its own number; every way it can end is
written to the row, so nothing is raised to the engine.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import case, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from bitrix24.errors import AnswerLost, PortalUnavailable, Refused, RestError, TryLater
from bitrix24.portals import Portals
from bitrix24.workflow import Reply, ReplyKind, add_comment, has_comment, send_answer
from bp_activities._answer import Answer, failed
from bp_activities._call import Call
from bp_activities._catalogue import robot_of
from bp_activities._declaration import Robot, Wait
from bp_activities._inbox import CRASHED, ENDS
from payments.effects import begin_effect, drop_effect, find_effect, finish_effect
from schemas.binding import Binding
from schemas.declaration import Words
from storage.database import Database
from storage.model import Call as CallRow
from storage.model import Portal

log = logging.getLogger(__name__)

Delays = tuple[timedelta, ...]


def _seconds(*delays: int) -> Delays:
    return tuple(timedelta(seconds=delay) for delay in delays)


# A portal that is in trouble for longer than a day has an operator's attention; the workflow is told before.
WORK_DELAYS = _seconds(2, 10, 30, 120, 600, 1800, 3600, 3600, 3600, 3600)
SEND_DELAYS = _seconds(1, 5, 30, 120, 600, 3600, 6 * 3600, 86400, 86400, 86400, 86400)
LOCKED_DELAYS = _seconds(1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800, 3600)
REFUSED_SENDS = 3  # an answer the portal refuses for a reason we do not know is sent again so many times
MOST_CRASHES = 10  # a robot whose process died so often in a row is not started again
PENDING_BEFORE = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=24)
LONGEST_REASON = 500
OWN_TROUBLE = "trouble of our own, see the log"
GONE = "the workflow is over, nobody waits for the answer"
GONE_LATER = "the workflow is over: an earlier send of this answer let it go on, or it was stopped"

UNKNOWN_ROBOT = Words(
    "Робота {code} в приложении больше нет: удалите этот шаг из процесса или обновите приложение",
    "The app has no robot {code} any more: remove this step from the process or update the app",
)
DEADLINE_PASSED = Words(
    "Время ожидания этого шага вышло раньше, чем робот начал: ничего не сделано, запустите шаг ещё раз",
    "This step's waiting time was over before the robot began: nothing was done, start the step again",
)
DEADLINE_PASSED_AT_WORK = Words(
    "Время ожидания этого шага вышло раньше, чем робот закончил. Посмотрите в документе, что уже сделано, и запустите "
    "шаг ещё раз, если чего-то не хватает",
    "This step's waiting time was over before the robot had finished. See in the document what is done already, and "
    "start the step again if something is missing",
)
PORTAL_UNAVAILABLE = Words(
    "Портал не дал роботу закончить: {reason}. Посмотрите в документе, что уже сделано, и запустите шаг ещё раз, если "
    "чего-то не хватает",
    "The portal did not let the robot finish: {reason}. See in the document what is done already, and start the step "
    "again if something is missing",
)
PORTAL_REFUSED = Words(
    "Портал отказал роботу: {reason}. Проверьте права приложения и поля документа и запустите шаг ещё раз",
    "The portal refused: {reason}. Check the app's rights and the document's fields and start the step again",
)
INTERNAL_ERROR = Words(
    "Внутренняя ошибка робота, обращение {reference}: сообщите администратору и не повторяйте платёж без проверки",
    "Internal error of the robot, reference {reference}: tell the administrator before repeating a payment",
)
COMMENT = Words(
    "Робот «{robot}» не выполнен. {text} (вызов {call})",
    "Robot “{robot}” did not succeed. {text} (call {call})",
)


class Runner:
    """`open_call` builds what a robot sees from a row; `step` is told each labelled step as it is passed.

    run_started, robot_done, answer_fixed, sending, sent, comment_begun, commented, finished.
    """

    def __init__(
        self,
        database: Database,
        portals: Portals,
        open_call: Callable[[CallRow], Call],
        now: Callable[[], datetime],
        step: Callable[[str], None] = lambda _name: None,
        robots: Callable[[str], Robot | None] = robot_of,
    ) -> None:
        self._database = database
        self._portals = portals
        self._open_call = open_call
        self._now = now
        self._step = step
        self._robots = robots

    def run(self, call_id: int, run: int) -> None:
        """One run of a call; does nothing when the row has gone on without it."""
        row = self._row(call_id, run)
        if row is None:
            return
        try:
            self._step("run_started")
            if row.answer is None:
                if not self._work(row):
                    return
            elif not self._count_send(row):
                return
            self._end(row)
        except Exception:
            log.exception("call %s run %s broke", call_id, run)
            self._note_own_trouble(row)

    # --- the robot ---

    def _work(self, row: CallRow) -> bool:
        """Run the robot and fix its answer in the row; False when the call is put off."""
        robot = self._robots(row.code)
        language = self._language(row)
        if robot is None:
            return self._fix(row, failed("unknown_robot", _with(UNKNOWN_ROBOT, code=row.code), language))
        if row.reason == CRASHED and row.failures >= MOST_CRASHES:
            return self._fix(row, _internal_error(robot, row, language))
        if row.deadline_at is not None and self._now() >= row.deadline_at:
            words = DEADLINE_PASSED if row.run == 1 else DEADLINE_PASSED_AT_WORK
            return self._fix(row, robot.complete(failed("deadline_passed", words, language)))
        try:
            answer = robot.answer(row.properties, self._open_call(row))
        except Wait as wait:
            return self._wait(row, wait)
        except (TryLater, AnswerLost, PortalUnavailable) as trouble:
            return self._put_off(row, robot, trouble, language)
        except Refused as refusal:
            words = _with(PORTAL_REFUSED, reason=str(refusal))
            return self._fix(row, robot.complete(failed("portal_refused", words, language)))
        except (DBAPIError, NoConnection):
            raise  # our own database is in trouble: nothing is known of what was done, so the same again later
        except Exception:
            log.exception("robot %s broke, reference %s", row.code, _reference(row))
            return self._fix(row, _internal_error(robot, row, language))
        return self._fix(row, answer)

    def _wait(self, row: CallRow, wait: Wait) -> bool:
        last = _last_moment(row)
        if self._now() >= last:
            return self._fix(row, wait.answer)
        # Woken while it was at work: what it waits for has happened since.
        due_at = case((CallRow.due_at > row.due_at, self._now()), else_=min(wait.until, last))
        self._leave(row, state="waiting", due_at=due_at, failures=0, reason=wait.reason)
        return False

    def _put_off(self, row: CallRow, robot: Robot, trouble: RestError, language: str) -> bool:
        """The portal is in trouble: the same again later, as long as the workflow may wait."""
        until = self._after(WORK_DELAYS, min(_failures(row), len(WORK_DELAYS) - 1), trouble)
        if until >= _last_moment(row):
            words = _with(PORTAL_UNAVAILABLE, reason=str(trouble))
            return self._fix(row, robot.complete(failed("portal_unavailable", words, language)))
        self._leave(row, state="waiting", due_at=until, failures=_failures(row) + 1, reason=str(trouble))
        return False

    def _fix(self, row: CallRow, answer: Answer) -> bool:
        """Write the answer into the row, and that it is about to be sent: from here on it never changes."""
        self._step("robot_done")
        body = answer.body(row.event_token)
        sends = 1 if row.use_subscription else 0
        if not self._change(
            row,
            answer=body,
            result_status=answer.status,
            error_code=answer.error_code,
            sends=sends,
            failures=0,
            reason="",
        ):
            return False
        row.answer, row.result_status, row.sends, row.failures, row.reason = body, answer.status, sends, 0, ""
        self._step("answer_fixed")
        return True

    # --- the answer ---

    def _count_send(self, row: CallRow) -> bool:
        if not row.use_subscription:
            return True
        row.sends += 1
        return self._change(row, sends=row.sends)

    def _end(self, row: CallRow) -> None:
        """Send the stored answer, tell people in the document when it is a failure, and write down how it went."""
        reply = self._send(row) if row.use_subscription else None
        if row.result_status == "failed":
            self._tell_people(row)
        if reply is None:
            self._finish(row, "delivered", "the step does not wait for an answer")
        elif isinstance(reply, Reply):
            self._settle(row, reply)
        else:
            self._again(row, SEND_DELAYS, reply, f"delivery unknown: {reply}")
        self._step("finished")

    def _send(self, row: CallRow) -> Reply | RestError:
        self._step("sending")
        try:
            reply = send_answer(self._portals.open(row.portal_id), str(row.answer))
        except (TryLater, AnswerLost, PortalUnavailable) as trouble:
            return trouble
        self._step("sent")
        return reply

    def _settle(self, row: CallRow, reply: Reply) -> None:
        if reply.kind is ReplyKind.delivered:
            self._finish(row, "delivered", "", reply.text)
        elif reply.kind is ReplyKind.gone and row.sends > 1:
            self._finish(row, "delivered", GONE_LATER, reply.text)
        elif reply.kind is ReplyKind.gone:
            self._finish(row, "dead", GONE, reply.text)
        elif reply.kind is ReplyKind.forged:
            self._finish(row, "dead", f"the portal does not accept the answer: {reply.text}", reply.text)
        elif reply.kind is ReplyKind.locked:
            self._again(row, LOCKED_DELAYS, reply, f"the workflow stayed locked: {reply.text}")
        else:
            self._again(row, SEND_DELAYS[:REFUSED_SENDS], reply, f"the portal refuses the answer: {reply.text}")

    def _tell_people(self, row: CallRow) -> None:
        """A comment in the document's timeline, once; whether it works or not, the workflow has its answer."""
        key = f"comment:{row.id}"
        before = find_effect(self._database, row.portal_id, key, row.id)
        if before and before.done:
            return
        begun = before or begin_effect(self._database, row.portal_id, key, row.id, {}, self._now())
        self._step("comment_begun")
        try:
            self._comment(row, look_first=before is not None)
        except (TryLater, PortalUnavailable) as trouble:
            log.warning("call %s: no comment in the timeline yet: %s", row.id, trouble)
            drop_effect(self._database, begun)
            return
        except (RestError, ValueError) as trouble:
            log.warning("call %s: no comment in the timeline: %s", row.id, trouble)
        self._step("commented")
        finish_effect(self._database, begun.id, {})

    def _comment(self, row: CallRow, *, look_first: bool) -> None:
        """Raises RestError, and ValueError for a document that has no timeline."""
        language = self._language(row)
        robot = self._robots(row.code)
        said = COMMENT.in_language(language).format(
            robot=robot.name.in_language(language) if robot else row.code,
            text=json.loads(str(row.answer))["RETURN_VALUES"]["error_text"],
            call=row.id,
        )
        document = Binding.of_document(str(row.document_id[-1]))
        client = self._portals.open(row.portal_id)
        if look_first and has_comment(client, document, said):
            return
        add_comment(client, document, said)

    # --- the row ---

    def _again(self, row: CallRow, delays: Delays, said: Reply | RestError, dead_reason: str) -> None:
        """The same bytes once more after the next of these delays; after the last one an operator has to look."""
        text = said.text if isinstance(said, Reply) else str(said)
        tries = _failures(row)
        if tries >= len(delays):
            self._finish(row, "dead", dead_reason, text)
            return
        due_at = self._after(delays, tries, said)
        self._leave(row, state="answering", due_at=due_at, failures=tries + 1, reason=text, last_reply=_kept(text))

    def _note_own_trouble(self, row: CallRow) -> None:
        """Trouble of ours must not leave a workflow hanging: the call comes again, and in the end it is answered."""
        tries = _failures(row)
        if tries < len(WORK_DELAYS):
            state = "waiting" if row.answer is None else "answering"
            due_at = self._now() + WORK_DELAYS[tries]
            self._leave(row, state=state, due_at=due_at, failures=tries + 1, reason=OWN_TROUBLE)
        elif row.answer is None and self._fix(row, _internal_error(self._robots(row.code), row, self._language(row))):
            self._leave(row, state="answering", due_at=self._now(), failures=0, reason=OWN_TROUBLE)
        else:
            self._finish(row, "dead", OWN_TROUBLE)

    def _after(self, delays: Delays, tries: int, said: Reply | RestError) -> datetime:
        """The next delay, or the moment the portal named if that is later."""
        due_at = self._now() + delays[tries]
        until = said.until if isinstance(said, TryLater) else None
        return max(due_at, until) if until else due_at

    def _row(self, call_id: int, run: int) -> CallRow | None:
        with self._database.read() as session:
            return session.scalar(
                select(CallRow).where(CallRow.id == call_id, CallRow.run == run, CallRow.state == "running")
            )

    def _language(self, row: CallRow) -> str:
        with self._database.read() as session:
            return session.scalars(select(Portal.language).where(Portal.id == row.portal_id)).one()

    def _finish(self, row: CallRow, state: str, reason: str, reply: str = "") -> None:
        told = {"last_reply": _kept(reply)} if reply else {}
        self._change(row, state=state, reason=_kept(reason), finished_at=self._now(), worker="", **told)

    def _leave(self, row: CallRow, *, reason: str, **values: object) -> None:
        """Put the call off; a portal that is no more does not wait for it."""
        with self._database.read() as session:
            portal_state = session.scalars(select(Portal.state).where(Portal.id == row.portal_id)).one()
        if portal_state in ENDS:
            self._finish(row, *ENDS[portal_state])
            return
        self._change(row, worker="", reason=_kept(reason), **values)

    def _change(self, row: CallRow, **values: object) -> bool:
        """Write to the row if this run is still its current one."""
        with self._database.write() as session:
            changed = session.execute(
                update(CallRow)
                .where(CallRow.id == row.id, CallRow.run == row.run, CallRow.state == "running")
                .values(**values)
                .returning(CallRow.id)
                .execution_options(synchronize_session=False)
            )
            return changed.first() is not None


def _failures(row: CallRow) -> int:
    """Passing troubles in a row; crashes are counted in the same place, but they are another matter."""
    return 0 if row.reason == CRASHED else row.failures


def _last_moment(row: CallRow) -> datetime:
    """Until when the workflow may wait for a better answer."""
    return (row.deadline_at or row.received_at + LONGEST_WAIT) - PENDING_BEFORE


def _reference(row: CallRow) -> str:
    return f"{row.id}-{row.run}"


def _internal_error(robot: Robot | None, row: CallRow, language: str) -> Answer:
    answer = failed("internal_error", _with(INTERNAL_ERROR, reference=_reference(row)), language)
    return robot.complete(answer) if robot else answer


def _with(words: Words, **said: str) -> Words:
    return Words(words.ru.format(**said), words.en.format(**said))


def _kept(text: str) -> str:
    """As much of a foreign text as a row takes; PostgreSQL keeps no NUL."""
    return text.replace("\x00", "")[:LONGEST_REASON]
