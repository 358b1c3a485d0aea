"""Which page answers which address."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.errors import ControlError
from sandbox.pages import designer, documents, journal, outside_pages
from sandbox.pages.frame import Site
from sandbox.portal import Portal

Page = Callable[..., Response]


def _get(address: str, answer: Page) -> Rule:
    return Rule(address, methods=["GET"], endpoint=answer)


def _post(address: str, answer: Page) -> Rule:
    return Rule(address, methods=["POST"], endpoint=answer)


def _both(address: str, answer: Page) -> Rule:
    return Rule(address, methods=["GET", "POST"], endpoint=answer)


_PORTAL = "/pages/portals/<member_id>"
_FUNNEL = f"{_PORTAL}/funnels/<int:entity_type_id>/<int:category_id>"
_ITEM = f"{_PORTAL}/items/<int:entity_type_id>/<int:item_id>"

_ADDRESSES = Map(
    [
        _get("/pages/", designer.portals),
        _get(_PORTAL, designer.board),
        _get(_FUNNEL, designer.board),
        _get(f"{_FUNNEL}/robots", designer.choose),
        _both(f"{_FUNNEL}/robots/<internal>", designer.add),
        _both(f"{_PORTAL}/robots/<int:number>", designer.edit),
        _post(f"{_PORTAL}/robots/<int:number>/remove", designer.remove),
        _both(f"{_PORTAL}/new-deal/<int:category_id>", documents.new_deal),
        _get(f"{_PORTAL}/items", documents.items),
        _get(_ITEM, documents.item),
        _post(f"{_ITEM}/move", documents.move),
        _get(f"{_PORTAL}/workflows", journal.workflows),
        _get(f"{_PORTAL}/feed", journal.feed),
        _get("/pages/style.css", outside_pages.style),
        _post("/pages/clock", outside_pages.move_clock),
        _get("/pages/mails", outside_pages.mails),
        _get("/pages/mails/<int:number>", outside_pages.mail),
        _get("/pages/acquirer", outside_pages.acquirer),
        _get("/pages/acquirers/<code>", outside_pages.bank_book),
        _both("/acquirer/pages/<charge_id>", outside_pages.bank),
    ]
)


def site_answer(site: Site, request: Request) -> Response:
    """Answer `/pages/...` and the bank's `/acquirer/pages/...`; raises werkzeug's HTTP exceptions."""
    answer, found = _ADDRESSES.bind_to_environ(request.environ).match()
    arguments = dict(found)
    if "member_id" in arguments:
        arguments["portal"] = _portal(site, arguments.pop("member_id"))
    return answer(site, request, **arguments)  # type: ignore[no-any-return]  # an endpoint is one of the pages above


def _portal(site: Site, member_id: str) -> Portal:
    try:
        return site.world.portal(member_id)
    except ControlError as unknown:
        raise NotFound("Такого портала нет") from unknown
