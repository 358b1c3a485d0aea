"""What every page shares: the objects it shows, the templates, the head with the clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.acquirer.acquirer import Acquirer
from sandbox.acquirers import Acquirer as RealAcquirer
from sandbox.clock import SandboxClock
from sandbox.mail import Mailbox
from sandbox.pages import words
from sandbox.portal import Portal
from sandbox.world import World

TEMPLATES = Path(__file__).parent.parent / "templates"
MOSCOW = ZoneInfo("Europe/Moscow")
CLOCK_STEPS = (("+ день", "day"), ("+ неделя", "week"), ("+ месяц", "month"))

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Site:
    """Everything the pages show."""

    world: World
    clock: SandboxClock
    acquirer: Acquirer
    acquirers: dict[str, RealAcquirer]
    mailbox: Mailbox


def page(
    site: Site, request: Request, template: str, portal: Portal | None = None, under: str = "", **shown: object
) -> Response:
    """Render a page; moments are on the portal's wall clock, on Moscow's where there is no portal.

    `under` names the section of the head the page belongs to when its address does not say it.
    """
    zone = portal.traits.zone if portal else MOSCOW
    sections = _sections(portal or _only_portal(site))
    text = _environment.get_template(template).render(
        sections=sections,
        section=under or _section(request.path, sections),
        steps=CLOCK_STEPS,
        here=request.full_path.rstrip("?"),
        now=site.clock.now(),
        portal=portal,
        long_day=lambda moment: words.long_day(moment, zone),
        hour=lambda moment: moment.astimezone(zone).strftime("%H:%M"),
        moment=lambda moment: words.moment(moment, zone),
        exact_moment=lambda moment: words.exact_moment(moment, zone),
        sum_of_minor=words.sum_of_minor,
        sum_of_text=words.sum_of_text,
        day=words.day,
        counted=words.counted,
        **shown,
    )
    return Response(text, content_type="text/html; charset=utf-8")


def go(address: str) -> Response:
    """See another page after a button was pressed."""
    return redirect(address, 303, Response=Response)


def back(request: Request) -> Response:
    """Return to the page whose button was pressed; only to pages of this site."""
    address = request.form.get("back", "")
    parts = urlsplit(address)
    inside = not parts.scheme and not parts.netloc and parts.path.startswith("/pages/")
    return go(address if inside else "/pages/")


def portal_address(portal: Portal, *rest: object) -> str:
    """A page of a portal."""
    return "/".join(["/pages/portals", portal.member_id, *map(str, rest)])


def _sections(portal: Portal | None) -> list[tuple[str, str]]:
    outside = [("Почта", "/pages/mails"), ("Банк", "/pages/acquirer")]
    if portal is None:
        return [("Порталы", "/pages/"), *outside]
    return [
        ("Воронка", portal_address(portal)),
        ("Счета и платежи", portal_address(portal, "items")),
        ("Процессы", portal_address(portal, "workflows")),
        ("Дела", portal_address(portal, "feed")),
        *outside,
    ]


def _section(path: str, sections: list[tuple[str, str]]) -> str:
    """The section a page belongs to: the longest address its own begins with."""
    fitting = [address for _, address in sections if path == address or path.startswith(address + "/")]
    return max(fitting, key=len, default="")


def _only_portal(site: Site) -> Portal | None:
    """Pages outside portals keep the sections of the portal at hand, when there is just one."""
    portals = list(site.world.portals.values())
    return portals[0] if len(portals) == 1 else None
