"""Write each robot's page in docs/robots/ and the guard tests/catalogue.json from the declarations: `make robots`."""

import json
from collections.abc import Mapping
from pathlib import Path

from bp_activities.__main__ import described
from bp_activities._catalogue import ACTIVITY_SUFFIX, catalogue
from bp_activities._declaration import Robot
from schemas.declaration import PropertyDeclaration

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "robots"
GUARD = ROOT / "tests" / "catalogue.json"


def page(robot: Robot) -> str:
    declaration = robot.declaration
    return "\n".join(
        [
            f"# {robot.name.ru} — `{robot.code}`",
            "",
            f"{robot.description.ru}.",
            "",
            f"*{robot.name.en}.* {robot.description.en}.",
            "",
            f"In business processes the same step is the activity `{robot.code}{ACTIVITY_SUFFIX}`.",
            "",
            "Как считаются суммы и даты · How sums and dates are worked out: [arithmetic](../arithmetic.md).",
            "",
            "## Поля · Fields",
            "",
            "| ключ | подпись | тип | по умолчанию | подсказка |",
            "|---|---|---|---|---|",
            *(_field_line(key, one) for key, one in declaration.properties.items()),
            "",
            "## Результаты · Results",
            "",
            "| ключ | подпись | тип |",
            "|---|---|---|",
            *(_result_line(key, one) for key, one in declaration.return_properties.items()),
            "",
        ]
    )


def guard() -> str:
    return json.dumps(
        {code: described(robot.declaration) for code, robot in catalogue().items()}, ensure_ascii=False, indent=1
    )


def _field_line(key: str, one: PropertyDeclaration) -> str:
    required = " \\*" if one.required else ""
    options = _options(one.options)
    hint = " · ".join(text for text in ((one.description.ru if one.description else ""), options) if text)
    return f"| `{key}`{required} | {one.name.ru} · {one.name.en} | {one.type} | {one.default or ''} | {hint} |"


def _options(options: Mapping[str, object]) -> str:
    return ", ".join(f"`{key}`" for key in options)


def _result_line(key: str, one: PropertyDeclaration) -> str:
    kind = f"{one.type}, список" if one.multiple else one.type
    return f"| `{key}` | {one.name.ru} · {one.name.en} | {kind} |"


def main() -> None:
    PAGES.mkdir(exist_ok=True)
    for code, robot in catalogue().items():
        (PAGES / f"{code}.md").write_text(page(robot))
    GUARD.write_text(guard() + "\n")


if __name__ == "__main__":
    main()
