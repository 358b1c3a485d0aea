"""The sandbox's pages on a phone and at a desk: nothing breaks, scrolls sideways or comes from elsewhere."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.chromium import DESK, PHONE, watched
from tests.outside import eventually
from tests.service import RunningService

pytestmark = pytest.mark.browser

DEAL = 2


@dataclass
class Stand:
    service: RunningService
    deal: int

    @property
    def pages(self) -> str:
        return f"{self.service.outside.oauth_url}/pages"

    @property
    def portal(self) -> str:
        return f"{self.pages}/portals/{self.service.portal.member_id}"


@pytest.fixture
def stand(service: RunningService) -> Stand:
    """A deal that robots have worked on: well, in vain, and not at all."""
    service.install()
    service.wait_registered()
    service.portal.place_robot("split_invoice", "PREPARATION", properties={"parts": "3"})
    deal = service.portal.add(DEAL, title="Поставка станка для цеха №4", opportunity="100000.00")
    service.run("build_payment_schedule", DEAL, deal, count="3", down_payment="20%")
    service.run("split_invoice", DEAL, deal, parts="4")
    service.run("charge_saved_card", DEAL, deal)
    return Stand(service, deal)


def test_every_page_fits_a_phone_and_a_desk(stand: Stand, browser: Browser) -> None:
    addresses = [
        f"{stand.pages}/",
        stand.portal,
        f"{stand.portal}/robots/1",
        f"{stand.portal}/new-deal/0",
        f"{stand.portal}/items",
        f"{stand.portal}/items/{DEAL}/{stand.deal}",
        f"{stand.portal}/workflows",
        f"{stand.portal}/feed",
        f"{stand.pages}/mails",
        f"{stand.pages}/acquirer",
        f"{stand.pages}/acquirers/tbank",
    ]
    for size in (PHONE, DESK):
        for address in addresses:
            with watched(browser, size) as seen:
                answer = seen.page.goto(address)
                assert answer is not None
                assert answer.status == 200, address
                assert (seen.errors, seen.foreign(), seen.too_wide(), seen.nameless()) == ([], [], [], []), address


def test_a_manager_moves_a_deal_with_the_keyboard_and_reads_what_the_robot_did(stand: Stand, browser: Browser) -> None:
    workflows = stand.service.portal.workflows
    before = {one["id"] for one in workflows()}
    with watched(browser, PHONE) as seen:
        seen.page.goto(stand.portal)
        seen.page.get_by_role("button", name="Подготовка документов").focus()
        seen.page.keyboard.press("Enter")
        assert eventually(lambda: {one["id"] for one in workflows()} > before)
        [moved] = {one["id"] for one in workflows()} - before
        assert stand.service.wait_call_state(moved, "delivered")
        seen.page.goto(f"{stand.portal}/workflows")
        expect(seen.page.locator("body")).to_contain_text("Документ уже разбит на счета 1, 2, 3, 4")
        expect(seen.page.locator("body")).to_contain_text("25\u00a0000,00")
