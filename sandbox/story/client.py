"""A client's browser in miniature: opens an address, presses a button of a form that is really on the page."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

TIMEOUT_SECONDS = 60.0
HEADERS = {"Accept-Language": "ru", "User-Agent": "client of the story"}

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoSuchButton(Exception):
    """The page has no form with this button."""


@dataclass
class Form:
    action: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    """What was loaded: where the redirects ended, its text, its forms and the pictures on it."""

    address: str
    text: str
    forms: list[Form] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


class Client:
    """One person with one window. `page` is what it shows."""

    def __init__(self) -> None:
        self.page = Page("", "")

    def open(self, address: str) -> Page:
        return self._load(urllib.request.Request(address, headers=HEADERS))

    def press(self, name: str, value: str, **entered: str) -> Page:
        """Press the button of this name and value, with fields of its form filled in."""
        form = next(
            (one for one in self.page.forms if (name, value) in one.buttons and entered.keys() <= one.fields), None
        )
        if form is None:
            raise NoSuchButton(f"На странице {self.page.address} нет кнопки {name}={value} с полями {sorted(entered)}")
        address = urllib.parse.urljoin(self.page.address, form.action)
        body = urllib.parse.urlencode({**form.hidden, **entered, name: value}).encode()
        return self._load(urllib.request.Request(address, body, HEADERS))

    def _load(self, request: urllib.request.Request) -> Page:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read().decode("utf-8")
            self.page = Page(answer.geturl(), text)
        _Reader(self.page).feed(text)
        return self.page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            self._page.pictures.append(given.get("src", ""))
        elif tag == "a":
            self._page.links.append(given.get("href", ""))
        elif tag == "form":
            self._form = Form(given.get("action", ""))
            self._page.forms.append(self._form)
        elif self._form is not None and tag == "button":
            self._form.buttons.append((given.get("name", ""), given.get("value", "")))
        elif self._form is not None and tag == "input":
            self._form.fields.add(given.get("name", ""))
            if given.get("type") == "hidden":
                self._form.hidden[given.get("name", "")] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
