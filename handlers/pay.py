"""`/pay/<token>`: the page where a client pays one charge, by card or SBP; it works without sign-in.

A click places at most one order: whoever goes back, reloads or clicks twice finds the same one again.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import segno
from babel.dates import format_date
from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for

from billing.in_person import Standing
from billing.pay_links import NoSuchLink
from calculations.refusal import Refusal
from customers.consent_text import VERSION, consent_words
from customers.consents import ConsentGiven, withdraw_card_consent
from gateways import Method
from handlers.client_language import client_language
from handlers.headers import CSP, content_policy
from handlers.own_page import is_from_elsewhere
from handlers.pay_facts import PayFacts, read_pay_facts
from handlers.pay_refused import TITLE
from handlers.posted import posted_form
from payments.words import money_words
from schemas.declaration import Words
from services import Services
from settings import on_loopback

blueprint = Blueprint("pay", __name__)

LONGEST_EVIDENCE = 300
READ_AGAIN = Words(
    "Пока страница была открыта, условия согласия изменились. Прочитайте их ещё раз; деньги не списаны.",
    "While the page was open, what you are asked to agree to has changed. Read it again; nothing was taken.",
)
BEGUN: Mapping[Method, Words] = MappingProxyType(
    {
        "card": Words(
            "Оплата картой уже начата, и закрыть её сейчас нельзя: продолжите её или попробуйте другой способ позже.",
            "A payment by card has begun and cannot be closed now: go on with it, or try another way later.",
        ),
        "sbp": Words(
            "Оплата по СБП уже начата, и закрыть её сейчас нельзя: продолжите её или попробуйте другой способ позже.",
            "A payment by SBP has begun and cannot be closed now: go on with it, or try another way later.",
        ),
    }
)


@blueprint.get("/pay/<token>")
def page(token: str) -> Response:
    """How the charge stands; with `back` the acquirer is asked first, for a client who comes from its page."""
    services, charge_id = _charge_of(token)
    in_person = services.charging.in_person
    standing = in_person.refresh(charge_id) if "back" in request.args else in_person.standing(charge_id)
    return _page(services, token, standing)


@blueprint.post("/pay/<token>")
def pay(token: str) -> Response:
    """The client has chosen how to pay: on to the acquirer's page, or to the QR code of SBP."""
    _only_from_our_page()
    services, charge_id = _charge_of(token)
    form = posted_form()
    method = _method(str(form.get("method", "")))
    standing = services.charging.in_person.standing(charge_id)
    consent = _consent(services, standing) if form.get("save") == "yes" and standing.can_save else None
    if consent and form.get("read", "") not in ("", _name_of(consent.words)):
        return _page(services, token, standing, trouble=READ_AGAIN.in_language(client_language()))
    try:
        standing = services.charging.in_person.start(charge_id, method, _address(token, back=True), consent)
    except Refusal as refusal:
        words, standing = refusal.text(client_language()), services.charging.in_person.standing(charge_id)
        return _page(services, token, standing, trouble=words, payable=refusal.code != "not_payable_now")
    if standing.state == "started" and _begun_way(standing) != method:  # it could not be closed
        return _page(services, token, standing, trouble=BEGUN[_begun_way(standing)].in_language(client_language()))
    if standing.state == "started" and method == "card" and standing.page_url:
        return _go(standing.page_url)
    return _go(_address(token, back=standing.state != "started"))


@blueprint.post("/pay/<token>/withdraw")
def withdraw(token: str) -> Response:
    """Take back the consent that was given behind this link; it stops at once."""
    _only_from_our_page()
    services, charge_id = _charge_of(token)
    card = read_pay_facts(services.database, charge_id).card
    if card is not None and card.allowed:
        withdraw_card_consent(services.database, card.id, "the client, on the page of payment", services.now())
    return _go(_address(token, back=False))


def _only_from_our_page() -> None:
    services: Services = current_app.extensions["services"]
    if is_from_elsewhere(services.settings.public_url):
        abort(403, "the form was sent from a page of somebody else")


def _charge_of(token: str) -> tuple[Services, int]:
    services: Services = current_app.extensions["services"]
    try:
        charge_id = services.pay_links.charge_of(token)
        services.charging.in_person.standing(charge_id)
    except (NoSuchLink, Refusal):
        abort(404, "there is no such link of payment: ask for a new one")
    return services, charge_id


