"""Every REST method a portal answers to: what carries it out, its scope and who may call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox import (
    bizproc_registry,
    bizproc_talk,
    bizproc_templates,
    bizproc_workflows,
    crm_item_methods,
    crm_rows,
    crm_stages,
    crm_timeline,
    crm_triggers,
    crm_types,
    crm_userfields,
    events,
    im,
    people,
    placements,
    portal_methods,
)
from sandbox.call import Call, Method
from sandbox.portal import Portal


def _always(_portal: Portal) -> bool:
    return True


def _with_robots(portal: Portal) -> bool:
    return portal.traits.robots


def _with_designer(portal: Portal) -> bool:
    return portal.traits.designer


@dataclass(frozen=True)
class MethodSpec:
    """`app` names the error a webhook gets where an app is needed; `present`: whether the plan has it at all."""

    run: Method
    scope: str = ""
    app: str = ""
    admin: bool = False
    present: Callable[[Portal], bool] = _always

    def within(self, scopes: tuple[str, ...]) -> bool:
        """Whether the scopes cover the method; `user_basic` and `user_brief` give the methods of `user` too."""
        if not self.scope or "*" in scopes or self.scope in scopes:
            return True
        return self.scope == "user" and bool({"user_basic", "user_brief"} & set(scopes))


def _methods(call: Call) -> Any:
    """methods: those of the caller's scopes"""
    return sorted(
        name for name, spec in METHODS.items() if spec.present(call.portal) and spec.within(call.caller.scopes)
    )


def _method(call: Call) -> Any:
    """method.get: whether a method exists and whether this caller may use it."""
    spec = METHODS.get(str(call.upper().get("NAME") or "").lower())
    exists = spec is not None and spec.present(call.portal)
    return {"isExisting": exists, "isAvailable": spec is not None and exists and spec.within(call.caller.scopes)}


_DENIED, _WRONG_TYPE = "ACCESS_DENIED", "WRONG_AUTH_TYPE"

