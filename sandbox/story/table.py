"""The story as a table: what the portal received for each robot and which expectations held."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sandbox.pages.words import plain
from sandbox.story.scene import Answer

STATUSES = {"ok": "выполнено", "skipped": "пропущено", "pending": "не решено", "failed": "не вышло"}
MOSCOW = ZoneInfo("Europe/Moscow")
WIDTHS = (28, 26, 10, 44)
HEADER = ("Робот", "Документ", "Итог", "Что получил портал")


@dataclass(frozen=True)
class Check:
    """One expectation: what was expected in words, and what came when it did not hold."""

    text: str
    held: bool
    came: str = ""


@dataclass
class Chapter:
    """A part of the story: a title, the robots' answers with the results worth showing, the checks."""

    title: str
    lines: list[tuple[str, str, str, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    papers: list[tuple[str, str]] = field(default_factory=list)

    def answered(self, answer: Answer, *keys: str, remark: str = "") -> None:
        """Show an answer with the results named, under the names the designer gives them; empty ones are left out."""
        filled = [key for key in keys if answer.values.get(key) not in (None, "", [])]
        shown = [f"{answer.titles[key]}: {plain(answer.values[key], MOSCOW)}" for key in filled]
        robot = f"{answer.robot} ({remark})" if remark else answer.robot
        self.lines.append((robot, answer.document, STATUSES.get(answer.status, answer.status), "\n".join(shown)))

    def happened(self, what: str, where: str, seen: str) -> None:
        """Show something that is no robot's answer."""
        self.lines.append((what, where, "", seen))

    def show(self, title: str, text: str) -> None:
        """Show a text as it stands, below the answers."""
        self.papers.append((title, text))

    def expect(self, text: str, came: object, expected: object) -> None:
        self.checks.append(Check(text, came == expected, f"ожидали {expected!r}, получили {came!r}"))

    @property
    def held(self) -> bool:
        return all(check.held for check in self.checks)


def printed(chapters: list[Chapter]) -> str:
    """The whole table, ready to print."""
    rule = "─" * (sum(WIDTHS) + 3 * (len(WIDTHS) - 1))
    parts = [rule, _row(HEADER), rule]
    for number, chapter in enumerate(chapters, start=1):
        parts.append(f"{number}. {chapter.title}")
        parts += [_row(line) for line in chapter.lines]
        for title, text in chapter.papers:
            parts += [f"   {title}", textwrap.indent(text.rstrip(), "   │ ")]
        for check in chapter.checks:
            mark = "✓" if check.held else "✗"
            parts.append(f"   {mark} {check.text}" + ("" if check.held else f": {check.came}"))
        parts.append(rule)
    return "\n".join(parts)


def _row(cells: tuple[str, ...]) -> str:
    columns = [_wrapped(cell, width) for cell, width in zip(cells, WIDTHS, strict=True)]
    height = max(len(column) for column in columns)
    lines = []
    for index in range(height):
        texts = [column[index] if index < len(column) else "" for column in columns]
        lines.append("   ".join(text.ljust(width) for text, width in zip(texts, WIDTHS, strict=True)).rstrip())
    return "\n".join(lines)


def _wrapped(cell: str, width: int) -> list[str]:
    return [part for line in cell.split("\n") for part in textwrap.wrap(line, width) or [""]]
