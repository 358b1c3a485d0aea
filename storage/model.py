"""The whole data model on one page: every table, and the UNIQUE and CHECK guards that money rests on."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar, Literal, get_args

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """An aware moment, in UTC on both databases; a naive one is refused at the door of the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment,
        date: Date,
        str: Text,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        bytes: LargeBinary,
    }


def key_column() -> Mapped[int]:
    return mapped_column(Id, primary_key=True, autoincrement=True)


def portal_column() -> Mapped[int]:
    return mapped_column(ForeignKey("portals.id"))


def due_index(name: str, column: str) -> Index:
    """Of the rows that are due some day: a few among all that are done."""
    is_due = text(f"{column} IS NOT NULL")
    return Index(name, column, sqlite_where=is_due, postgresql_where=is_due)


def one_of(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=f"{column}_known")


# --- portals -----------------------------------------------------------------------------------------------------


class Portal(Base):
    """One installed Bitrix24. `active` portals work; the other states say why not, with the reason in words."""

    __tablename__ = "portals"
    __table_args__ = (
        UniqueConstraint("client_id", "member_id"),
        one_of("state", "active", "needs_reauthorisation", "suspended", "uninstalled", "deleted"),
        one_of("date_order", "dmy", "mdy"),
        one_of("activity_filter", "where_robots_are_not", "everywhere", "never"),
    )

    id: Mapped[int] = key_column()
    client_id: Mapped[str]
    member_id: Mapped[str]
    client_endpoint: Mapped[str]  # from app.info only, ends in /rest/
    state: Mapped[str]
    state_reason: Mapped[str] = mapped_column(default="")
    application_token_hash: Mapped[str]  # sha256, hex; empty until a verified moment told us the token
    installer_user_id: Mapped[int]
    language: Mapped[str] = mapped_column(default="ru")
    time_zone: Mapped[str] = mapped_column(default="Europe/Moscow")
    date_order: Mapped[str] = mapped_column(default="dmy")
    currency: Mapped[str] = mapped_column(default="RUB")
    rate_per_second: Mapped[int] = mapped_column(default=2)
    rate_burst: Mapped[int] = mapped_column(default=50)
    activity_filter: Mapped[str] = mapped_column(default="where_robots_are_not")
    own_days: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # working, off: ISO dates
    retry_days: Mapped[list[Any]] = mapped_column(default=lambda: [1, 3, 5, 7], server_default="[1, 3, 5, 7]")
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what we made there: name of ours -> portal's name
    registration: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the last report of register everything
    installed_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PortalToken(Base):
    """The OAuth pair of one user of a portal, sealed; a rotation is committed before the new pair is used."""

    __tablename__ = "portal_tokens"
    __table_args__ = (UniqueConstraint("portal_id", "user_id"),)

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    user_id: Mapped[int]
    access_token: Mapped[str]
    refresh_token: Mapped[str]
    expires_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)  # +1 a renewal: waiting callers see that it happened
    renewing_by: Mapped[str] = mapped_column(default="")
    renewing_until: Mapped[datetime | None]


class Bucket(Base):
    """The portal's leaky bucket as all our processes fill it; level in thousandths of a request."""

    __tablename__ = "buckets"
    __table_args__ = (CheckConstraint("level >= 0", name="level_not_negative"),)

    portal_id: Mapped[int] = mapped_column(ForeignKey("portals.id"), primary_key=True)
    level: Mapped[int] = mapped_column(default=0)
    as_of: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]  # 503: the whole portal waits


class MethodPause(Base):
    """A method that used up its operating time waits until this moment; the portal's other methods do not."""

    __tablename__ = "method_pauses"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portals.id"), primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class RestErrorCount(Base):
    """How often portals answered a method with this error; all our processes count here, `/metrics` shows it."""

    __tablename__ = "rest_error_counts"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portals.id"), primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


# --- calls of robots ---------------------------------------------------------------------------------------------


