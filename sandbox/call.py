"""One REST command on its way through a portal: who calls, with what, and what is to happen after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import access_denied, bad_argument
from sandbox.portal import Installation, Portal, User
from sandbox.world import World


@dataclass
class Page:
    """A list result with its paging; `following` is the next `start`, None on the last page."""

    result: Any
    total: int | None = None
    following: int | None = None


@dataclass
class Caller:
    """Who calls: a user through an app, or through an incoming webhook when `installation` is None."""

    user: User
    installation: Installation | None
    scopes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Whose operating time the call counts as."""
        return self.installation.app.client_id if self.installation else f"webhook {self.user.id}"

    @property
    def client_id(self) -> str:
        """The calling app; methods that need one are guarded, so a webhook never gets here."""
        if self.installation is None:
            raise access_denied("Application context required")
        return self.installation.app.client_id


@dataclass
class Call:
    """`later` runs after the method, outside the portal's lock but before the answer: workflows continuing."""

    world: World
    portal: Portal
    caller: Caller
    params: dict[str, Any]
    later: list[Callable[[], None]] = field(default_factory=list)

    def upper(self) -> dict[str, Any]:
        """Parameters with upper-case names, as the older methods read them."""
        return {str(key).upper(): value for key, value in self.params.items()}

    def integer(self, name: str, value: Any = None) -> int:
        given = self.params.get(name) if value is None else value
        try:
            return int(str(given))
        except ValueError:
            raise bad_argument(
                f"Could not find value for parameter {{{name}}}"
                if given is None
                else f"Invalid value {{{given}}} to match with parameter {{{name}}}. Should be value of type int."
            ) from None

    def mapping(self, name: str, value: Any = None) -> dict[str, Any]:
        """A map parameter; PHP sends an empty map as an empty list or string."""
        return as_map(self.params.get(name) if value is None else value, name)

    @property
    def client_id(self) -> str:
        return self.caller.client_id


def as_map(value: Any, name: str) -> dict[str, Any]:
    if value in (None, "", []) or value == [""]:
        return {}
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        raise bad_argument(f"Invalid value to match with parameter {{{name}}}. Should be value of type array.")
    return value


def as_list(value: Any) -> list[Any]:
    """A list parameter; a single value counts as a list of one."""
    if value in (None, "", {}) or value == [""]:
        return []
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def yes(value: Any) -> bool:
    """Y/N, 1/0, true/false as forms and JSON write them; `True` from a careless form is not yes."""
    return value is True or value in ("Y", "y", "1", 1, "true")


def paged(rows: list[Any], start: Any, wrap: Callable[[list[Any]], Any] = lambda rows: rows) -> Page:
    """The page of fifty beginning at `start`; -1 gives the first page without counting."""
    offset = _offset(start)
    if offset == -1:
        return Page(wrap(rows[:50]))
    following = offset + 50 if len(rows) > offset + 50 else None
    return Page(wrap(rows[offset : offset + 50]), len(rows), following)


def _offset(start: Any) -> int:
    try:
        offset = int(str(start or 0))
    except ValueError:
        return 0
    return offset if offset == -1 else max(0, offset)


Method = Callable[[Call], Any]
