"""The system's Chromium for tests of pages, and what a page did while it was looked at."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise RuntimeError("there is no Chromium here: run scripts/install-chromium.sh")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@dataclass
class Watched:
    """A page, the addresses it asked for in order, and every error it had."""

    page: Page
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def eventually(self, happened: Callable[[], bool], seconds: float = 30) -> bool:
        """Whether it came true in time; events of a page are told only while its browser is being asked."""
        deadline = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > deadline:
                return False
            self.page.wait_for_timeout(30)
        return True

    def foreign(self) -> list[str]:
        """Addresses outside this machine."""
        return [address for address in self.asked if urlsplit(address).hostname not in ("127.0.0.1", "localhost")]

    def too_wide(self) -> list[str]:
        """Documents, frames included, that scroll sideways."""
        return [
            frame.url
            for frame in self.page.frames
            if frame.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        ]

    def nameless(self) -> list[str]:
        """Fields and buttons that a reader of screens could not name."""
        found: list[str] = []
        for frame in self.page.frames:
            found += frame.evaluate(
                """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
                  .filter(one => !(one.labels && one.labels.length) && !one.getAttribute('aria-label')
                    && !one.textContent.trim() && !(one.type === 'submit' && one.value))
                  .map(one => one.outerHTML.slice(0, 120))"""
            )
        return found


@contextmanager
def watched(browser: Browser, size: dict[str, int]) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": size["width"], "height": size["height"]}, locale="ru-RU")
    seen = Watched(page)

    def note(request: Request) -> None:
        seen.asked.append(request.url)

    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.on("request", note)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on(
        "console", lambda said: seen.errors.append(f"{said.text} {said.location}") if said.type == "error" else None
    )
    yield seen
    page.close()
