"""The call of a robot as a portal posts it, checked field by field; its hosts and the user's tokens are left behind.

Source: Bitrix24 REST documentation, "bizproc.robot.add", the data that the handler receives.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from typing_extensions import TypeAliasType

from schemas.card_number import cut_card_numbers

LONGEST_VALUE = 64 * 1024
LONGEST_TIMEOUT = 10 * 366 * 24 * 3600  # portals stop at five years
EARLIEST_TS, LATEST_TS = 946_684_800, 4_102_444_800  # the years 2000 to 2099
LARGEST_USER_ID = 2**31 - 1
STORABLE = r"^[^\x00]*$"  # PostgreSQL keeps no NUL


def _as_map(value: Any) -> Any:
    """PHP has one word for map and list: an empty map comes as an empty text or list, numbered names as a list."""
    if value == "":
        return {}
    return {str(index): item for index, item in enumerate(value)} if isinstance(value, list) else value


def _is_awaited(value: Any) -> Any:
    """Only a clear no is a no: an answer nobody waits for does no harm, a missing one leaves a workflow hanging."""
    return value.strip().lower() not in ("n", "no", "0", "false") if isinstance(value, str) else value


def _empty_is_zero(value: Any) -> Any:
    return "0" if value == "" else value


Name = Annotated[str, StringConstraints(max_length=255, pattern=STORABLE)]
Names = tuple[Name, Name, Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=STORABLE)]]
Proof = Annotated[str, Field(min_length=1, max_length=255, repr=False)]
Text = Annotated[
    str, StringConstraints(max_length=LONGEST_VALUE, pattern=STORABLE), AfterValidator(cut_card_numbers)
]  # no card number is kept, not even of a call that is refused for it
Value = TypeAliasType("Value", "Text | list[Value] | dict[Name, Value]")


class CallAuth(BaseModel):
    """What proves where a call comes from, and whose rights the portal gave it (0: nobody's)."""

    model_config = ConfigDict(frozen=True)

    member_id: Proof
    application_token: Proof
    user_id: Annotated[int, BeforeValidator(_empty_is_zero), Field(ge=0, le=LARGEST_USER_ID)] = 0


class RobotCall(BaseModel):
    """One call; `properties` are texts, lists and maps as the form had them: each robot reads its own."""

    model_config = ConfigDict(frozen=True)

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
    event_token: Annotated[str, Field(repr=False), StringConstraints(pattern=r"^[\x21-\x7e]{1,512}$")]
    workflow_id: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=STORABLE)]
    document_id: Names
    document_type: Names
    properties: Annotated[dict[Name, Value], BeforeValidator(_as_map), Field(repr=False)] = {}
    use_subscription: Annotated[bool, BeforeValidator(_is_awaited)] = True
    timeout_duration: Annotated[int, BeforeValidator(_empty_is_zero), Field(ge=0, le=LONGEST_TIMEOUT)] = 0
    ts: Annotated[int, Field(ge=EARLIEST_TS, le=LATEST_TS)]
    auth: CallAuth

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(self.ts, UTC)

    @property
    def deadline_at(self) -> datetime | None:
        """When the portal stops waiting for the answer; None where it waits without limit."""
        return self.sent_at + timedelta(seconds=self.timeout_duration) if self.timeout_duration else None

    @cached_property
    def properties_hash(self) -> str:
        """The same for the same properties in any order: how a repeat is told from a contradiction."""
        text = json.dumps(self.properties, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
