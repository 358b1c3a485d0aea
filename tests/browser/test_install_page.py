"""The install page in the portal's frame, as an administrator, and as somebody who is none, sees it."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.chromium import DESK, PHONE, Watched, watched
from tests.service import RunningService

pytestmark = pytest.mark.browser

SECONDS = 30_000
FINISH = "install-finish"


def open_app(service: RunningService, page: Page, user_id: int = 1) -> FrameLocator:
    page.goto(f"{service.portal.url}/bx24/frame?client_id={service.app['client_id']}&user_id={user_id}")
    return page.frame_locator("#app")


def added(service: RunningService) -> None:
    """The application stands in the portal's list, its page has not been opened yet."""
    service.install(open=False)


def finishes(seen: Watched) -> list[int]:
    return [number for number, address in enumerate(seen.asked) if FINISH in address]


def shown_as_installed(seen: Watched) -> bool:
    """The portal, once told, shows the application's own page; it is waited for until it stands still."""
    if not seen.eventually(lambda: any(urlsplit(address).path == "/bitrix24/app" for address in seen.asked)):
        return False
    seen.page.wait_for_load_state("networkidle", timeout=SECONDS)
    return True


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_an_admin_sees_progress_then_the_robots_and_the_portal_is_told_once_and_last(
    service: RunningService, browser: Browser, size: dict[str, int]
) -> None:
    added(service)
    service.portal.fault("delay", match="bizproc.robot.add", seconds=2)
    with watched(browser, size) as seen:
        frame = open_app(service, seen.page)
        expect(frame.locator("#doing")).to_contain_text("Роботы добавляются", timeout=SECONDS)
        expect(frame.locator("progress")).to_be_visible()
        assert finishes(seen) == []
        expect(frame.locator("body")).to_contain_text("Разбить счёт на части", timeout=SECONDS)
        assert seen.eventually(lambda: len(finishes(seen)) == 1)
        asked_for_progress = [number for number, address in enumerate(seen.asked) if "/install/progress" in address]
        assert finishes(seen)[0] > max(asked_for_progress)
        assert shown_as_installed(seen)
        assert (seen.errors, seen.foreign(), seen.too_wide(), seen.nameless()) == ([], [], [], [])
    assert service.row.registration["finished"]
    assert "split_invoice" in service.registered()["robots"]


def test_what_the_portal_refused_is_said_and_the_rest_is_registered(service: RunningService, browser: Browser) -> None:
    added(service)
    service.portal.fault("error", match="bizproc.robot.add", times=9, status=400, code="NO", description="Не сегодня")
    with watched(browser, PHONE) as seen:
        frame = open_app(service, seen.page)
        expect(frame.locator("body")).to_contain_text("Портал отказал в части действий", timeout=SECONDS)
        expect(frame.locator("body")).to_contain_text("Не сегодня", timeout=SECONDS)
        assert seen.eventually(lambda: len(finishes(seen)) == 1)
        assert shown_as_installed(seen)
        assert seen.too_wide() == []
    assert service.registered()["robots"] == []
    assert len(service.registered()["activities"]) == len(service.built.catalogue)


def test_somebody_who_is_no_admin_reads_what_to_do(service: RunningService, browser: Browser) -> None:
    added(service)
    with watched(browser, PHONE) as seen:
        frame = open_app(service, seen.page, user_id=2)
        expect(frame.locator(".trouble")).to_contain_text("администратор", timeout=SECONDS)
        assert finishes(seen) == []
        assert (seen.foreign(), seen.too_wide()) == ([], [])
    assert service.registered() == {"robots": [], "activities": []}


def test_a_service_that_falls_silent_is_said_and_nothing_is_finished(service: RunningService, browser: Browser) -> None:
    added(service)
    service.portal.fault("delay", match="bizproc.robot.add", seconds=3)
    with watched(browser, PHONE) as seen:
        seen.page.clock.install()
        seen.page.route("**/install/progress", lambda route: route.abort())
        frame = open_app(service, seen.page)
        expect(frame.locator("#doing")).to_be_visible(timeout=SECONDS)
        for _ in range(40):
            seen.page.clock.run_for(2000)
        expect(frame.locator("#stopped")).to_contain_text("Откройте приложение ещё раз", timeout=SECONDS)
        assert finishes(seen) == []
