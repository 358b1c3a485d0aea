"""The table of outcomes: what an acquirer does with the first requests of a charge, in words all acquirers share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sandbox.acquirers.turns import Manner, Turn

Class = Literal["soft", "hard", "no_reason", "unlisted"]
End = Literal["paid", "refused", "operator", "waiting"]

IN_TIME, TOO_LATE = 20.0, 40.0  # seconds of a slow answer: a request ends after 30


@dataclass(frozen=True)
class Row:
    """`turns` by verb, used up one a request; every later request is followed as usual, so a later try is paid.

    `decline`: the class of refusal whose code goes into the first turn that declines. `end`: how it stands when
    everything has run again; `operator`: the acquirer took another sum, and a person has to look; `waiting`: the client
    never paid, and still may.
    """

    name: str
    turns: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)
    end: End = "paid"
    decline: Class | None = None
    slow_seconds: float = IN_TIME


def _charge(name: str, turn: Turn, end: End = "paid", decline: Class | None = None, slow: float = IN_TIME) -> Row:
    return Row(name, {"charge": (turn,)}, end, decline, slow)


def _after_a_lost_answer(verb: str, turn: Turn) -> Row:
    """The money moved, nobody heard, and asking meets trouble as well."""
    lost = Turn(answer="cut_after", notice="never")
    return Row(f"lost answer, then {verb} {turn.answer}", {"charge": (lost,), verb: (turn, turn)})


def _placing(turn: Turn) -> Row:
    return Row(f"placing {turn.end} {turn.answer}", {"start": (turn,)})


def _closing(turn: Turn) -> Row:
    """Placed and never paid: what closes such an order meets trouble."""
    return Row(f"lost request, then void {turn.answer}", {"charge": (Turn(answer="cut_before"),), "void": (turn, turn)})


CHARGES = (
    _charge("paid", Turn()),
    _charge("declined softly", Turn("declined"), decline="soft"),
    _charge("declined for good", Turn("declined"), "refused", "hard"),
    _charge("declined without a reason", Turn("declined"), decline="no_reason"),
    _charge("declined by a code nobody knows", Turn("declined"), decline="unlisted"),
    _charge("3-D Secure asked", Turn("needs_client")),
    _charge("3-D Secure asked, the answer lost", Turn("needs_client", answer="cut_after")),
    _charge("pending, then paid", Turn("pending_paid")),
    _charge("pending, then paid, the answer lost", Turn("pending_paid", answer="cut_after")),
    _charge("pending, then paid, never a notice", Turn("pending_paid", notice="never")),
    _charge("pending, then paid, notice twice", Turn("pending_paid", notice="twice")),
    _charge("pending, then declined", Turn("pending_declined"), decline="soft"),
    _charge("pending, then declined, error 500", Turn("pending_declined", answer="error_500"), decline="soft"),
    _charge("slow", Turn(answer="slow")),
    _charge("slower than we wait", Turn(answer="slow"), slow=TOO_LATE),
    _charge("slower than we wait, declined", Turn("declined", answer="slow"), "refused", "hard", TOO_LATE),
    _charge("cut before", Turn(answer="cut_before")),
    _charge("cut after", Turn(answer="cut_after")),
    _charge("cut after, never a notice", Turn(answer="cut_after", notice="never")),
    _charge("cut after, notice before", Turn(answer="cut_after", notice="before")),
    _charge("cut after a soft decline", Turn("declined", answer="cut_after"), decline="soft"),
    _charge("cut after a hard decline", Turn("declined", answer="cut_after"), "refused", "hard"),
    _charge("error 500 with effect", Turn(answer="error_500")),
    _charge("error 500 without effect", Turn("nothing", answer="error_500")),
    _charge("html", Turn(answer="html")),
    _charge("html without effect", Turn("nothing", answer="html")),
    _charge("busy", Turn(answer="busy")),
    _charge("notice twice", Turn(notice="twice")),
    _charge("notice before the answer", Turn(notice="before")),
    _charge("notice before the answer of a decline", Turn("declined", notice="before"), decline="soft"),
    _charge("a stale notice after the new one", Turn(notice="stale")),
    _charge("a stale notice after a decline", Turn("declined", notice="stale"), "refused", "hard"),
    _charge("a forged notice", Turn(notice="forged")),
    _charge("a forged notice of a pending charge", Turn("pending_paid", notice="forged")),
    _charge("never any notice", Turn(notice="never")),
    _charge("a wrong amount", Turn(extra=1), "operator"),
    _charge("a wrong amount, the answer lost", Turn(answer="cut_after", extra=100), "operator"),
    Row("declined softly, then busy", {"charge": (Turn("declined"), Turn(answer="busy"))}, decline="soft"),
    Row("declined softly, then lost", {"charge": (Turn("declined"), Turn(answer="cut_after"))}, decline="soft"),
    Row("busy twice", {"charge": (Turn(answer="busy"), Turn(answer="busy"))}),
    Row("cut before twice", {"charge": (Turn(answer="cut_before"), Turn(answer="cut_before"))}),
    *[_placing(Turn(answer=answer)) for answer in ("cut_before", "cut_after", "error_500", "html", "busy", "slow")],
    *[_after_a_lost_answer("fetch", Turn(answer=how)) for how in ("cut_before", "cut_after", "error_500", "html")],
    _after_a_lost_answer("fetch", Turn(answer="busy")),
    *[_closing(Turn(answer=answer)) for answer in ("cut_before", "cut_after", "error_500", "html", "busy")],
)


def _page(name: str, turn: Turn, end: End = "paid", decline: Class | None = None) -> Row:
    return Row(name, {"page": (turn,)}, end, decline)


_TRAVELS: tuple[Manner, ...] = ("cut_before", "cut_after", "error_500", "html", "busy")

PAGES = (
    _page("paid", Turn()),
    _page("declined, then paid", Turn("declined"), decline="soft"),
    _page("declined for good, then paid with another card", Turn("declined"), decline="hard"),
    _page("3-D Secure asked and failed, then paid", Turn("needs_client")),
    _page("pending, then paid", Turn("pending_paid")),
    _page("pending, then declined, then paid", Turn("pending_declined"), decline="soft"),
    _page("notice twice", Turn(notice="twice")),
    _page("notice before the page's answer", Turn(notice="before")),
    _page("a stale notice after the new one", Turn(notice="stale")),
    _page("a forged notice", Turn(notice="forged")),
    _page("never any notice", Turn(notice="never")),
    _page("a wrong amount", Turn(extra=1), "operator"),
    _page("the client's answer lost", Turn(answer="cut_after", notice="never")),
    *[Row(f"placing {answer}", {"start": (Turn(answer=answer),)}) for answer in _TRAVELS],
    *[Row(f"looking up {answer}", {"fetch": (Turn(answer=answer),) * 2}) for answer in _TRAVELS],
)
A_CLIENT_WHO_LEAVES = Row("the client leaves", {}, "waiting")


def _refund(name: str, turn: Turn, end: End = "paid", slow: float = IN_TIME) -> Row:
    return Row(name, {"refund": (turn,)}, end, slow_seconds=slow)


REFUNDS = (
    _refund("given back", Turn()),
    _refund("refused", Turn("declined"), "refused"),
    _refund("slow", Turn(answer="slow")),
    _refund("slower than we wait", Turn(answer="slow"), slow=TOO_LATE),
    *[_refund(answer, Turn(answer=answer)) for answer in _TRAVELS],
    _refund("error 500 without effect", Turn("nothing", answer="error_500")),
    _refund("notice twice", Turn(notice="twice")),
    _refund("notice before the answer", Turn(notice="before")),
    _refund("never any notice", Turn(notice="never")),
    _refund("pending, then given back", Turn("pending_paid")),
    *[
        Row(
            f"lost answer, then fetch {answer}",
            {"refund": (Turn(answer="cut_after"),), "fetch": (Turn(answer=answer),) * 2},
        )
        for answer in _TRAVELS
    ],
)

RECEIPTS = (
    Row("made"),
    Row("refused", {"receipt": (Turn("declined"),)}),
    *[Row(answer, {"receipt": (Turn(answer=answer),)}) for answer in _TRAVELS],
)
