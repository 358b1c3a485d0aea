"""BX24 in a real browser: an install page inside the portal's iframe finishes, reads and writes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from werkzeug.wrappers import Response

from tests.outside import Outside, eventually
from tests.sandbox.receiver import Receiver

pytestmark = pytest.mark.browser

SECONDS = 30_000

PAGE = """<!DOCTYPE html><html><head><script src="{script}"></script></head><body><p id="said">loading</p><script>
BX24.init(function () {{
  {first}
  BX24.callMethod("user.current", {{}}, function (answer) {{
    document.getElementById("said").textContent = answer.data().NAME + " " + BX24.placement.info().placement;
    BX24.placement.call("setPropertyValue", {{amount: "5"}}, function () {{}});
    BX24.fitWindow();
    {then}
  }});
}});
</script></body></html>"""


def serve_page(outside: Outside, receiver: Receiver, first: str = "", then: str = "", policy: str = "") -> None:
    """The application's page; once installed it finishes nothing, or the portal would show it anew for ever."""
    installing = PAGE.format(script=f"{outside.oauth_url}/api/v1/", first=first, then=then)
    installed = PAGE.format(script=f"{outside.oauth_url}/api/v1/", first="", then="")
    headers = {"Content-Security-Policy": policy} if policy else {}
    receiver.answer = lambda received: Response(
        installed if received.path == "/bitrix24/app" else installing,
        content_type="text/html; charset=utf-8",
        headers=headers,
    )


def test_an_install_page_in_the_portals_iframe_finishes_the_installation(
    outside: Outside, receiver: Receiver, browser: Browser
) -> None:
    serve_page(outside, receiver, then="BX24.installFinish();")
    portal = outside.create_portal()
    app = outside.register_app(receiver.url)
    portal.install(app, finish="never")
    page = browser.new_page()
    page.goto(f"{portal.url}/bx24/frame?client_id={app['client_id']}")
    page.frame_locator("#app").locator("#said", has_text="Анна DEFAULT").wait_for(timeout=SECONDS)
    assert eventually(lambda: portal.get()["installed"][app["client_id"]]["finished"])
    assert eventually(lambda: bool(receiver.at("/bitrix24/app"))), "the app's own page is shown after installing"
    commands = [command["command"] for frame in portal.get("/frames") for command in frame["commands"]]
    assert "setPropertyValue" in commands
    page.close()


def test_a_page_of_its_own_reaches_the_portal_too(outside: Outside, receiver: Receiver, browser: Browser) -> None:
    serve_page(outside, receiver, then="BX24.installFinish();")
    portal = outside.create_portal()
    app = outside.register_app(receiver.url)
    sid = portal.install(app, finish="never")["app_sid"]
    page = browser.new_page()
    page.goto(f"{receiver.url}/page?DOMAIN={portal.domain}&PROTOCOL=0&LANG=ru&APP_SID={sid}")
    page.locator("#said", has_text="Анна").wait_for(timeout=SECONDS)
    assert eventually(lambda: portal.get()["installed"][app["client_id"]]["finished"])
    page.close()


def test_a_manager_cannot_finish(outside: Outside, receiver: Receiver, browser: Browser) -> None:
    serve_page(outside, receiver, then="BX24.installFinish();")
    portal = outside.create_portal()
    app = outside.register_app(receiver.url)
    portal.install(app, finish="never")
    page = browser.new_page()
    page.goto(f"{portal.url}/bx24/frame?client_id={app['client_id']}&user_id=2")
    page.frame_locator("#app").locator("#said", has_text="Мария").wait_for(timeout=SECONDS)
    assert portal.get()["installed"][app["client_id"]]["finished"] is False
    page.close()


def test_a_strict_policy_leaves_the_iframe_its_way_through_the_portal(
    outside: Outside, receiver: Receiver, browser: Browser
) -> None:
    policy = f"default-src 'none'; script-src 'unsafe-inline' {outside.oauth_url}"
    serve_page(outside, receiver, first="BX24.installFinish();", policy=policy)
    portal = outside.create_portal()
    app = outside.register_app(receiver.url)
    portal.install(app, finish="never")
    tab = browser.new_page()
    tab.goto(f"{portal.url}/bx24/frame?client_id={app['client_id']}")
    assert eventually(lambda: portal.get()["installed"][app["client_id"]]["finished"])
    tab.close()
