"""Faults by which a service like this charges twice, loses money or tells lies, each planted; the suite must notice."""

from dataclasses import dataclass

CHARGES, REFUNDS = "tests/grid/test_charges.py", "tests/grid/test_refunds.py"
CROWDS, LATE = "tests/interleavings", "tests/billing/test_kill.py"
LOOK_UPS = "tests/billing/test_look_ups.py"
IN_PERSON = "tests/billing/test_in_person.py"


@dataclass(frozen=True, slots=True)
class Edit:
    """In `file` of billing/ the text `old`, which stands there once, becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class MoneyFault:
    """`tests` should fail then: a path, and which of its tests are tried."""

    name: str
    edits: tuple[Edit, ...]
    tests: str
    which: str


NOT_ONLY_CREATED = (
    Edit(
        "attempts.py",
        'if attempt.state != "created":\n                return None\n            if attempt.saved',
        'if attempt.state not in ("created", "sent"):\n                return None\n            if attempt.saved',
    ),
    Edit(
        "attempts.py",
        '.where(ChargeAttempt.id == attempt_id, ChargeAttempt.state == "created")',
        '.where(ChargeAttempt.id == attempt_id, ChargeAttempt.state.in_(("created", "sent")))',
    ),
)

MONEY_FAULTS = (
    MoneyFault(
        "a try is sent without the conditional update",
        NOT_ONLY_CREATED,
        CROWDS,
        "two_workers and (sandbox or tbank)",
    ),
    MoneyFault(
        "a try that was sent is sent again when its process was killed",
        (
            *NOT_ONLY_CREATED,
            Edit(
                "intents.py",
                'if last and last.state == "created" and',
                'if last and last.state in ("created", "sent") and',
            ),
        ),
        CROWDS,
        "two_workers and (sandbox or tbank)",
    ),
    MoneyFault(
        "every try has a fresh order number",
        (Edit("intents.py", "charge.key, spent_numbers(attempts) + 1)", "charge.key, len(attempts) + 1)"),),
        LATE,
        "late",
    ),
    MoneyFault(
        "an answer that did not come is taken for a request that was not sent",
        (
            Edit(
                "attempts.py",
                "self._settlement.leave_unknown(attempt_id, why)\n        return None",
                "return self._settlement.close_unsent(attempt_id, why)",
            ),
            Edit("intents.py", "charge.key, spent_numbers(attempts) + 1)", "charge.key, len(attempts) + 1)"),
        ),
        CHARGES,
        "sandbox and cut",
    ),
    MoneyFault(
        "nobody looks up what is unknown",
        (Edit("charges.py", "(self.reconciliation.look_up_due, self", "(self.refunds.look_up_due, self"),),
        CHARGES,
        "sandbox and cut",
    ),
    MoneyFault(
        "an unknown outcome becomes a failure when asking fails, and the next try has a fresh number",
        (
            Edit("intents.py", "charge.key, spent_numbers(attempts) + 1)", "charge.key, len(attempts) + 1)"),
            Edit(
                "reconciliation.py",
                "self._note(question, trouble)\n            return True",
                'self._settlement.close_unsent(attempt_id, "too old")\n            return True',
            ),
        ),
        CHARGES,
        "sandbox and lost",
    ),
    MoneyFault(
        "an order is closed as not sent while its request may still be on its way",
        (
            Edit(
                "reconciliation.py",
                "provable=never_heard_of and request_is_over,",
                "provable=never_heard_of,",
            ),
            Edit("attempts.py", "look_up_at=now + 2 * REQUEST_LIMIT)", "look_up_at=now)"),
            Edit("intents.py", "charge.key, spent_numbers(attempts) + 1)", "charge.key, len(attempts) + 1)"),
        ),
        LOOK_UPS,
        "while_its_request_is_on_its_way",
    ),
    MoneyFault(
        "a paid answer is believed whatever its sum",
        (Edit("settlement.py", "problem = _mismatch(attempt, payment)", 'problem = ""'),),
        CHARGES,
        "sandbox and amount",
    ),
    MoneyFault(
        "a later word moves what was paid",
        (
            Edit(
                "settlement.py",
                'if attempt.state == "succeeded":',
                'if attempt.state == "succeeded" and payment.outcome is not Outcome.SUCCEEDED:',
            ),
        ),
        CROWDS,
        "two_workers and (sandbox or tbank)",
    ),
    MoneyFault(
        "the ledger is written when the request is sent",
        (
            Edit(
                "attempts.py",
                "return errand if won else None",
                "book_charge(session, charge, attempt, now)\n            return errand",
            ),
            Edit(
                "attempts.py",
                "from billing.receipts import receipt_of_try",
                "from billing.ledger import book_charge\nfrom billing.receipts import receipt_of_try",
            ),
            Edit("settlement.py", "        book_charge(session, charge, attempt, now)\n", ""),
        ),
        CHARGES,
        "sandbox and declined",
    ),
    MoneyFault(
        "money that is found is not booked",
        (Edit("settlement.py", "        book_charge(session, charge, attempt, now)\n", ""),),
        CHARGES,
        "sandbox and paid",
    ),
    MoneyFault(
        "the outbox is not told of a payment",
        (
            Edit(
                "settlement.py",
                "self.keep_stored(session, attempt, payment.stored_card)\n"
                '        note_settled(session, charge, "payment_received", now, attempt=attempt)',
                "self.keep_stored(session, attempt, payment.stored_card)",
            ),
        ),
        CHARGES,
        "sandbox and pending",
    ),
    MoneyFault(
        "a card that was refused for good is tried again",
        (
            Edit("settlement.py", 'if kind == "hard" or charge.retry == "none" or', 'if charge.retry == "none" or'),
            Edit("card_standing.py", "        if moment >= entered_at:", "        if False:"),
        ),
        CHARGES,
        "sandbox and declined",
    ),
    MoneyFault(
        "a planned try that was surely not sent is never made again",
        (
            Edit(
                "settlement.py",
                'charge.state, charge.next_attempt_at = "declined", again_at',
                'charge.state, charge.next_attempt_at = "declined", None',
            ),
        ),
        CHARGES,
        "sandbox and busy",
    ),
    MoneyFault(
        "an order that was placed and not paid stays open for ever",
        (Edit("reconciliation.py", "payment.outcome is Outcome.REGISTERED and question.idle", "False"),),
        IN_PERSON,
        "placed_and_not_paid",
    ),
    MoneyFault(
        "a refund has a fresh number each time it is asked for",
        (
            Edit(
                "refunds.py",
                "begun = _known(session, charge_id, key, amount) or _begun(session, charge_id, amount)",
                "begun = None",
            ),
            Edit("refunds.py", 'spent = sum(refund.state != "not_sent" for refund in refunds)', "spent = len(refunds)"),
            Edit("refunds.py", "taken_back = isinstance(trouble, NotSent | Misconfigured)", "taken_back = True"),
        ),
        REFUNDS,
        "sandbox",
    ),
    MoneyFault(
        "a refund whose answer did not come is asked for again",
        (
            Edit("refunds.py", "taken_back = isinstance(trouble, NotSent | Misconfigured)", "taken_back = True"),
            Edit("refunds.py", 'spent = sum(refund.state != "not_sent" for refund in refunds)', "spent = len(refunds)"),
        ),
        REFUNDS,
        "sandbox and cut",
    ),
    MoneyFault(
        "money given back is not booked",
        (Edit("refunds.py", "            book_refund(session, charge, attempt, refund, now)\n", ""),),
        REFUNDS,
        "sandbox and given",
    ),
)
