"""What stands in the portal after a registration, and after the second, with something changed, stale or refused."""

from typing import Any

import pytest

from bitrix24.registration import EVENTS
from bitrix24.triggers import TRIGGERS
from tests.installs import wire
from tests.installs.wire import register_again
from tests.outside import eventually
from tests.service import RunningService

DEALS, CONTACTS = ["crm", "CCrmDocumentDeal"], ["crm", "CCrmDocumentContact"]


@pytest.fixture
def quiet(installed: RunningService) -> RunningService:
    """Installed, and nothing of the installation under way any more."""
    assert installed.outside.wait_idle()
    installed.wait_registered()
    return installed


def steps(service: RunningService) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in service.portal.get("/registered")}


def rest(service: RunningService, method: str, params: dict[str, Any], app: dict[str, Any] | None = None) -> Any:
    """As the application itself does, or another one."""
    service.portal.tokens(1, client_id=(app or service.app)["client_id"])
    answer = service.portal.rest(method, params)
    assert answer.status == 200, answer.body
    return answer.result


def step(code: str, name: str = "Another") -> dict[str, Any]:
    return {"CODE": code, "HANDLER": "http://127.0.0.1:9/robot", "USE_SUBSCRIPTION": "Y", "NAME": name}


def set_activities(service: RunningService, choice: str) -> None:
    assert wire.command(service, "portals", "set", service.portal.member_id, "--activities", choice).exit_code == 0


# --- what stands -------------------------------------------------------------------------------------------------


def test_every_robot_is_there_and_an_activity_of_each(quiet: RunningService) -> None:
    codes = set(quiet.built.catalogue)
    assert quiet.registered() == {"robots": sorted(codes), "activities": sorted(code + "_activity" for code in codes)}


def test_every_step_waits_for_its_answer_and_is_called_at_our_address_as_the_installer(quiet: RunningService) -> None:
    for one in steps(quiet).values():
        assert one["use_subscription"] == "Y"
        assert one["handler"] == f"{quiet.address}/bitrix24/activities"
        assert one["auth_user_id"] == 1


def test_every_name_a_person_reads_is_there_in_both_languages(quiet: RunningService) -> None:
    for one in steps(quiet).values():
        assert {"RU", "EN"} <= set(one["name"]), one["code"]
        assert {"RU", "EN"} <= set(one["description"]), one["code"]
        for key, described in {**one["properties"], **one["return_properties"]}.items():
            assert {"RU", "EN"} <= set(described["NAME"]), (one["code"], key)


def test_the_default_of_a_choice_is_one_of_its_keys(quiet: RunningService) -> None:
    choices = [
        (one["code"], key, described)
        for one in steps(quiet).values()
        for key, described in one["properties"].items()
        if described["TYPE"] == "select"
    ]
    assert len(choices) > 20
    for code, key, described in choices:
        assert described["OPTIONS"], (code, key)
        if described["DEFAULT"] not in (None, ""):
            assert described["DEFAULT"] in described["OPTIONS"], (code, key)


def test_a_robot_is_offered_where_robots_are_and_its_activity_where_they_are_not(quiet: RunningService) -> None:
    found = steps(quiet)
    robot, activity = found["split_invoice"]["filter"]["INCLUDE"], found["split_invoice_activity"]["filter"]["INCLUDE"]
    assert DEALS in robot
    assert CONTACTS in activity
    assert not [one for one in robot if one in activity]


def test_the_application_hears_of_its_own_life_at_the_events_address(quiet: RunningService) -> None:
    bound = {(one["event"], one["handler"]) for one in quiet.portal.get("/events")}
    assert bound == {(event, f"{quiet.address}/bitrix24/events") for event in EVENTS}


@pytest.mark.parametrize("language", ["ru", "en"])
def test_triggers_are_named_in_the_portals_language(service: RunningService, language: str) -> None:
    service.portal.post("/traits", language=language)
    service.install()
    service.wait_registered()
    names = {one["code"]: one["name"] for one in service.portal.get("/triggers")["registered"]}
    assert names == {code: words.in_language(language) for code, words in TRIGGERS.items()}


def test_a_registration_takes_a_small_part_of_the_portals_requests(quiet: RunningService) -> None:
    """Three for the page, the others in common batches; fifty are the whole burst of a usual plan."""
    assert quiet.portal.history(counters_only=1)["hits"] <= 20


# --- again -------------------------------------------------------------------------------------------------------


def test_registering_again_makes_nothing_twice(quiet: RunningService) -> None:
    before = wire.everything(quiet)
    assert register_again(quiet).exit_code == 0
    assert wire.everything(quiet) == before


