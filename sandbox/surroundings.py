"""What stands around the portals on the outside port: the acquirer, the letters and the pages for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from sandbox.acquirer.acquirer import new_acquirer, settle_in_background
from sandbox.acquirer.control import acquirer_control
from sandbox.acquirer.door import acquirer_answer
from sandbox.acquirers import Acquirer, open_acquirers, settle_all
from sandbox.acquirers.control import bank_control
from sandbox.mail import Mailbox, mail_control
from sandbox.pages.frame import Site
from sandbox.pages.site import site_answer
from sandbox.servers import Answer

if TYPE_CHECKING:
    from sandbox.outside import Outside


def surround(outside: Outside) -> Site:
    """Mount everything under the outside port; gives the objects behind it."""
    clock = outside.clock
    acquirers = open_acquirers(clock.now)
    site = Site(outside.world, clock, new_acquirer(clock.now), acquirers, Mailbox(clock.now))
    settle_in_background(site.acquirer)
    settle_all(acquirers)

    def pages(request: Request) -> Response:
        return site_answer(site, request)

    outside.mounts |= {
        "/acquirer/pages/": pages,
        **{f"/acquirers/{code}/": _door(one) for code, one in acquirers.items()},
        **{f"/control/acquirers/{code}": _control(one) for code, one in acquirers.items()},
        "/acquirer/": lambda request: acquirer_answer(site.acquirer, request),
        "/control/acquirer": lambda request: acquirer_control(site.acquirer, request),
        "/control/mails": lambda request: mail_control(site.mailbox, request),
        "/pages/": pages,
    }
    return site


def _door(acquirer: Acquirer) -> Answer:
    prefix = f"/acquirers/{acquirer.code}/"
    return lambda request: acquirer.kind.answer(acquirer.bank, request, request.path.removeprefix(prefix))


def _control(acquirer: Acquirer) -> Answer:
    return lambda request: bank_control(acquirer.bank, request)
