"""Fields of ours in the portal's CRM: made where they are missing, once, and their names kept for the robots."""

from typing import Any

import pytest

from bitrix24.own_fields import ENTITIES, OWN_FIELDS
from tests.installs.wire import register_again
from tests.outside import eventually
from tests.service import RunningService

DEAL = 2


def fields(service: RunningService) -> dict[tuple[str, str], dict[str, Any]]:
    found = service.portal.hook("userfieldconfig.list", {"moduleId": "crm", "filter": {}}).result["fields"]
    return {(one["entityId"], one["fieldName"]): one for one in found}


def times_asked_to_make(service: RunningService) -> int:
    entries = service.portal.history(method="userfieldconfig.add")["entries"]
    return sum(str(entry["commands"] or entry["method"]).count("userfieldconfig.add") for entry in entries)


@pytest.fixture
def quiet(installed: RunningService) -> RunningService:
    """Installed, and nothing of the installation under way any more."""
    assert installed.outside.wait_idle()
    installed.wait_registered()
    return installed


def test_each_type_of_item_has_each_field_with_words_in_both_languages(quiet: RunningService) -> None:
    found = fields(quiet)
    names = {(entity, f"UF_CRM_PAY_{own.suffix}") for entity in ENTITIES.values() for own in OWN_FIELDS.values()}
    assert set(found) == names
    for one in found.values():
        assert set(one["editFormLabel"]) == {"ru", "en"}
        assert one["mandatory"] == one["multiple"] == "N"
    assert found["CRM_DEAL", "UF_CRM_PAY_NEXT_PAYMENT_DATE"]["userTypeId"] == "date"
    assert found["CRM_DEAL", "UF_CRM_PAY_DEBT"]["userTypeId"] == "money"


def test_robots_find_the_names_that_were_made(quiet: RunningService) -> None:
    assert quiet.row.fields[f"debt@{DEAL}"] == "UF_CRM_PAY_DEBT"
    assert len(quiet.row.fields) == len(ENTITIES) * len(OWN_FIELDS)


def test_the_next_registration_makes_only_what_somebody_deleted(quiet: RunningService) -> None:
    before = fields(quiet)
    gone = before["CRM_DEAL", "UF_CRM_PAY_DEBT"]
    asked = times_asked_to_make(quiet)
    quiet.portal.hook("userfieldconfig.delete", {"moduleId": "crm", "id": gone["id"]})
    assert register_again(quiet).exit_code == 0
    after = fields(quiet)
    assert set(after) == set(before)
    assert [name for name in after if after[name]["id"] != before[name]["id"]] == [("CRM_DEAL", "UF_CRM_PAY_DEBT")]
    assert times_asked_to_make(quiet) == asked + 1


def test_a_field_that_was_refused_has_no_name_and_is_made_at_the_next_registration(service: RunningService) -> None:
    service.portal.fault("error", match="userfieldconfig.add", code="", description="Too many fields")
    service.install()
    service.wait_registered()
    assert service.outside.wait_idle()
    assert eventually(lambda: service.row.registration["finished"])
    assert len(service.row.fields) == len(ENTITIES) * len(OWN_FIELDS) - 1
    (line,) = [line for line in service.row.registration["lines"] if line["problem"]]
    assert (line["what"], "Too many fields" in line["problem"]) == ("field", True)
    assert register_again(service).exit_code == 0
    assert len(service.row.fields) == len(ENTITIES) * len(OWN_FIELDS)


def test_a_type_whose_fields_cannot_be_listed_keeps_the_names_known_before(quiet: RunningService) -> None:
    before = quiet.row.fields
    quiet.portal.fault("error", match="userfieldconfig.list", status=403, code="ACCESS_DENIED", description="No rights")
    shown = register_again(quiet)
    assert (shown.exit_code, "No rights" in shown.output) == (1, True)
    assert quiet.row.fields == before


def test_a_field_that_appears_while_we_make_it_is_no_trouble(quiet: RunningService) -> None:
    quiet.portal.hook("userfieldconfig.delete", {"moduleId": "crm", "id": next(iter(fields(quiet).values()))["id"]})
    quiet.portal.fault(
        "error", match="userfieldconfig.add", code="", description="Field X for CRM_LEAD already exists."
    )
    assert register_again(quiet).exit_code == 0


def test_our_fields_are_found_behind_many_of_the_portals_own(quiet: RunningService) -> None:
    for one in fields(quiet).values():
        quiet.portal.hook("userfieldconfig.delete", {"moduleId": "crm", "id": one["id"]})
    for number in range(55):
        field = {"entityId": "CRM_DEAL", "fieldName": f"UF_CRM_OWN_{number}", "userTypeId": "string"}
        assert quiet.portal.hook("userfieldconfig.add", {"moduleId": "crm", "field": field}).status == 200
    assert register_again(quiet).exit_code == 0
    asked = times_asked_to_make(quiet)
    assert register_again(quiet).exit_code == 0
    assert times_asked_to_make(quiet) == asked
