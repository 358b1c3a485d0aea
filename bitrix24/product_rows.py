"""Product rows of CRM items."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bitrix24.client import PortalClient
from bitrix24.errors import NO_SUCH_METHOD, Refused
from schemas.binding import COMPANY, CONTACT, SHORT, Binding


def _decimal(value: object) -> object:
    return "0" if value in (None, "", False) else str(value)


Exact = Annotated[Decimal, BeforeValidator(_decimal)]


class ProductRow(BaseModel):
    """One row: `price` is what one piece costs the client, tax and discount in it."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    product_id: Annotated[int, BeforeValidator(lambda value: value or 0)] = Field(default=0, alias="productId")
    name: str = Field(default="", alias="productName")
    price: Exact = Decimal(0)
    quantity: Exact = Decimal(1)
    tax_rate: Annotated[Decimal | None, BeforeValidator(lambda value: None if value in ("", False) else value)] = Field(
        default=None, alias="taxRate"
    )
    measure_code: Annotated[int, BeforeValidator(lambda value: value or 0)] = Field(default=0, alias="measureCode")

    def one_piece_for(self, price: str) -> Mapping[str, Any]:
        """The row as one piece at this price, tax within it, as `crm.item.productrow.set` takes it."""
        row: dict[str, Any] = {"productName": self.name, "price": price, "quantity": 1, "taxIncluded": "Y"}
        if self.product_id:
            row["productId"] = self.product_id
        if self.tax_rate is not None:
            row["taxRate"] = self.tax_rate
        if self.measure_code:
            row["measureCode"] = self.measure_code
        return row


def get_rows(client: PortalClient, owner: Binding) -> list[ProductRow]:
    """Raises RestError; contacts and companies have no product rows, nor has a portal without that method."""
    if owner.entity_type_id in (CONTACT, COMPANY):
        return []
    try:
        found = list(
            client.list_all(
                "crm.item.productrow.list",
                {"filter": {"=ownerType": owner_type(owner), "=ownerId": owner.item_id}},
                key="productRows",
            )
        )
    except Refused as error:
        if error.code.upper() != NO_SUCH_METHOD:
            raise
        return []
    return [ProductRow.model_validate(row) for row in found]


def set_rows_params(owner: Binding, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Parameters of `crm.item.productrow.set`, which replaces all rows of the owner."""
    return {"ownerType": owner_type(owner), "ownerId": owner.item_id, "productRows": list(rows)}


def owner_type(owner: Binding) -> str:
    """`D`, `SI`, `T412`: the short name of the type, without the id (Bitrix24 REST docs, crm data types)."""
    return SHORT.get(owner.entity_type_id) or f"T{owner.entity_type_id:x}"
