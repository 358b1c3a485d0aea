"""Consents to automatic charges: whether a card may be charged now, and the withdrawal that stops it at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from storage.database import Database
from storage.model import Charge, ChargeAttempt, Consent, Portal, SavedCard

REPLACED = "the client, who agreed to other words instead"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal ended, and what it came too late for: charges that were on their way to the bank already.

    `is_known`: the portal has a card or a charge of this client.
    """

    consents: int
    sent_before: tuple[int, ...]  # ids of charges
    is_known: bool


class ConsentGiven(BaseModel):
    """What a client agreed to in person: the words they read, their version, and where the tick came from.

    `limit_amount` in minor units is the most that may be taken in one `limit_period`, or at once when that is empty.
    `withdrawn_at`: it was taken back before there was a card. In `evidence`, `address` is what the connection came from
    (behind a load balancer, that one's), `forwarded_for` what a header claims and nobody has checked.
    """

    model_config = ConfigDict(frozen=True)

    words: str
    text_version: str
    given_at: AwareDatetime
    evidence: dict[str, str]
    limit_amount: int | None = None
    limit_currency: str = ""
    limit_period: str = ""
    withdrawn_at: AwareDatetime | None = None


def tick_of(attempt: ChargeAttempt) -> ConsentGiven | None:
    """What the client agreed to on the way to the page of this try, while they have not said otherwise."""
    given = ConsentGiven.model_validate(attempt.consent_given) if attempt.consent_given else None
    return given if given and given.withdrawn_at is None else None


def withdraw_tick(attempt: ChargeAttempt, now: datetime) -> None:
    """A card that this try saves from now on is not charged later; the evidence is kept."""
    if given := tick_of(attempt):
        attempt.consent_given = given.model_copy(update={"withdrawn_at": now}).model_dump(mode="json")


def note_consent(session: Session, card: SavedCard, given: ConsentGiven) -> None:
    """Write the consent to the card. What the client agreed to last holds, and the one before ends with it; a consent
    that is older than that or than a withdrawal, or is written already, changes nothing."""
    if not is_news(session, card.id, given.given_at):
        return
    replace_consent(session, card.id, given.given_at)
    session.add(
        Consent(
            portal_id=card.portal_id,
            customer=card.customer,
            saved_card_id=card.id,
            given_at=given.given_at,
            source="the page of payment",
            how="page",
            text_version=given.text_version,
            words=given.words,
            evidence=given.evidence,
            limit_amount=given.limit_amount,
            limit_currency=given.limit_currency,
            limit_period=given.limit_period,
        )
    )
    session.flush()


def replace_consent(session: Session, card_id: int, given_at: datetime) -> None:
    """What the client agreed to before ends with what they agreed to at this moment."""
    session.execute(
        update(Consent)
        .where(Consent.saved_card_id == card_id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=given_at, withdrawn_by=REPLACED)
    )


def is_news(session: Session, card_id: int, given_at: datetime) -> bool:
    """Whether a consent of this moment is later than all that was agreed to and taken back of the card."""
    known = session.scalars(select(Consent).where(Consent.saved_card_id == card_id)).all()
    return all((consent.withdrawn_at or consent.given_at) < given_at for consent in known)


def card_has_consent(session: Session, card_id: int) -> bool:
    return session.scalars(_valid(card_id)).first() is not None


def agreed_last(session: Session, card_id: int) -> datetime:
    """When its client last agreed to charges of a card that has a consent: it was in their hands then."""
    given = select(Consent.given_at).where(Consent.saved_card_id == card_id).order_by(Consent.given_at.desc()).limit(1)
    return session.scalars(given).one()


def withdrawn_since(session: Session, card_id: int, moment: datetime) -> bool:
    """Whether a consent to charges of this card was taken back at the moment or after it, also where the client has
    agreed anew since; words that they replaced by other ones were not taken back."""
    taken_back = select(Consent.id).where(
        Consent.saved_card_id == card_id, Consent.withdrawn_at >= moment, Consent.withdrawn_by != REPLACED
    )
    return session.scalars(taken_back.limit(1)).first() is not None


def hold_consent(session: Session, card_id: int) -> Consent | None:
    """The consent; a withdrawal cannot commit before this transaction has ended: it came before, or it comes after.

    Nobody else holds it meanwhile: what two take at once would otherwise each be within its limit.
    """
    while (held := session.scalars(_valid(card_id).with_for_update()).first()) is None:
        if not card_has_consent(session, card_id):
            return None
    return held


def _valid(card_id: int) -> Select[Consent]:
    query = select(Consent).where(Consent.saved_card_id == card_id, Consent.withdrawn_at.is_(None))
    return query.order_by(Consent.id).limit(1)


def withdraw_card_consent(database: Database, card_id: int, by: str, now: datetime) -> None:
    """End the consent of one card; when this returns, nothing is sent to it any more. The row is kept."""
    with database.write() as session:
        session.execute(
            update(Consent)
            .where(Consent.saved_card_id == card_id, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by=by)
        )


def withdraw_consents(database: Database, portal_id: int, customer: str, by: str, now: datetime) -> Withdrawal:
    """End every consent of a customer; when this returns, nothing of theirs is sent any more. The rows are kept."""
    with database.write() as session:
        session.get_one(
            Portal, portal_id, with_for_update={"key_share": True}
        )  # first, as whoever books a payment does
        for attempt in _paid_in_person(session, portal_id, customer):
            withdraw_tick(attempt, now)
        ended = session.execute(
            update(Consent)
            .where(Consent.portal_id == portal_id, Consent.customer == customer, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by=by)
            .returning(Consent.id)
        ).all()
        sent = session.scalars(
            select(ChargeAttempt.charge_id)
            .join(SavedCard, SavedCard.id == ChargeAttempt.saved_card_id)
            .where(
                SavedCard.portal_id == portal_id,
                SavedCard.customer == customer,
                ChargeAttempt.state.in_(("sent", "pending", "unknown")),
            )
            .order_by(ChargeAttempt.charge_id)
        ).all()
        is_known = any(
            session.scalar(select(kind.id).where(kind.portal_id == portal_id, kind.customer == customer).limit(1))
            for kind in (SavedCard, Charge)
        )
    return Withdrawal(len(ended), tuple(sent), is_known)


def _paid_in_person(session: Session, portal_id: int, customer: str) -> Sequence[ChargeAttempt]:
    """The customer's tries on pages, their charges held: a card that one of them saves has its consent by then."""
    of_customer = select(Charge.id).where(Charge.portal_id == portal_id, Charge.customer == customer)
    tried = select(ChargeAttempt).where(ChargeAttempt.charge_id.in_(of_customer), ChargeAttempt.method != "saved_card")
    charges = {attempt.charge_id for attempt in session.scalars(tried)}
    held = select(Charge).where(Charge.id.in_(charges)).order_by(Charge.id).with_for_update()
    session.scalars(held).all()
    return session.scalars(tried.execution_options(populate_existing=True)).all()