class Call(Base):
    """One call of a robot, from the door to its answer. The row is the truth; the engine only runs it.

    accepted -> running -> (waiting | answering) -> running ... -> delivered | dead | cancelled.
    `due_at` says when an accepted, waiting or answering row may be run next; `run` counts the runs.
    """

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("portal_id", "event_token"),
        one_of("state", "accepted", "running", "waiting", "answering", "delivered", "dead", "cancelled"),
        Index("ix_calls_due", "state", "due_at"),
        Index("ix_calls_worker", "worker", "state"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    event_token: Mapped[str]
    code: Mapped[str]
    workflow_id: Mapped[str]
    document_id: Mapped[list[Any]]  # three strings, the last like DEAL_712
    document_type: Mapped[list[Any]]
    properties: Mapped[dict[str, Any]]
    properties_hash: Mapped[str]
    use_subscription: Mapped[bool]
    user_id: Mapped[int]  # whose rights the portal gave the call; 0 where it named nobody
    sent_at: Mapped[datetime]  # the portal's `ts`
    deadline_at: Mapped[datetime | None]
    received_at: Mapped[datetime]

    state: Mapped[str] = mapped_column(default="accepted")
    due_at: Mapped[datetime]
    run: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)  # runs in a row that ended in a passing trouble
    reason: Mapped[str] = mapped_column(default="")  # why it waits, or why it is dead
    answer: Mapped[str | None]  # the exact body of bizproc.event.send, fixed before the first try
    result_status: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(default="")
    sends: Mapped[int] = mapped_column(default=0)
    last_reply: Mapped[str] = mapped_column(default="")  # what the portal said to the last send
    finished_at: Mapped[datetime | None]


class CallConflict(Base):
    """The same event token with other properties: kept for the operator, never run."""

    __tablename__ = "call_conflicts"
    __table_args__ = (UniqueConstraint("call_id", "properties_hash"),)

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    properties: Mapped[dict[str, Any]]
    properties_hash: Mapped[str]
    received_at: Mapped[datetime]


