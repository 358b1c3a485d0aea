"""Pages of what is not a portal: the clock's buttons, the letters, the acquirer's book and the bank's own page."""

from __future__ import annotations

from datetime import timedelta

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.acquirer.book import Refused
from sandbox.acquirer.outcomes import OUTCOMES
from sandbox.pages.frame import TEMPLATES, Site, back, go, page

LOOKS = {
    "new": ("", "не начат"),
    "pending": ("warn", "в обработке"),
    "needs_client": ("warn", "ждёт клиента"),
    "held": ("warn", "удержан"),
    "paid": ("good", "оплачен"),
    "declined": ("bad", "отказ"),
    "cancelled": ("bad", "отменён"),
}


def style(_site: Site, _request: Request) -> Response:
    return Response((TEMPLATES / "style.css").read_bytes(), content_type="text/css; charset=utf-8")


def move_clock(site: Site, request: Request) -> Response:
    match request.form.get("step"):
        case "day":
            site.clock.advance(timedelta(days=1))
        case "week":
            site.clock.advance(timedelta(weeks=1))
        case "month":
            site.clock.advance_months(1)
        case step:
            raise BadRequest(f"Часы не умеют: {step}")
    return back(request)


def mails(site: Site, request: Request) -> Response:
    return page(site, request, "mails.html", mails=site.mailbox.mails()[::-1])


def mail(site: Site, request: Request, number: int) -> Response:
    found = site.mailbox.mail(number)
    if found is None:
        raise NotFound(f"Письма {number} нет")
    return page(site, request, "mail.html", mail=found)


def acquirer(site: Site, request: Request) -> Response:
    book = site.acquirer.book
    book.settle()
    with book.lock:
        charges, operations = list(book.charges.values()), list(book.operations)
    return page(
        site,
        request,
        "acquirer.html",
        charges=charges[::-1],
        operations=operations[::-1],
        notices=site.acquirer.notices.deliveries[::-1],
        endings=list(OUTCOMES),
        banks=_banks(site),
    )


def bank_book(site: Site, request: Request, code: str) -> Response:
    """The book of an acquirer that speaks a real protocol."""
    if code not in site.acquirers:
        raise NotFound(f"Эквайринга {code} нет")
    bank = site.acquirers[code].bank
    with bank.lock:
        orders, operations, cards = list(bank.orders), list(bank.operations), list(bank.cards)
    return page(
        site,
        request,
        "bank_book.html",
        under="/pages/acquirer",
        code=code,
        orders=orders[::-1],
        operations=operations[::-1],
        cards=cards[::-1],
        notices=bank.notices.deliveries[::-1],
        looks=LOOKS,
        banks=_banks(site),
    )


def _banks(site: Site) -> list[tuple[str, str]]:
    return [("sandbox", "/pages/acquirer"), *((code, f"/pages/acquirers/{code}") for code in site.acquirers)]


def bank(site: Site, request: Request, charge_id: str) -> Response:
    """The bank's page behind `action_url`, where a client agrees to a charge or refuses it."""
    book = site.acquirer.book
    try:
        if request.method == "POST":
            book.answer_for_client(charge_id, request.form.get("agreed") == "yes")
            return go(request.path)
        return page(site, request, "bank.html", charge=book.by_id(charge_id))
    except Refused as refused:
        raise NotFound(f"Платежа {charge_id} нет") from refused
