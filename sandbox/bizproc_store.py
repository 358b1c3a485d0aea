"""What a portal's business processes remember: registered robots, templates, running workflows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Step = dict[str, Any]


@dataclass
class Registered:
    """A robot or an action of an app; `internal` is its name inside templates without `rest_`."""

    client_id: str
    code: str
    internal: str
    robot: bool
    handler: str
    auth_user_id: int
    use_subscription: str
    name: dict[str, str]
    description: dict[str, str]
    properties: dict[str, dict[str, Any]]
    return_properties: dict[str, dict[str, Any]]
    document_type: list[str] | None = None
    filter: dict[str, Any] | None = None
    use_placement: bool = False
    placement_handler: str = ""


@dataclass
class PlacedRobot:
    """A robot somebody put on a stage, with the form as filled in."""

    id: int
    entity_type_id: int
    stage_id: str
    step: Step


@dataclass
class Template:
    """A business process: `steps` in the engine's form; `system_code` names the app that made it."""

    id: int
    document_type: list[str]
    name: str
    description: str
    auto_execute: int
    steps: list[Step]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    system_code: str = ""
    modified: datetime | None = None


@dataclass
class Frame:
    """A list of steps being carried out; `index` is the next one."""

    steps: list[Step]
    index: int = 0


@dataclass
class Waiting:
    """What a branch waits for: an answer under `token_tail`, or only for `until`."""

    step: Step
    token: str
    until: datetime | None


@dataclass
class Branch:
    id: int
    frames: list[Frame]
    parent: int | None = None
    children: int = 0
    waiting: Waiting | None = None
    done: bool = False


@dataclass
class LogLine:
    at: datetime
    step: str
    kind: str
    text: str


@dataclass
class Execution:
    """One time a step ran: what was sent under `token` and what came back."""

    step: str
    code: str
    token: str
    started: datetime
    properties: dict[str, Any]
    subscribed: bool
    until: datetime | None = None
    finished: datetime | None = None
    outcome: str = "waiting"
    returned: dict[str, Any] = field(default_factory=dict)
    answers: int = 0


@dataclass
class Workflow:
    """A running or finished process. `busy` means another hit holds it: answers to it get 423."""

    id: str
    template_id: int | None
    name: str
    entity_type_id: int
    item_id: int
    started: datetime
    started_by: int
    automation: bool
    parameters: dict[str, Any]
    variables: dict[str, Any]
    constants: dict[str, Any]
    branches: list[Branch]
    state: str = "running"
    status_text: str = ""
    busy: bool = False
    finished: datetime | None = None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        return self.state == "running"


@dataclass
class Bizproc:
    registered: dict[str, Registered] = field(default_factory=dict)
    placed: list[PlacedRobot] = field(default_factory=list)
    templates: dict[int, Template] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    wakeups: list[tuple[datetime, int, str, int, str]] = field(default_factory=list)
    step_seconds: float = 0.0
    save_seconds: float = 0.0
    ids: int = 0

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    def of_item(self, entity_type_id: int, item_id: int) -> list[Workflow]:
        return [
            flow
            for flow in self.workflows.values()
            if flow.alive and (flow.entity_type_id, flow.item_id) == (entity_type_id, item_id)
        ]


def walk(steps: list[Step]) -> list[Step]:
    """Every step of a tree, outer ones first."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        inner = itertools.chain.from_iterable(step.get("branches", []))
        found.extend(walk([*step.get("steps", []), *step.get("otherwise", []), *inner]))
    return found
