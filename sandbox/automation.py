"""What a change of an item sets off: robots of the stage it entered and business processes that start by themselves."""

from __future__ import annotations

from sandbox.bizproc_store import Step, Workflow
from sandbox.crm_store import Item
from sandbox.portal import Portal
from sandbox.workflow import Start, end, start
from sandbox.world import World

ON_CREATE, ON_CHANGE = 1, 2


def set_off(
    world: World, portal: Portal, item: Item, user_id: int, created: bool, moved: bool, but: Workflow | None = None
) -> list[Workflow]:
    """Workflows to be run for a created or changed item, each already in this hit's hands.

    Entering a stage ends what the previous stage's robots still waited for. `but` is the workflow that made the change:
    its own automation ends with the stage as well.
    """
    flows: list[Workflow] = []
    if moved:
        for flow in portal.bizproc.of_item(item.entity_type_id, item.id):
            if flow.automation:
                end(world, flow, "terminated", "The stage was changed")
    stage = item.values.get("stageId")
    if (created or moved) and stage and portal.traits.robots:
        steps = stage_steps(portal, item.entity_type_id, str(stage))
        if steps:
            wish = Start(f"Robots of {stage}", steps, item.entity_type_id, item.id, user_id, automation=True)
            flows.append(start(world, portal, wish))
    return flows + _automatic(world, portal, item, user_id, ON_CREATE if created else ON_CHANGE, but)


def stage_steps(portal: Portal, entity_type_id: int, stage: str) -> list[Step]:
    """Robots of a stage one after another; those marked parallel begin together before the rest."""
    placed = [one for one in portal.bizproc.placed if (one.entity_type_id, one.stage_id) == (entity_type_id, stage)]
    together = [[one.step] for one in placed if one.step.get("parallel")]
    in_turn = [one.step for one in placed if not one.step.get("parallel")]
    if not together:
        return in_turn
    return [{"type": "parallel", "name": "Parallel", "branches": [*together, in_turn]}]


def _automatic(
    world: World, portal: Portal, item: Item, user_id: int, when: int, but: Workflow | None
) -> list[Workflow]:
    document_type = portal.kind(item.entity_type_id).document_type
    flows = []
    for template in portal.bizproc.templates.values():
        if template.document_type != document_type or not template.auto_execute & when:
            continue
        if but is not None and but.template_id == template.id:
            continue
        wish = Start(template.name, template.steps, item.entity_type_id, item.id, user_id, template=template)
        flows.append(start(world, portal, wish))
    return flows