def test_a_portal_that_takes_the_same_event_twice_gets_it_once(quiet: RunningService) -> None:
    quiet.portal.switch(event_rebind="accept")
    before = wire.everything(quiet)
    assert register_again(quiet).exit_code == 0
    assert wire.everything(quiet) == before


def test_two_registrations_at_the_same_moment_make_nothing_twice(service: RunningService) -> None:
    wire.add_to_portal(service)
    fields = [wire.page_fields(service) for _ in range(2)]
    service.portal.fault("delay", match="bizproc.robot.list", seconds=0.5, times=2)
    for one in fields:
        assert wire.open_page(service, one).status == 200
    assert eventually(lambda: service.row.registration["finished"], 30)
    assert service.outside.wait_idle()
    assert eventually(lambda: len(wire.everything(service)["fields"]) == 25)
    again = register_again(service)
    assert (again.exit_code, "refused" in again.output) == (0, False)
    found = wire.everything(service)
    for names in (found["events"], found["triggers"], found["fields"]):
        assert len(names) == len(set(names))
    assert len(found["steps"]) == 2 * len(service.built.catalogue)


def test_what_somebody_changed_is_as_declared_again(quiet: RunningService) -> None:
    before = wire.everything(quiet)
    changed = {"NAME": "Changed", "PROPERTIES": {}, "USE_SUBSCRIPTION": "N", "HANDLER": "http://127.0.0.1:9/x"}
    rest(quiet, "bizproc.robot.update", {"CODE": "split_invoice", "FIELDS": changed})
    rest(quiet, "bizproc.activity.update", {"CODE": "split_invoice_activity", "FIELDS": changed})
    rest(quiet, "crm.automation.trigger.add", {"CODE": "pay_debt_cleared", "NAME": "Changed"})
    assert wire.everything(quiet) != before
    assert register_again(quiet).exit_code == 0
    assert wire.everything(quiet) == before


def test_what_somebody_removed_is_there_again(quiet: RunningService) -> None:
    before = wire.everything(quiet)
    rest(quiet, "bizproc.robot.delete", {"CODE": "split_invoice"})
    rest(quiet, "event.unbind", {"event": "ONAPPUNINSTALL"})
    rest(quiet, "crm.automation.trigger.delete", {"CODE": "pay_debt_cleared"})
    assert register_again(quiet).exit_code == 0
    assert wire.everything(quiet) == before


def test_what_we_do_not_declare_any_more_is_removed_and_shown(quiet: RunningService) -> None:
    before = wire.everything(quiet)
    rest(quiet, "bizproc.robot.add", step("robot_of_yesterday"))
    rest(quiet, "bizproc.activity.add", step("activity_of_yesterday"))
    rest(quiet, "event.bind", {"event": "ONAPPUPDATE", "handler": "http://127.0.0.1:9/address-of-yesterday"})
    rest(quiet, "event.bind", {"event": "ONCRMDEALADD", "handler": f"{quiet.address}/bitrix24/events"})
    rest(quiet, "crm.automation.trigger.add", {"CODE": "trigger_of_yesterday", "NAME": "Yesterday"})
    shown = register_again(quiet)
    assert shown.exit_code == 0
    assert wire.everything(quiet) == before
    assert "robot removed robot_of_yesterday" in shown.output
    assert "activity removed activity_of_yesterday" in shown.output
    assert "event removed ONAPPUPDATE http://127.0.0.1:9/address-of-yesterday" in shown.output
    assert "event removed ONCRMDEALADD" in shown.output
    assert "trigger removed trigger_of_yesterday" in shown.output


def test_what_other_applications_have_is_left_alone(quiet: RunningService) -> None:
    other = quiet.outside.register_app("http://127.0.0.1:9")
    quiet.portal.install(other, open=False)
    rest(quiet, "bizproc.robot.add", step("their_robot"), other)
    rest(quiet, "bizproc.activity.add", step("their_activity"), other)
    rest(quiet, "event.bind", {"event": "ONCRMDEALADD", "handler": "http://127.0.0.1:9/events"}, other)
    rest(quiet, "crm.automation.trigger.add", {"CODE": "their_trigger", "NAME": "Theirs"}, other)
    before = wire.everything(quiet)
    assert register_again(quiet).exit_code == 0
    assert wire.everything(quiet) == before


