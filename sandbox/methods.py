"""Every REST method a portal answers to: what carries it out, its scope and who may call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox import bizproc_registry, bizproc_talk, crm_item_methods, events
from sandbox.call import Method
from sandbox.portal import Portal


def _always(_portal: Portal) -> bool:
    return True


def _with_robots(portal: Portal) -> bool:
    return portal.traits.robots


def _with_designer(portal: Portal) -> bool:
    return portal.traits.designer


@dataclass(frozen=True)
class MethodSpec:
    """`app`: a webhook is refused; `admin`: so is a user without rights; `present`: whether the plan has it at all."""

    run: Method
    scope: str = ""
    app: bool = False
    admin: bool = False
    present: Callable[[Portal], bool] = _always


METHODS: dict[str, MethodSpec] = {
    "crm.item.add": MethodSpec(crm_item_methods.add, "crm"),
    "crm.item.update": MethodSpec(crm_item_methods.update, "crm"),
    "crm.item.get": MethodSpec(crm_item_methods.get, "crm"),
    "crm.item.delete": MethodSpec(crm_item_methods.delete, "crm"),
    "crm.item.list": MethodSpec(crm_item_methods.list_items, "crm"),
    "crm.item.fields": MethodSpec(crm_item_methods.fields, "crm"),
    "bizproc.robot.add": MethodSpec(bizproc_registry.adder(True), "bizproc", True, True, _with_robots),
    "bizproc.robot.update": MethodSpec(bizproc_registry.updater(True), "bizproc", True, True, _with_robots),
    "bizproc.robot.delete": MethodSpec(bizproc_registry.deleter(True), "bizproc", True, True, _with_robots),
    "bizproc.robot.list": MethodSpec(bizproc_registry.lister(True), "bizproc", True, True, _with_robots),
    "bizproc.activity.add": MethodSpec(bizproc_registry.adder(False), "bizproc", True, True, _with_designer),
    "bizproc.activity.update": MethodSpec(bizproc_registry.updater(False), "bizproc", True, True, _with_designer),
    "bizproc.activity.delete": MethodSpec(bizproc_registry.deleter(False), "bizproc", True, True, _with_designer),
    "bizproc.activity.list": MethodSpec(bizproc_registry.lister(False), "bizproc", True, True, _with_designer),
    "bizproc.event.send": MethodSpec(bizproc_talk.send, "bizproc"),
    "bizproc.activity.log": MethodSpec(bizproc_talk.log, "bizproc"),
    "event.bind": MethodSpec(events.bind, "", True),
    "event.unbind": MethodSpec(events.unbind, "", True),
    "event.get": MethodSpec(events.bound, "", True),
    "events": MethodSpec(events.names),
}