def _page(services: Services, token: str, standing: Standing, trouble: str = "", *, payable: bool = True) -> Response:
    language = client_language()
    facts = read_pay_facts(services.database, standing.charge_id)
    waits = standing.state in ("checking", "started")
    consent = _consent_words(standing, facts, language)
    page = render_template(
        "pay.html",
        title=TITLE.in_language(language),
        language=language,
        refresh=_address(token, back=True) if waits else "",
        standing=standing,
        facts=facts,
        subject=facts.subject.in_language(language),
        begun_way=_begun_way(standing) if standing.state == "started" else "",
        amount=money_words(standing.amount, language),
        given_back=[
            (money_words(one.amount, language), _day_text(one.at, facts.zone, language) if one.at else "")
            for one in standing.given_back
        ],
        moment=lambda moment: _moment_text(moment, facts.zone, language),
        qr=_qr(standing.qr_payload) if standing.qr_payload else "",
        by_page=standing.page_words.in_language(language),
        decline=standing.decline.in_language(language) if standing.decline else "",
        consent=consent,
        read=_name_of(consent),
        trouble=trouble,
        payable=payable,
        here=url_for("pay.pay", token=token),
        withdraw=url_for("pay.withdraw", token=token),
        again=_address(token, back=True),
    )
    return _leading_away(make_response(page))


def _go(address: str) -> Response:
    return _leading_away(make_response(redirect(address, 303)))


def _leading_away(response: Response) -> Response:
    """This page's form leads on to an acquirer: Chromium holds the whole way to the policy of the page it began on.

    The acquirer's host is known only when the order is placed, and its page may lead on to another: so any host, by
    https. Plain http is for where all is played on this machine, the acquirers too.
    """
    services: Services = current_app.extensions["services"]
    machine = ("http://127.0.0.1:*", "http://localhost:*") if on_loopback(services.settings.public_url) else ()
    response.headers[CSP] = content_policy(forms_lead_to=("https:", *machine))
    return response


def _address(token: str, *, back: bool) -> str:
    services: Services = current_app.extensions["services"]
    return f"{services.settings.public_url}/pay/{token}" + ("?back=1" if back else "")


def _method(text: str) -> Method:
    known: dict[str, Method] = {"card": "card", "sbp": "sbp"}
    if text not in known:
        abort(400, "choose how to pay: card or sbp")
    return known[text]


def _begun_way(standing: Standing) -> Method:
    """The button that leads to what the client has begun; a saved card whose bank wants its client is a card."""
    return "sbp" if standing.method == "sbp" else "card"


def _consent(services: Services, standing: Standing) -> ConsentGiven:
    evidence = {
        "address": request.remote_addr or "",
        "browser": request.headers.get("User-Agent", "")[:LONGEST_EVIDENCE],
        "page": request.path,
        "charge": str(standing.charge_id),
    }
    # Anybody can write this header, so nothing rests on it; a balancer adds the client's address at its end.
    if claimed := request.headers.get("X-Forwarded-For", ""):
        evidence["forwarded_for"] = claimed[-LONGEST_EVIDENCE:]
    later = standing.later
    return ConsentGiven(
        words=_consent_words(standing, read_pay_facts(services.database, standing.charge_id), client_language()),
        text_version=VERSION,
        given_at=services.now(),
        evidence=evidence,
        limit_amount=later.amount.minor if later else None,
        limit_currency=later.amount.currency if later else "",
        limit_period=later.period if later else "",
    )


def _consent_words(standing: Standing, facts: PayFacts, language: str) -> str:
    later = standing.later
    limit = (money_words(later.amount, language), later.period) if later else None
    return consent_words(facts.called, standing.payee, limit, language)


def _name_of(words: str) -> str:
    """Tells the words that a page showed from those that the same click would keep now."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _moment_text(moment: datetime, zone: ZoneInfo, language: str) -> str:
    return f"{_day_text(moment, zone, language)}, {moment.astimezone(zone):%H:%M}"


def _day_text(moment: datetime, zone: ZoneInfo, language: str) -> str:
    return format_date(moment.astimezone(zone), "long", locale=language)


def _qr(payload: str) -> str:
    return segno.make(payload, error="m").svg_data_uri(scale=6, border=2)