class Effect(Base):
    """One thing done outside under a key, so that a repeat finds it done: intended before, done after."""

    __tablename__ = "effects"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        one_of("state", "intended", "done"),
        Index("ix_effects_call_id", "call_id"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    key: Mapped[str]
    state: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


# --- plans -------------------------------------------------------------------------------------------------------


class Schedule(Base):
    """A payment schedule of a document; the rows are the contract, the CRM items are their picture."""

    __tablename__ = "schedules"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        one_of("state", "current", "replaced"),
        Index("ix_schedules_document", "portal_id", "document"),
        Index(
            "uq_schedules_current",
            "portal_id",
            "document",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    key: Mapped[str]  # the call that made it
    document: Mapped[str]  # CRM binding: D_5, SI_7, T412_15
    state: Mapped[str]
    plan: Mapped[str]
    currency: Mapped[str]
    terms: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ScheduleRow(Base):
    """One instalment: the contract date, the working day it is due, and its sums in minor units."""

    __tablename__ = "schedule_rows"
    __table_args__ = (
        UniqueConstraint("schedule_id", "number"),
        one_of("state", "planned", "paid", "cancelled"),
        CheckConstraint("amount = principal + interest", name="amount_adds_up"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    number: Mapped[int]
    contract_date: Mapped[date]
    due_date: Mapped[date]
    amount: Mapped[int] = mapped_column(BigInteger)
    principal: Mapped[int] = mapped_column(BigInteger)
    interest: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    item_id: Mapped[int | None]  # of the smart process "Payments"


class DebtPayment(Base):
    """One payment or refund applied to a contract's debt, by its key, with what each bucket took.

    `previous_id` chains a contract's payments: of two at the same moment one must wait and read the debt anew.
    """

    __tablename__ = "debt_payments"
    __table_args__ = (
        UniqueConstraint("portal_id", "contract", "operation", "payment_key"),
        UniqueConstraint("portal_id", "contract", "previous_id"),
        one_of("state", "intended", "written"),
        one_of("operation", "payment", "refund"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    contract: Mapped[str]  # CRM binding
    operation: Mapped[str]
    payment_key: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    before: Mapped[dict[str, Any]]  # bucket -> minor units, as read
    after: Mapped[dict[str, Any]]
    applied: Mapped[dict[str, Any]]  # bucket -> minor units, and what was left over
    previous_id: Mapped[int]  # 0 for a contract's first
    state: Mapped[str]  # written: the document shows it
    created_at: Mapped[datetime]


# --- payers and money --------------------------------------------------------------------------------------------


class Terminal(Base):
    """A shop at an acquirer that a portal charges through; the webhook key names it to the acquirer.

    `payee`: who is paid there, in the operator's words for clients; empty where they have not said. `sbp_closed`: why
    the acquirer did not place an order by SBP, which is then not offered; empty while it is.
    """

    __tablename__ = "terminals"
    __table_args__ = (
        UniqueConstraint("portal_id", "gateway", "name"),
        UniqueConstraint("webhook_key"),
        one_of("state", "active", "stopped"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    gateway: Mapped[str]
    name: Mapped[str]
    payee: Mapped[str] = mapped_column(default="", server_default="")
    sbp_closed: Mapped[str] = mapped_column(default="", server_default="")
    credentials: Mapped[str]  # sealed JSON
    webhook_key: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class SavedCard(Base):
    """A card, or an account bound by SBP, kept at the acquirer: their token, sealed, and the mask people know it by.

    Never a number. `terminal_id`: the terminal that issued the token, where we saw it happen.
    """

    __tablename__ = "saved_cards"
    __table_args__ = (
        UniqueConstraint("portal_id", "gateway", "token_hash"),
        one_of("state", "active", "forgotten"),
        one_of("method", "card", "sbp"),
        Index("ix_saved_cards_customer", "portal_id", "customer"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    gateway: Mapped[str]
    customer: Mapped[str]  # C_5, CO_7
    token: Mapped[str]
    token_hash: Mapped[str]
    mask: Mapped[str]
    expires: Mapped[str]  # YYYY-MM, empty when the acquirer did not say
    gateway_customer_id: Mapped[str] = mapped_column(default="")
    method: Mapped[str] = mapped_column(default="card", server_default="card")
    terminal_id: Mapped[int | None] = mapped_column(ForeignKey("terminals.id"))
    expiry_told: Mapped[str] = mapped_column(default="", server_default="")  # the month of which people were told
    state: Mapped[str]
    created_at: Mapped[datetime]


class Consent(Base):
    """A payer's agreement to automatic charges of one card; withdrawn at once and kept for ever.

    `limit_amount` (minor units) is the most that may be taken in one `limit_period`; with an empty period, at once.
    """

    __tablename__ = "consents"
    __table_args__ = (
        Index("ix_consents_customer", "portal_id", "customer"),
        one_of("how", "page", "import", "paper"),
        one_of("limit_period", "", "day", "week", "month", "year"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    customer: Mapped[str]
    saved_card_id: Mapped[int] = mapped_column(ForeignKey("saved_cards.id"))
    given_at: Mapped[datetime]
    source: Mapped[str]
    how: Mapped[str] = mapped_column(default="import", server_default="import")
    text_version: Mapped[str] = mapped_column(default="", server_default="")
    words: Mapped[str] = mapped_column(default="", server_default="")  # what the payer read and agreed to
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    limit_amount: Mapped[int | None] = mapped_column(BigInteger)
    limit_currency: Mapped[str] = mapped_column(default="", server_default="")
    limit_period: Mapped[str] = mapped_column(default="", server_default="")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(default="")


class Charge(Base):
    """One debt of money to be taken once: the key is unique in the portal, the figures never change.

    A saved card is charged for it, or the client pays it in person behind a link; it has no try until then.
    """

    __tablename__ = "charges"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        UniqueConstraint("call_id"),  # one call, one charge: also when a later run of it would compute another key
        one_of("state", "open", "succeeded", "declined", "cancelled"),
        one_of("later_period", "", "day", "week", "month", "year"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("later_limit > 0", name="later_limit_positive"),
        due_index("ix_charges_due", "next_attempt_at"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    key: Mapped[str]
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    document: Mapped[str]
    customer: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    description: Mapped[str]
    receipt_email: Mapped[str] = mapped_column(default="")
    receipt_kind: Mapped[str] = mapped_column(default="")
    gateway: Mapped[str] = mapped_column(default="", server_default="")  # where it is to be paid: code or code/terminal
    later_limit: Mapped[int | None] = mapped_column(BigInteger)  # what its page asks the client to agree to, at most
    later_period: Mapped[str] = mapped_column(default="", server_default="")  # in one of these; empty: at once
    retry: Mapped[str] = mapped_column(default="portal")
    state: Mapped[str]
    decline_code: Mapped[str] = mapped_column(default="")
    decline_kind: Mapped[str] = mapped_column(default="")  # soft, hard, needs_client
    next_attempt_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]  # no attempt of the call that asked starts from this moment on
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]  # by a person: its page takes no money until it is asked for anew


OPEN_ATTEMPT = text("state IN ('created', 'sent', 'pending', 'unknown')")


class ChargeAttempt(Base):
    """One try to take a charge, with the acquirer's order number. Sent once; states only move forward.

    `method`: the saved card, or how the client pays in person. `asked_by`: a call, the plan, a person at a command, the
    client on the page of payment. `cancelled`: the order was closed at the acquirer without money.
    """

    __tablename__ = "charge_attempts"
    __table_args__ = (
        UniqueConstraint("charge_id", "number"),
        one_of("state", "created", "sent", "pending", "unknown", "succeeded", "declined", "cancelled", "not_sent"),
        one_of("method", "saved_card", "card", "sbp"),
        one_of("asked_by", "call", "plan", "person", "client"),
        CheckConstraint("(method = 'saved_card') = (saved_card_id IS NOT NULL)", name="card_named"),
        # What was proved not sent is tried again under the same order number, so that a request that arrives after
        # all is a duplicate to the acquirer and not a second charge.
        Index(
            "uq_charge_attempts_order",
            "terminal_id",
            "order_number",
            unique=True,
            sqlite_where=text("state <> 'not_sent'"),
            postgresql_where=text("state <> 'not_sent'"),
        ),
        Index(
            "uq_charge_attempts_one_open",
            "charge_id",
            unique=True,
            sqlite_where=OPEN_ATTEMPT,
            postgresql_where=OPEN_ATTEMPT,
        ),
        due_index("ix_charge_attempts_due", "look_up_at"),
        Index(  # what banks' limits count is asked for before every charge
            "ix_charge_attempts_declined",
            "saved_card_id",
            "sent_at",
            sqlite_where=text("decline_kind <> ''"),
            postgresql_where=text("decline_kind <> ''"),
        ),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    charge_id: Mapped[int] = mapped_column(ForeignKey("charges.id"))
    number: Mapped[int]
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))  # empty: tried by plan, no call waits
    terminal_id: Mapped[int] = mapped_column(ForeignKey("terminals.id"))
    method: Mapped[str] = mapped_column(default="saved_card", server_default="saved_card")
    asked_by: Mapped[str] = mapped_column(default="call", server_default="call")
    saved_card_id: Mapped[int | None] = mapped_column(ForeignKey("saved_cards.id"))
    order_number: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")  # for operators: why not sent, why unknown, the bank's words
    gateway_payment_id: Mapped[str] = mapped_column(default="")
    decline_code: Mapped[str] = mapped_column(default="")
    decline_kind: Mapped[str] = mapped_column(default="")
    payment_link: Mapped[str] = mapped_column(default="")
    qr_payload: Mapped[str] = mapped_column(default="", server_default="")
    valid_until: Mapped[datetime | None]  # of the page where the client pays
    consent_given: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # by the tick on the page
    receipt_status: Mapped[str] = mapped_column(default="none")
    look_ups: Mapped[int] = mapped_column(default=0)
    look_up_at: Mapped[datetime | None]  # empty while open: an operator has to look
    paid_at: Mapped[datetime | None]  # as the acquirer says
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    void_asked_at: Mapped[datetime | None]  # we asked the acquirer to close an order that nobody pays
    settled_at: Mapped[datetime | None]


class Subscription(Base):
    """Money agreed to be taken of one card every period; each period is a charge with a key of its own."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("portal_id", "key"),
        one_of("state", "active", "stopped", "ended"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_subscriptions_due", "state", "next_date"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    key: Mapped[str]
    document: Mapped[str]
    customer: Mapped[str]
    saved_card_id: Mapped[int] = mapped_column(ForeignKey("saved_cards.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    description: Mapped[str]
    receipt_email: Mapped[str] = mapped_column(default="")
    period: Mapped[str]
    every: Mapped[int]
    first_date: Mapped[date]
    next_date: Mapped[date | None]  # empty once it has ended
    waits_until: Mapped[datetime | None]  # its period was asked for and did not come about: not again before this
    ends_on: Mapped[date | None]  # the last day on which a period may fall
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class ReceiptRow(Base):
    """One fiscal receipt (54-FZ) of a payment, a refund or a thing given: a state of its own, which undoes no money."""

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("portal_id", "number"),
        one_of("kind", "payment", "refund", "closing"),
        one_of("state", "planned", "pending", "done", "failed"),
        due_index("ix_receipts_due", "look_up_at"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    charge_id: Mapped[int] = mapped_column(ForeignKey("charges.id"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("charge_attempts.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id"))
    kind: Mapped[str]
    number: Mapped[str]
    content: Mapped[dict[str, Any]]  # lines, contact and tax system as they were sent
    gateway_receipt_id: Mapped[str] = mapped_column(default="")
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    look_ups: Mapped[int] = mapped_column(default=0)
    look_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]  # of a closing one: since when it may be at the till, until that is known
    settled_at: Mapped[datetime | None]


class Refund(Base):
    """Money of a charge given back, whole or in part, under the acquirer's refund number; sent once."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("charge_id", "number"),
        one_of("state", "created", "sent", "unknown", "succeeded", "declined", "not_sent"),
        Index(
            "uq_refunds_number",
            "refund_number",
            unique=True,
            sqlite_where=text("state <> 'not_sent'"),
            postgresql_where=text("state <> 'not_sent'"),
        ),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(
            "uq_refunds_one_open",
            "charge_id",
            unique=True,
            sqlite_where=text("state IN ('created', 'sent', 'unknown')"),
            postgresql_where=text("state IN ('created', 'sent', 'unknown')"),
        ),
        due_index("ix_refunds_due", "look_up_at"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    charge_id: Mapped[int] = mapped_column(ForeignKey("charges.id"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("charge_attempts.id"))  # the one that took the money
    number: Mapped[int]
    refund_number: Mapped[str]
    key: Mapped[str] = mapped_column(default="", server_default="")  # what whoever asked calls it, or nothing
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    look_ups: Mapped[int] = mapped_column(default=0)
    look_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]  # since when its acquirer is known to work on it
    settled_at: Mapped[datetime | None]


class LedgerEntry(Base):
    """One line of the double entry: never changed, never removed; each line carries the hash of the one before."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("portal_id", "sequence"),
        UniqueConstraint("portal_id", "event", "account"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    sequence: Mapped[int]
    event: Mapped[str]  # what was booked, once: charge:12:1
    account: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    document: Mapped[str]
    charge_id: Mapped[int | None] = mapped_column(ForeignKey("charges.id"))
    created_at: Mapped[datetime]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class BankTransfer(Base):
    """One line of a bank's statement: money that came to an account of ours or left it; the figures never change.

    `own`: between accounts of one owner, nobody's payment. `left`: a person has taken a booking back, rules leave it
    alone. A `matched` one has one booking that stands.
    """

    __tablename__ = "bank_transfers"
    __table_args__ = (
        UniqueConstraint(
            "portal_id",
            "direction",
            "account",
            "counterparty_account",
            "number",
            "document_date",
            "amount",
            "ordinal",
            name="uq_bank_transfers_document",
        ),
        one_of("direction", "in", "out"),
        one_of("state", "unmatched", "matched", "own", "left"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_bank_transfers_state", "portal_id", "state"),
        Index("ix_bank_transfers_counterparty", "portal_id", "counterparty_inn"),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    direction: Mapped[str]
    account: Mapped[str]  # ours, 20 digits
    counterparty_account: Mapped[str]
    counterparty_inn: Mapped[str]
    counterparty_name: Mapped[str]
    number: Mapped[str]
    document_date: Mapped[date]
    booked_on: Mapped[date]  # when the bank moved the money
    amount: Mapped[int] = mapped_column(BigInteger)
    ordinal: Mapped[int]  # banks give one number to several documents of a day: 1 the first that is alike, 2 the second
    currency: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")  # why it is not matched
    imported_at: Mapped[datetime]


class TransferBooking(Base):
    """What a transfer was booked as: a charge paid, a client's credit, or a payment to a counterparty.

    It is never changed: a person takes it back with a reversing entry (`undone_at`), and the next one has a number of
    its own.
    """

    __tablename__ = "transfer_bookings"
    __table_args__ = (
        UniqueConstraint("transfer_id", "number"),
        one_of("kind", "charge", "credit", "counterparty"),
        CheckConstraint("(kind = 'counterparty') = (charge_id IS NULL)", name="charge_named"),
        CheckConstraint("(kind = 'counterparty') = (counterparty_inn <> '')", name="counterparty_named"),
        Index(
            "uq_transfer_bookings_standing",
            "transfer_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index(
            "uq_transfer_bookings_one_a_charge",
            "charge_id",
            unique=True,
            sqlite_where=text("kind = 'charge' AND undone_at IS NULL"),
            postgresql_where=text("kind = 'charge' AND undone_at IS NULL"),
        ),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    transfer_id: Mapped[int] = mapped_column(ForeignKey("bank_transfers.id"))
    number: Mapped[int]
    kind: Mapped[str]
    rule: Mapped[str]  # by which rule it was matched; by_hand: by a person
    charge_id: Mapped[int | None] = mapped_column(ForeignKey("charges.id"))
    counterparty_inn: Mapped[str] = mapped_column(default="")
    document: Mapped[str] = mapped_column(default="")  # CRM binding
    contract: Mapped[str] = mapped_column(default="")  # its number, as the purpose names it
    booked_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


# --- our own processes -------------------------------------------------------------------------------------------


class OutboxMessage(Base):
    """What happened, written in the transaction in which it happened; subscribers are told from here."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_undone", "done_at", "id"),)

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    topic: Mapped[str]
    subject_id: Mapped[int]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


Happening = Literal[
    "payment_received",
    "payment_declined",
    "payment_given_up",
    "payment_not_owed",
    "payment_cancelled",
    "payment_refunded",
    "payment_taken_back",
    "card_linked",
    "debt_appeared",
    "debt_cleared",
    "schedule_finished",
]


class News(Base):
    """What an item of the CRM is to be told once: its trigger fires, and people read a comment.

    Told in the order of the ids, an item's next one after the one before, and none before the calls that it is about
    were answered. The comment is about the charge, else what is `said` by language; without both the robot's answer
    says it. `tries` fences: whoever took a row has it while that number stands.
    """

    __tablename__ = "news"
    __table_args__ = (
        one_of("what", *get_args(Happening)),
        due_index("ix_news_due", "due_at"),
        Index(
            "ix_news_waiting",
            "portal_id",
            "document",
            "id",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = key_column()
    portal_id: Mapped[int] = portal_column()
    document: Mapped[str]  # CRM binding
    what: Mapped[str]
    charge_id: Mapped[int | None] = mapped_column(ForeignKey("charges.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))  # whose answer may say the same
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("charge_attempts.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id"))
    transfer_id: Mapped[int | None] = mapped_column(ForeignKey("bank_transfers.id"))
    saved_card_id: Mapped[int | None] = mapped_column(ForeignKey("saved_cards.id"))
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)
    stage: Mapped[str | None]  # the item's before the trigger fired: another one afterwards says that it did
    is_commented: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]  # empty once it is told
    reason: Mapped[str] = mapped_column(default="")  # why something of it could not be told
    created_at: Mapped[datetime]


class LedgerCheck(Base):
    """One proof of the whole ledger: how many lines there were, and how much was not sound."""

    __tablename__ = "ledger_checks"

    id: Mapped[int] = key_column()
    checked_at: Mapped[datetime]
    entries: Mapped[int]
    problems: Mapped[int]


class Worker(Base):
    """A worker process, seen at this moment; its name holds a lock while it lives."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    process: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
