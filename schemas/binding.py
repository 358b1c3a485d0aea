"""A CRM binding: the short name of one CRM item, such as `D_5`, `SI_7` or `T412_15`."""

import re
from dataclasses import dataclass
from typing import Self

LEAD, DEAL, CONTACT, COMPANY, QUOTE, SMART_INVOICE = 1, 2, 3, 4, 7, 31

SHORT = {LEAD: "L", DEAL: "D", CONTACT: "C", COMPANY: "CO", QUOTE: "Q", SMART_INVOICE: "SI"}
LONG = {
    LEAD: "LEAD",
    DEAL: "DEAL",
    CONTACT: "CONTACT",
    COMPANY: "COMPANY",
    QUOTE: "QUOTE",
    SMART_INVOICE: "SMART_INVOICE",
}
TYPE_OF_SHORT = {short: type_id for type_id, short in SHORT.items()}
TYPE_OF_LONG = {long: type_id for type_id, long in LONG.items()}

_BINDING = re.compile(
    r"(?P<short>[A-Z]{1,2})_(?P<item>[1-9]\d{0,17})|T(?P<hex>[0-9A-Fa-f]{1,8})_(?P<dynamic>[1-9]\d{0,17})"
)
_DOCUMENT = re.compile(r"(?:DYNAMIC_(?P<type>[1-9]\d{0,9})|(?P<long>[A-Z_]+))_(?P<item>[1-9]\d{0,17})")


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """The type of a CRM item (1 lead, 2 deal, 31 smart invoice, N smart process) and its id."""

    entity_type_id: int
    item_id: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `D_5`, `SI_7`, `T412_15` (T and the hex of the type id). Raises ValueError."""
        found = _BINDING.fullmatch(text.strip())
        if found and found["hex"]:
            return cls(int(found["hex"], 16), int(found["dynamic"]))
        if found and found["short"] in TYPE_OF_SHORT:
            return cls(TYPE_OF_SHORT[found["short"]], int(found["item"]))
        raise ValueError(f"{text!r} is no CRM binding; one looks like D_5, SI_7, T412_15")

    @classmethod
    def of_document(cls, name: str) -> Self:
        """Read the third part of a workflow's document id: `DEAL_5`, `SMART_INVOICE_5`, `DYNAMIC_1042_15`."""
        found = _DOCUMENT.fullmatch(name.strip())
        if found and found["type"]:
            return cls(int(found["type"]), int(found["item"]))
        if found and found["long"] in TYPE_OF_LONG:
            return cls(TYPE_OF_LONG[found["long"]], int(found["item"]))
        raise ValueError(f"{name!r} is no CRM document; one looks like DEAL_5, SMART_INVOICE_7, DYNAMIC_1042_15")

    @property
    def text(self) -> str:
        short = SHORT.get(self.entity_type_id)
        return f"{short}_{self.item_id}" if short else f"T{self.entity_type_id:x}_{self.item_id}"

    @property
    def document(self) -> str:
        long = LONG.get(self.entity_type_id, f"DYNAMIC_{self.entity_type_id}")
        return f"{long}_{self.item_id}"

    def __str__(self) -> str:
        return self.text
