"""Workflows begin, end and keep their journal here; what happens in between is the engine's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from sandbox.bizproc_store import Branch, Frame, LogLine, Step, Template, Workflow
from sandbox.portal import Portal
from sandbox.world import World


@dataclass
class Start:
    """What a new workflow runs and on which item."""

    name: str
    steps: list[Step]
    entity_type_id: int
    item_id: int
    user_id: int
    automation: bool = False
    template: Template | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def start(world: World, portal: Portal, wish: Start) -> Workflow:
    """A new workflow in the hands of this hit; it does nothing before the engine runs it."""
    template = wish.template
    flow = Workflow(
        id=f"{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}",
        template_id=template.id if template else None,
        name=wish.name,
        entity_type_id=wish.entity_type_id,
        item_id=wish.item_id,
        started=world.clock.now(),
        started_by=wish.user_id,
        automation=wish.automation,
        parameters=wish.parameters,
        variables=dict(template.variables) if template else {},
        constants=dict(template.constants) if template else {},
        branches=[Branch(1, [Frame(wish.steps)])],
        busy=True,
    )
    portal.bizproc.workflows[flow.id] = flow
    return flow


def end(world: World, flow: Workflow, state: str, text: str = "") -> None:
    """Close a workflow for good; steps still waiting end with it."""
    if not flow.alive:
        return
    now = world.clock.now()
    flow.state, flow.status_text, flow.finished = state, text, now
    for execution in flow.executions:
        if execution.outcome == "waiting":
            execution.outcome, execution.finished = "terminated", now


def note(world: World, flow: Workflow, step: str, kind: str, text: str) -> None:
    flow.log.append(LogLine(world.clock.now(), step, kind, text))