@pytest.mark.parametrize(("choice", "deals", "contacts"), [("everywhere", True, True), ("never", None, None)])
def test_the_portals_setting_says_where_activities_are_offered(
    quiet: RunningService, choice: str, deals: bool | None, contacts: bool | None
) -> None:
    set_activities(quiet, choice)
    assert register_again(quiet).exit_code == 0
    assert set(quiet.registered()["robots"]) == set(quiet.built.catalogue)
    robots = len(quiet.built.catalogue)
    found = [one["filter"]["INCLUDE"] for code, one in steps(quiet).items() if code.endswith("_activity")]
    assert [(DEALS in one, CONTACTS in one) for one in found] == ([] if deals is None else [(deals, contacts)] * robots)
    set_activities(quiet, "where_robots_are_not")
    assert register_again(quiet).exit_code == 0
    assert DEALS not in steps(quiet)["split_invoice_activity"]["filter"]["INCLUDE"]


# --- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "missing"),
    [
        ("bizproc.robot.list", "steps"),
        ("bizproc.robot.add", "steps"),
        ("bizproc.activity.list", "steps"),
        ("bizproc.activity.add", "steps"),
        ("event.get", "events"),
        ("event.bind", "events"),
        ("crm.automation.trigger.add", "triggers"),
        ("userfieldconfig.list", "fields"),
        ("userfieldconfig.add", "fields"),
    ],
)
def test_one_refused_method_does_not_stop_the_rest_and_is_shown(
    service: RunningService, method: str, missing: str
) -> None:
    service.portal.fault("error", match=method, status=400, code="NOT_TODAY", description="Refused for the test")
    service.install()
    service.wait_registered()
    (problem,) = [line["problem"] for line in service.row.registration["lines"] if line["problem"]]
    assert "Refused for the test (NOT_TODAY" in problem
    assert "refused: 1" in wire.command(service, "portals", "list").output
    assert "Refused for the test" in service.portal.post("/open", client_id=service.app["client_id"])["html"]
    found = wire.everything(service)
    healed = register_again(service)
    assert (healed.exit_code, "refused" in healed.output) == (0, False)
    whole = wire.everything(service)
    assert len(found[missing]) < len(whole[missing])
    assert {kind: found[kind] for kind in found if kind != missing} == {
        kind: whole[kind] for kind in whole if kind != missing
    }


def test_a_refusal_makes_the_command_fail_and_names_what_and_why(quiet: RunningService) -> None:
    quiet.portal.fault("error", match="bizproc.robot.update", status=403, code="ACCESS_DENIED", description="No rights")
    shown = register_again(quiet)
    assert shown.exit_code == 1
    refused = [line for line in shown.output.splitlines() if line.startswith("refused")]
    assert len(refused) == 1
    assert "No rights (ACCESS_DENIED" in refused[0]
    assert sum(line.startswith("ok") for line in shown.output.splitlines()) >= 20


def test_a_plan_without_robots_says_what_to_do_and_can_have_activities_everywhere(service: RunningService) -> None:
    service.portal.post("/traits", robots=False)
    service.install()
    service.wait_registered()
    assert service.registered()["robots"] == []
    assert len(service.registered()["activities"]) == len(service.built.catalogue)
    refused = {line["what"]: line["problem"] for line in service.row.registration["lines"] if line["problem"]}
    problem = refused["robot"]
    assert "plan has no robots" in problem
    assert f"portals set {service.portal.member_id} --activities everywhere" in problem
    set_activities(service, "everywhere")
    register_again(service)
    assert DEALS in steps(service)["split_invoice_activity"]["filter"]["INCLUDE"]


def test_a_permission_that_was_not_granted_is_named(service: RunningService) -> None:
    service.outside.register_app(
        service.address,
        client_id=service.app["client_id"],
        client_secret=service.app["client_secret"],
        scopes=["crm", "bizproc", "user"],
    )
    service.install()
    service.wait_registered()
    assert set(service.registered()["robots"]) == set(service.built.catalogue)
    problems = [line["problem"] for line in service.row.registration["lines"] if line["problem"]]
    assert problems
    assert all("permission (scope)" in one for one in problems)


def test_an_answer_that_is_lost_on_the_way_leaves_nothing_twice_after_the_next_time(quiet: RunningService) -> None:
    whole = wire.everything(quiet)
    quiet.portal.fault("lost", match="ONAPPUPDATE")
    quiet.portal.post("/update", client_id=quiet.app["client_id"], new_token=False)
    quiet.portal.fault("lost_after", match="bizproc.robot.add")
    register_again(quiet)
    assert register_again(quiet).exit_code == 0
    assert wire.everything(quiet) == whole
