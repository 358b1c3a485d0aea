"""What every room may know of a portal: its id and the habits of its people; no secret."""

from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """A portal as arithmetic, letters and pages see it.

    `date_order` is how its people write a date with slashes or dots; `own_days` (ISO dates under `working` and `off`)
    are laid over the production calendar; `fields` maps our names of fields that we made there (next_payment_date,
    debt ...) to the portal's own (UF_CRM_...), and `payments_type` is the entity type id of the smart process
    "Payments" when there is one.
    """

    id: int
    member_id: str
    language: str
    time_zone: ZoneInfo
    date_order: Literal["dmy", "mdy"]
    currency: str
    own_days: dict[str, list[str]] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    payments_type: int | None = None
