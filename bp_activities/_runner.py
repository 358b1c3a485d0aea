"""The road of a stored call: robot, answer, sending; every step may be the last of its process and is then repeated.

The row is the truth. A run works only while the row is `running` under its own number; every way it can end is
written to the row, so nothing is raised to the engine.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from bitrix24.errors import AnswerLost, PortalUnavailable, Refused, RestError, TryLater
from bitrix24.portals import Portals
from bitrix24.workflow import Reply, ReplyKind, add_comment, send_answer
from bp_activities._answer import Answer, failed
from bp_activities._call import Call
from bp_activities._catalogue import robot_of
from bp_activities._declaration import Robot, Wait
from payments.effects import begin_effect, finish_effect
from schemas.binding import Binding
from schemas.declaration import Words
from storage.database import Database
from storage.model import Call as CallRow
from storage.model import Portal

log = logging.getLogger(__name__)

# A portal that is in trouble for longer than a day has an operator's attention; the workflow is told before.
WORK_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 30, 120, 600, 1800, 3600, 3600, 3600, 3600))
SEND_DELAYS = tuple(
    timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 3600, 6 * 3600, 86400, 86400, 86400, 86400)
)
LOCKED_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800, 3600))
REFUSED_SENDS = 3  # an answer the portal refuses for a reason we do not know is tried so many times
PENDING_BEFORE = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=24)
LONGEST_REASON = 500
OWN_TROUBLE = "trouble of our own, see the log"

UNKNOWN_ROBOT = Words(
    "Робота {code} в приложении больше нет: удалите этот шаг из процесса или обновите приложение",
    "The app has no robot {code} any more: remove this step from the process or update the app",
)
DEADLINE_PASSED = Words(
    "Время ожидания этого шага вышло раньше, чем робот начал: ничего не сделано, запустите шаг ещё раз",
    "This step's waiting time was over before the robot began: nothing was done, start the step again",
)
PORTAL_UNAVAILABLE = Words(
    "Портал не дал роботу поработать: {reason}. Ничего не потеряно, запустите шаг ещё раз",
    "The portal did not let the robot work: {reason}. Start the step again",
)
PORTAL_REFUSED = Words(
    "Портал отказал роботу: {reason}. Проверьте права приложения и поля документа и запустите шаг ещё раз",
    "The portal refused: {reason}. Check the app's rights and the document's fields and start the step again",
)
INTERNAL_ERROR = Words(
    "Внутренняя ошибка робота, обращение {reference}: сообщите администратору и не повторяйте платёж без проверки",
    "Internal error of the robot, reference {reference}: tell the administrator before repeating a payment",
)
NO_LONGER_WAITED = Words("Ответа ещё нет: {reason}", "No answer yet: {reason}")
COMMENT = Words(
    "Робот «{robot}» не выполнен. {text}",
    "Robot “{robot}” did not succeed. {text}",
)


class Runner:
    """`open_call` builds what a robot sees from a row; `step` is told each labelled step as it is passed."""

    def __init__(
        self,
        database: Database,
        portals: Portals,
        open_call: Callable[[CallRow], Call],
        now: Callable[[], datetime],
        step: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._database = database
        self._portals = portals
        self._open_call = open_call
        self._now = now
        self._step = step

    def run(self, call_id: int, run: int) -> None:
        """One run of a call; does nothing when the row has gone on without it."""
        row = self._row(call_id, run)
        if row is None:
            return
        try:
            self._step("run_started")
            if row.answer is None and not self._work(row):
                return
            if row.result_status == "failed":
                self._comment(row)
            self._answer(row)
        except Exception:
            # Trouble of ours must not leave the call running for ever: it comes again, and then an operator sees it.
            log.exception("call %s run %s broke", call_id, run)
            self._again(
                row, WORK_DELAYS, "trouble of our own, see the log", dead_reason="trouble of our own, see the log"
            )

    # --- the robot ---

    def _work(self, row: CallRow) -> bool:
        """Run the robot and fix its answer in the row; False when the call is put off."""
        robot = robot_of(row.code)
        language = self._portals.facts(row.portal_id).language
        if robot is None:
            words = Words(UNKNOWN_ROBOT.ru.format(code=row.code), UNKNOWN_ROBOT.en.format(code=row.code))
            return self._fix(row, failed("unknown_robot", words, language))
        if row.deadline_at is not None and self._now() >= row.deadline_at:
            return self._fix(row, robot.complete(failed("deadline_passed", DEADLINE_PASSED, language)))
        try:
            answer = robot.answer(row.properties, self._open_call(row))
        except Wait as wait:
            return self._wait(row, wait)
        except (TryLater, AnswerLost, PortalUnavailable) as trouble:
            return self._put_off(row, robot, trouble, language)
        except Refused as refusal:
            words = _with(PORTAL_REFUSED, reason=str(refusal))
            return self._fix(row, robot.complete(failed("portal_refused", words, language)))
        except DBAPIError:
            raise  # our own database is in trouble: nothing is known of what was done, so the same again later
        except Exception:
            reference = f"{row.id}-{row.run}"
            log.exception("robot %s broke, reference %s", row.code, reference)
            words = _with(INTERNAL_ERROR, reference=reference)
            return self._fix(row, robot.complete(failed("internal_error", words, language)))
        return self._fix(row, answer)

    def _wait(self, row: CallRow, wait: Wait) -> bool:
        last = (row.deadline_at or row.received_at + LONGEST_WAIT) - PENDING_BEFORE
        if self._now() >= last:
            return self._fix(row, wait.answer)
        self._leave(row, state="waiting", due_at=min(wait.until, last), failures=0, reason=wait.code)
        return False

    def _put_off(self, row: CallRow, robot: Robot, trouble: RestError, language: str) -> bool:
        """The portal is in trouble: the same again later, as long as the workflow may wait."""
        last = (row.deadline_at or row.received_at + LONGEST_WAIT) - PENDING_BEFORE
        delay = WORK_DELAYS[min(row.failures, len(WORK_DELAYS) - 1)]
        until = getattr(trouble, "until", None) or self._now() + delay
        if until >= last:
            words = _with(PORTAL_UNAVAILABLE, reason=str(trouble))
            return self._fix(row, robot.complete(failed("portal_unavailable", words, language)))
        self._leave(row, state="waiting", due_at=until, failures=row.failures + 1, reason=str(trouble))
        return False

    def _fix(self, row: CallRow, answer: Answer) -> bool:
        """Write the answer into the row: from here on it never changes."""
        self._step("robot_done")
        body = answer.body(row.event_token)
        if not self._change(
            row, answer=body, result_status=answer.status, error_code=answer.error_code, failures=0, reason=""
        ):
            return False
        row.answer, row.result_status = body, answer.status
        self._step("answer_fixed")
        return True

    def _comment(self, row: CallRow) -> None:
        """Tell people in the document, once; whether it works or not, the workflow gets its answer."""
        begun = begin_effect(self._database, row.portal_id, f"comment:{row.id}", row.id, {}, self._now())
        if begun.done:
            return
        language = self._portals.facts(row.portal_id).language
        robot = robot_of(row.code)
        text = json.loads(str(row.answer))["RETURN_VALUES"]["error_text"]
        said = COMMENT.in_language(language).format(
            robot=robot.name.in_language(language) if robot else row.code, text=text
        )
        try:
            document = Binding.of_document(str(row.document_id[-1]))
            add_comment(self._portals.open(row.portal_id), document, said)
        except (RestError, ValueError) as error:
            log.warning("call %s: no comment in the timeline: %s", row.id, error)
        finish_effect(self._database, begun.id, {})

    # --- the answer ---

    def _answer(self, row: CallRow) -> None:
        if not row.use_subscription:
            self._finish(row, "delivered", "the step does not wait for an answer")
            return
        if not self._change(row, sends=row.sends + 1):
            return
        self._step("sending")
        try:
            reply = send_answer(self._portals.open(row.portal_id), str(row.answer))
        except (TryLater, AnswerLost, PortalUnavailable) as trouble:
            self._again(row, SEND_DELAYS, str(trouble), dead_reason=f"delivery unknown: {trouble}")
            return
        self._step("sent")
        self._settle(row, reply)

    def _settle(self, row: CallRow, reply: Reply) -> None:
        self._change(row, last_reply=reply.text[:LONGEST_REASON])
        if reply.kind is ReplyKind.delivered:
            self._finish(row, "delivered", "")
        elif reply.kind is ReplyKind.gone:
            self._finish(row, "dead", f"the workflow is over, nobody waits for the answer: {reply.text}")
        elif reply.kind is ReplyKind.forged:
            self._finish(row, "dead", f"the portal does not accept the answer: {reply.text}")
        elif reply.kind is ReplyKind.locked:
            self._again(row, LOCKED_DELAYS, reply.text, dead_reason=f"the workflow stayed locked: {reply.text}")
        else:
            self._again(
                row, SEND_DELAYS[:REFUSED_SENDS], reply.text, dead_reason=f"the portal refuses the answer: {reply.text}"
            )

    # --- the row ---

    def _again(self, row: CallRow, delays: tuple[timedelta, ...], reason: str, *, dead_reason: str) -> None:
        if row.failures >= len(delays):
            self._finish(row, "dead", dead_reason)
            return
        self._leave(
            row,
            state="answering" if row.answer is not None else "waiting",
            due_at=self._now() + delays[row.failures],
            failures=row.failures + 1,
            reason=reason,
        )

    def _row(self, call_id: int, run: int) -> CallRow | None:
        with self._database.read() as session:
            return session.scalar(
                select(CallRow).where(CallRow.id == call_id, CallRow.run == run, CallRow.state == "running")
            )

    def _finish(self, row: CallRow, state: str, reason: str) -> None:
        self._change(row, state=state, reason=reason[:LONGEST_REASON], finished_at=self._now(), worker="")

    def _leave(self, row: CallRow, **values: object) -> None:
        """Put the call off; in a portal that has removed the application nobody waits for it any more."""
        with self._database.read() as session:
            removed = session.scalar(select(Portal.state).where(Portal.id == row.portal_id)) == "uninstalled"
        if removed:
            self._finish(row, "cancelled", "the application was removed from the portal")
            return
        values["reason"] = str(values["reason"])[:LONGEST_REASON]
        self._change(row, worker="", **values)

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


def _with(words: Words, **said: str) -> Words:
    return Words(words.ru.format(**said), words.en.format(**said))