METHODS: dict[str, MethodSpec] = {
    "app.info": MethodSpec(portal_methods.app_info),
    "bizproc.activity.add": MethodSpec(bizproc_registry.adder(False), "bizproc", _DENIED, True, _with_designer),
    "bizproc.activity.delete": MethodSpec(bizproc_registry.deleter(False), "bizproc", _DENIED, True, _with_designer),
    "bizproc.activity.list": MethodSpec(bizproc_registry.lister(False), "bizproc", _DENIED, True, _with_designer),
    "bizproc.activity.log": MethodSpec(bizproc_talk.log, "bizproc"),
    "bizproc.activity.update": MethodSpec(bizproc_registry.updater(False), "bizproc", _DENIED, True, _with_designer),
    "bizproc.event.send": MethodSpec(bizproc_talk.send, "bizproc"),
    "bizproc.robot.add": MethodSpec(bizproc_registry.adder(True), "bizproc", _DENIED, True, _with_robots),
    "bizproc.robot.delete": MethodSpec(bizproc_registry.deleter(True), "bizproc", _DENIED, True, _with_robots),
    "bizproc.robot.list": MethodSpec(bizproc_registry.lister(True), "bizproc", _DENIED, True, _with_robots),
    "bizproc.robot.update": MethodSpec(bizproc_registry.updater(True), "bizproc", _DENIED, True, _with_robots),
    "bizproc.workflow.instances": MethodSpec(bizproc_workflows.instances, "bizproc", admin=True),
    "bizproc.workflow.kill": MethodSpec(bizproc_workflows.kill, "bizproc", admin=True),
    "bizproc.workflow.start": MethodSpec(bizproc_workflows.start, "bizproc"),
    "bizproc.workflow.template.add": MethodSpec(bizproc_templates.add, "bizproc", _DENIED, True, _with_designer),
    "bizproc.workflow.template.delete": MethodSpec(bizproc_templates.delete, "bizproc", _DENIED, True, _with_designer),
    "bizproc.workflow.template.list": MethodSpec(bizproc_templates.list_templates, "bizproc", admin=True),
    "bizproc.workflow.template.update": MethodSpec(bizproc_templates.update, "bizproc", _DENIED, True, _with_designer),
    "bizproc.workflow.terminate": MethodSpec(bizproc_workflows.terminate, "bizproc", admin=True),
    "crm.activity.get": MethodSpec(crm_timeline.get_activity, "crm"),
    "crm.activity.list": MethodSpec(crm_timeline.list_activities, "crm"),
    "crm.activity.todo.add": MethodSpec(crm_timeline.add_todo, "crm"),
    "crm.automation.trigger.add": MethodSpec(crm_triggers.add, "crm", _DENIED, True, _with_robots),
    "crm.automation.trigger.delete": MethodSpec(crm_triggers.delete, "crm", _DENIED, True, _with_robots),
    "crm.automation.trigger.execute": MethodSpec(crm_triggers.execute, "crm", _DENIED, True, _with_robots),
    "crm.automation.trigger.list": MethodSpec(crm_triggers.list_triggers, "crm", _DENIED, True, _with_robots),
    "crm.category.add": MethodSpec(crm_stages.add_category, "crm"),
    "crm.category.delete": MethodSpec(crm_stages.delete_category, "crm"),
    "crm.category.get": MethodSpec(crm_stages.get_category, "crm"),
    "crm.category.list": MethodSpec(crm_stages.list_categories, "crm"),
    "crm.category.update": MethodSpec(crm_stages.update_category, "crm"),
    "crm.currency.base.get": MethodSpec(portal_methods.base_currency, "crm"),
    "crm.currency.list": MethodSpec(portal_methods.currencies, "crm"),
    "crm.enum.ownertype": MethodSpec(portal_methods.owner_types, "crm"),
    "crm.item.add": MethodSpec(crm_item_methods.add, "crm"),
    "crm.item.delete": MethodSpec(crm_item_methods.delete, "crm"),
    "crm.item.fields": MethodSpec(crm_item_methods.fields, "crm"),
    "crm.item.get": MethodSpec(crm_item_methods.get, "crm"),
    "crm.item.list": MethodSpec(crm_item_methods.list_items, "crm"),
    "crm.item.productrow.add": MethodSpec(crm_rows.add, "crm"),
    "crm.item.productrow.delete": MethodSpec(crm_rows.delete, "crm"),
    "crm.item.productrow.fields": MethodSpec(crm_rows.fields, "crm"),
    "crm.item.productrow.get": MethodSpec(crm_rows.get, "crm"),
    "crm.item.productrow.list": MethodSpec(crm_rows.list_rows, "crm"),
    "crm.item.productrow.set": MethodSpec(crm_rows.set_rows, "crm"),
    "crm.item.productrow.update": MethodSpec(crm_rows.update, "crm"),
    "crm.item.update": MethodSpec(crm_item_methods.update, "crm"),
    "crm.status.add": MethodSpec(crm_stages.add_status, "crm", admin=True),
    "crm.status.delete": MethodSpec(crm_stages.delete_status, "crm", admin=True),
    "crm.status.entity.items": MethodSpec(crm_stages.entity_items, "crm"),
    "crm.status.entity.types": MethodSpec(crm_stages.entity_types, "crm"),
    "crm.status.get": MethodSpec(crm_stages.get_status, "crm"),
    "crm.status.list": MethodSpec(crm_stages.list_statuses, "crm"),
    "crm.status.update": MethodSpec(crm_stages.update_status, "crm", admin=True),
    "crm.timeline.comment.add": MethodSpec(crm_timeline.add_comment, "crm"),
    "crm.timeline.comment.delete": MethodSpec(crm_timeline.delete_comment, "crm"),
    "crm.timeline.comment.get": MethodSpec(crm_timeline.get_comment, "crm"),
    "crm.timeline.comment.list": MethodSpec(crm_timeline.list_comments, "crm"),
    "crm.timeline.comment.update": MethodSpec(crm_timeline.update_comment, "crm"),
    "crm.type.add": MethodSpec(crm_types.add, "crm"),
    "crm.type.delete": MethodSpec(crm_types.delete, "crm"),
    "crm.type.fields": MethodSpec(crm_types.fields, "crm"),
    "crm.type.get": MethodSpec(crm_types.get, "crm"),
    "crm.type.getbyentitytypeid": MethodSpec(crm_types.get_by_entity_type_id, "crm"),
    "crm.type.list": MethodSpec(crm_types.list_types, "crm"),
    "crm.type.update": MethodSpec(crm_types.update, "crm"),
    "event.bind": MethodSpec(events.bind, "", _WRONG_TYPE),
    "event.get": MethodSpec(events.bound, "", _WRONG_TYPE),
    "event.unbind": MethodSpec(events.unbind, "", _WRONG_TYPE),
    "events": MethodSpec(events.names),
    "feature.get": MethodSpec(portal_methods.feature),
    "im.notify.personal.add": MethodSpec(im.notifier("personal"), "im"),
    "im.notify.system.add": MethodSpec(im.notifier("system"), "im"),
    "method.get": MethodSpec(_method),
    "methods": MethodSpec(_methods),
    "placement.bind": MethodSpec(placements.bind, "placement", _WRONG_TYPE),
    "placement.get": MethodSpec(placements.get, "placement", _WRONG_TYPE),
    "placement.list": MethodSpec(placements.list_codes, "placement", _WRONG_TYPE),
    "placement.unbind": MethodSpec(placements.unbind, "placement", _WRONG_TYPE),
    "profile": MethodSpec(people.profile),
    "scope": MethodSpec(portal_methods.scope),
    "server.time": MethodSpec(portal_methods.server_time),
    "user.admin": MethodSpec(people.admin),
    "user.current": MethodSpec(people.current, "user"),
    "user.get": MethodSpec(people.get, "user"),
    "userfieldconfig.add": MethodSpec(crm_userfields.add, "userfieldconfig", admin=True),
    "userfieldconfig.delete": MethodSpec(crm_userfields.delete, "userfieldconfig", admin=True),
    "userfieldconfig.get": MethodSpec(crm_userfields.get, "userfieldconfig", admin=True),
    "userfieldconfig.gettypes": MethodSpec(crm_userfields.types, "userfieldconfig", admin=True),
    "userfieldconfig.list": MethodSpec(crm_userfields.list_fields, "userfieldconfig", admin=True),
    "userfieldconfig.update": MethodSpec(crm_userfields.update, "userfieldconfig", admin=True),
}
