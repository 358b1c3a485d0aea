"""Stages of a funnel and what they mean: in work, success, failure."""

from bitrix24.client import PortalClient
from bitrix24.errors import NotFound
from schemas.binding import SMART_INVOICE

SUCCESS, FAILURE = "S", "F"


def meanings(client: PortalClient, entity_type_id: int, category_id: int) -> dict[str, str]:
    """Stage -> `S`, `F` or an empty text, in the order people see them."""
    kind = "SMART_INVOICE" if entity_type_id == SMART_INVOICE else f"DYNAMIC_{entity_type_id}"
    found = client.list_all(
        "crm.status.list", {"filter": {"ENTITY_ID": f"{kind}_STAGE_{category_id}"}, "order": {"SORT": "ASC"}}
    )
    return {str(stage["STATUS_ID"]): _meaning(stage) for stage in found}


def failure_stage(client: PortalClient, entity_type_id: int, category_id: int) -> str:
    """The first stage of failure. Raises NotFound when the funnel has none."""
    for stage, meaning in meanings(client, entity_type_id, category_id).items():
        if meaning == FAILURE:
            return stage
    raise NotFound("crm.status.list", f"funnel {category_id} of type {entity_type_id} has no stage of failure")


def is_final_stage(client: PortalClient, entity_type_id: int, category_id: int, stage_id: str) -> bool:
    return meanings(client, entity_type_id, category_id).get(stage_id, "") in (SUCCESS, FAILURE)


def _meaning(stage: dict[str, object]) -> str:
    extra = stage.get("EXTRA")
    said = stage.get("SEMANTICS") or (extra.get("SEMANTICS") if isinstance(extra, dict) else "")
    return {"success": SUCCESS, "failure": FAILURE, "apology": FAILURE}.get(str(said).lower(), str(said or ""))
