"""The portal of the story: deals, robots on stages, and waiting for what the service answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.story.control import Control

DEAL, COMPANY, INVOICE = 2, 4, 31
ANSWER_SECONDS = 60.0


class NoAnswer(Exception):
    """A robot's workflow was left hanging, or something the story waits for never came."""


@dataclass(frozen=True)
class Answer:
    """What the portal received for one robot call; `titles` are the results' names in the portal's designer."""

    robot: str
    titles: dict[str, str]
    document: str
    values: dict[str, Any]
    answers: int

    @property
    def status(self) -> str:
        return str(self.values.get("result_status", ""))


class Scene:
    """`alive` is called while waiting: it raises when a process of the service has died."""

    def __init__(self, control: Control, member_id: str, alive: Callable[[], None]) -> None:
        self.control = control
        self.member_id = member_id
        self._alive = alive

    def get(self, path: str, **wish: object) -> Any:
        return self.control.get(f"/portals/{self.member_id}{path}", **wish)

    def post(self, path: str, **wish: object) -> Any:
        return self.control.post(f"/portals/{self.member_id}{path}", **wish)

    def add(self, entity_type_id: int, **fields: object) -> int:
        return int(self.post("/items", entityTypeId=entity_type_id, fields=fields)["id"])

    def company(self, title: str) -> int:
        return self.add(COMPANY, title=title)

    def item(self, entity_type_id: int, item_id: int) -> dict[str, Any]:
        return next(one for one in self.items(entity_type_id) if one["id"] == item_id)

    def items(self, entity_type_id: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/items", entityTypeId=entity_type_id)
        return found

    def put_robot(self, code: str, stage: str, **properties: str) -> None:
        self.post("/robots", code=code, stage=stage, entityTypeId=DEAL, properties=properties)

    def move(self, deal: int, stage: str) -> None:
        self.post(f"/items/{DEAL}/{deal}/move", stage=stage)

    def pay(self, entity_type_id: int, item_id: int) -> None:
        """A manager puts an item on its stage of success."""
        stages = self.get("/stages", entityTypeId=entity_type_id)
        success = next(one["stage"] for one in stages if one["semantics"] == "S")
        self.post(f"/items/{entity_type_id}/{item_id}/move", stage=success)

    def start(self, code: str, deal: int, **properties: str) -> None:
        """A manager starts a process of one step from a deal."""
        step = {"code": code, "name": code, "properties": properties}
        template = self.post("/templates", steps=[step], entityTypeId=DEAL)
        self.post("/workflows", template_id=template["id"], id=deal, entityTypeId=DEAL)

    def answers_for(self, deal: int, count: int) -> list[Answer]:
        """Wait until `count` robot calls of a deal were answered, oldest first."""

        def answered() -> list[dict[str, Any]]:
            return [step for step in self._steps(deal) if step["outcome"] == "answered"]

        self.wait(lambda: len(answered()) >= count, f"{count} ответов роботов по сделке {deal}")
        document = f"Сделка «{self.item(DEAL, deal)['title']}»"
        robots = {one["code"]: one for one in self.get("/registered")}
        return [
            Answer(
                robot=robots[step["code"]]["name"]["RU"],
                titles={key: one["NAME"]["RU"] for key, one in robots[step["code"]]["return_properties"].items()},
                document=document,
                values=step["returned"],
                answers=step["answers"],
            )
            for step in answered()
        ]

    def wait(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not happened():
            self._alive()
            if time.monotonic() > deadline:
                raise NoAnswer(f"За {ANSWER_SECONDS:.0f} с не дождались: {what}")
            time.sleep(0.1)

    def _steps(self, deal: int) -> list[dict[str, Any]]:
        return [
            step
            for flow in self.get("/workflows")
            if flow["document_id"][2] == f"DEAL_{deal}"
            for step in flow["steps"]
        ]
