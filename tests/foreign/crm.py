"""The CRM of the foreign portal: items of any type, user fields, smart processes and stages."""

import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

LEAD, DEAL, CONTACT, COMPANY, QUOTE, INVOICE = 1, 2, 3, 4, 7, 31
PAGE = 50
INVOICE_CATEGORY = 3
MOSCOW = "+03:00"
FIXED = {
    LEAD: "CRM_LEAD",
    DEAL: "CRM_DEAL",
    CONTACT: "CRM_CONTACT",
    COMPANY: "CRM_COMPANY",
    INVOICE: "CRM_SMART_INVOICE",
}
OWNERS = {"L": LEAD, "D": DEAL, "Q": QUOTE, "SI": INVOICE}
PLAIN = [
    *("id", "title", "name", "lastName", "stageId", "categoryId", "assignedById", "createdBy", "observers", "comments"),
    *("opportunity", "currencyId", "isManualOpportunity", "taxValue", "begindate", "closedate", "sourceId", "opened"),
    *("companyId", "contactId", "contactIds", "mycompanyId"),
]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
    "!=": operator.ne, "!": operator.ne, "=": operator.eq, "": operator.eq,
}  # fmt: skip


class RestError(Exception):
    """A refusal of REST: its code, its text and the HTTP status the documentation gives it."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.status = code, text, status


def camel(name: str) -> str:
    """`UF_CRM_3_DIGIT` is `ufCrm3Digit`, but a word of letters and digits keeps its spelling: `ufCrm_3_DIGIT10`."""
    words = name.removeprefix("UF_CRM_").split("_")
    if any(re.search("[A-Z]", word) and re.search("[0-9]", word) for word in words):
        return "ufCrm_" + "_".join(words)
    joined = "".join(
        f"_{word}" if word.isdigit() and at and words[at - 1].isdigit() else word.capitalize()
        for at, word in enumerate(words)
    )
    return "ufCrm" + joined


class Crm:
    """Items live under their own spelling (`opportunity`, `UF_CRM_X`); what goes in and out is spelled as asked."""

    def __init__(self, original_names: bool, dates_as_moments: bool) -> None:
        self.original_names, self.dates_as_moments = original_names, dates_as_moments
        self.items: dict[int, dict[int, dict[str, Any]]] = {kind: {} for kind in (*FIXED, QUOTE)}
        self.rows: dict[tuple[int, int], list[dict[str, Any]]] = {}
        self.types: list[dict[str, Any]] = []
        self.fields: list[dict[str, Any]] = []
        self.todos: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self._last = 700
        self._stages("SMART_INVOICE_STAGE_3", f"DT31_{INVOICE_CATEGORY}:", "N", "S", "P", "D")
        self._stages("DEAL_STAGE", "", "NEW", "EXECUTING", "WON", "LOSE")

    def number(self) -> int:
        self._last += 3
        return self._last

    def make(self, kind: int, **fields: Any) -> int:
        """An item as a manager makes it."""
        number = self.number()
        default = {"id": number, "title": "", "currencyId": "RUB", "opportunity": 0, "isManualOpportunity": "Y"}
        stage = f"DT31_{INVOICE_CATEGORY}:N" if kind == INVOICE else "NEW"
        self.items[kind][number] = default | {"stageId": stage, "assignedById": 1, "contactIds": []} | fields
        return number

    # crm.item.*

    def item_add(self, wish: dict[str, Any]) -> Any:
        kind = self._kind(wish)
        if not isinstance(wish.get("fields"), dict):
            raise RestError("100", "Could not find value for parameter {fields}")
        number = self.make(kind, **self._incoming(kind, wish))
        return {"item": self._outgoing(kind, self.items[kind][number], wish)}

    def item_update(self, wish: dict[str, Any]) -> Any:
        kind, item = self._found(wish)
        item.update(self._incoming(kind, wish))
        self._recount(kind, item)
        return {"item": self._outgoing(kind, item, wish)}

    def item_get(self, wish: dict[str, Any]) -> Any:
        kind, item = self._found(wish)
        return {"item": self._outgoing(kind, item, wish)}

    def item_delete(self, wish: dict[str, Any]) -> Any:
        kind, item = self._found(wish)
        del self.items[kind][item["id"]]
        return []

    def item_fields(self, wish: dict[str, Any]) -> Any:
        kind = self._kind(wish)
        shown = {name: {"type": "string", "upperName": name.upper()} for name in self._plain(kind)}
        for field in self._own(kind):
            name = field["fieldName"]
            shown[self._spelled(name, wish)] = {"type": field["userTypeId"], "upperName": name, "title": name}
        return {"fields": shown}

    def item_list(self, wish: dict[str, Any]) -> Any:
        kind = self._kind(wish)
        names = {self._spelled(field["fieldName"], wish): field["fieldName"] for field in self._own(kind)}
        found = [item for item in self.items[kind].values() if self._fits(item, wish.get("filter") or {}, names, kind)]
        for key, way in (wish.get("order") or {"id": "ASC"}).items():
            stored = names.get(key, key)
            found.sort(key=lambda item: _comparable(item.get(stored)), reverse=str(way).upper() == "DESC")
        shown = [self._outgoing(kind, item, wish) for item in found]
        wanted = [pattern.replace("UF_*", "UF_CRM_*") for pattern in wish.get("select") or []]
        if wanted and "*" not in wanted:
            shown = [
                {k: v for k, v in item.items() if any(fnmatchcase(k, one) for one in ("id", *wanted))} for item in shown
            ]
        return self.page("items", shown, wish)

    @staticmethod
    def page(key: str, shown: list[Any], wish: dict[str, Any]) -> dict[str, Any]:
        start = int(wish.get("start") or 0)
        more = {"next": start + PAGE} if start >= 0 and len(shown) > start + PAGE else {}
        return {key: shown[max(start, 0) :][:PAGE]} | ({"@total": len(shown)} if start >= 0 else {}) | {"@next": more}

    def productrow_set(self, wish: dict[str, Any]) -> Any:
        owner, number = self._owner(wish["ownerType"]), int(wish["ownerId"])
        rows = wish.get("productRows") or []
        self.rows[owner, number] = [row | {"id": self.number()} for row in rows]
        self._recount(owner, self.items[owner][number])
        return {"productRows": self.rows[owner, number]}

    def productrow_list(self, wish: dict[str, Any]) -> Any:
        asked = wish["filter"]
        rows = self.rows.get((self._owner(asked["=ownerType"]), int(asked["=ownerId"])), [])
        return self.page("productRows", rows, wish)

    def todo_list(self, wish: dict[str, Any]) -> Any:
        """Activities are listed under the names of the older methods."""
        asked = {key.strip("=").upper(): value for key, value in (wish.get("filter") or {}).items()}
        kinds = {"OWNER_TYPE_ID": "ownerTypeId", "OWNER_ID": "ownerId", "SUBJECT": "title", "DEADLINE": "deadline"}
        shown = [
            {name: one.get(own) for name, own in kinds.items()} | {"ID": number}
            for number, one in enumerate(self.todos, start=1)
        ]
        for key, value in asked.items():
            allowed = [str(one) for one in value] if isinstance(value, list) else [str(value)]
            shown = [one for one in shown if key not in one or str(one[key]) in allowed]
        return shown

    # types, categories, stages, user fields

    def type_add(self, wish: dict[str, Any]) -> Any:
        fields = wish["fields"]
        kind = int(fields.get("entityTypeId") or 1058 + 4 * len(self.types))
        if kind in self.items or not (128 <= kind <= 192 or (kind >= 1030 and kind % 2 == 0)):
            raise RestError("INVALID_ARG_VALUE", "entityTypeId")
        made = fields | {"id": 9 + len(self.types), "entityTypeId": kind}
        self.types.append(made)
        self.items[kind] = {}
        self._stages(
            f"DYNAMIC_{kind}_STAGE_{made['id'] + 40}",
            f"DT{kind}_{made['id'] + 40}:",
            "NEW",
            "CLIENT",
            "SUCCESS",
            "FAIL",
        )
        return {"type": made}

    def type_list(self, wish: dict[str, Any]) -> Any:
        shown = [
            one
            for one in self.types
            if all(str(one.get(k.strip("=@"))) == str(v) for k, v in (wish.get("filter") or {}).items())
        ]
        return self.page("types", shown, wish)

    def category_list(self, wish: dict[str, Any]) -> Any:
        kind = self._kind(wish)
        number = {INVOICE: INVOICE_CATEGORY, DEAL: 0}.get(kind)
        number = next(one["id"] + 40 for one in self.types if one["entityTypeId"] == kind) if number is None else number
        return {"categories": [{"id": number, "name": "Main", "entityTypeId": kind, "sort": 10, "isDefault": "Y"}]}

    def status_list(self, wish: dict[str, Any]) -> Any:
        asked = {key.upper().strip("="): value for key, value in (wish.get("filter") or {}).items()}
        return [one for one in self.statuses if all(one.get(key) == value for key, value in asked.items())]

    def status_add(self, wish: dict[str, Any]) -> Any:
        fields = wish["fields"]
        prefix = re.fullmatch(r"DYNAMIC_(\d+)_STAGE_(\d+)", fields["ENTITY_ID"])
        code = (f"DT{prefix[1]}_{prefix[2]}:" if prefix else "") + fields["STATUS_ID"]
        if any(one["STATUS_ID"] == code and one["ENTITY_ID"] == fields["ENTITY_ID"] for one in self.statuses):
            raise RestError("ERROR_CORE", "Duplicate status")
        self.statuses.append(fields | {"ID": self.number(), "STATUS_ID": code})
        return self.statuses[-1]["ID"]

    def field_add(self, wish: dict[str, Any]) -> Any:
        field = wish["field"]
        entity, name = field["entityId"], field["fieldName"]
        own = {f"CRM_{one['id']}": f"UF_CRM_{one['id']}_" for one in self.types} | dict.fromkeys(
            FIXED.values(), "UF_CRM_"
        )
        if wish.get("moduleId") != "crm" or entity not in own or not name.startswith(own[entity]) or len(name) > 50:
            raise RestError("", "You cannot create custom fields")
        if any(one["entityId"] == entity and one["fieldName"] == name for one in self.fields):
            raise RestError("", f"Field {name} already exists")
        choices = [one | {"id": self.number()} for one in field.get("enum") or []]
        self.fields.append(field | {"id": self.number(), "enum": choices})
        return {"field": self.fields[-1]}

    def field_list(self, wish: dict[str, Any]) -> Any:
        asked = {key.strip("="): value for key, value in (wish.get("filter") or {}).items()}
        return self.page("fields", [one for one in self.fields if all(one.get(k) == v for k, v in asked.items())], wish)

    # inside

    def _stages(self, entity: str, prefix: str, *codes: str) -> None:
        for sort, (code, meaning) in enumerate(zip(codes, (None, None, "S", "F"), strict=True), start=1):
            stage = {"ID": self.number(), "ENTITY_ID": entity, "STATUS_ID": prefix + code, "NAME": code}
            self.statuses.append(
                stage | {"SORT": sort * 10, "SEMANTICS": meaning, "EXTRA": {"SEMANTICS": meaning or "process"}}
            )

    def _kind(self, wish: dict[str, Any]) -> int:
        kind = int(wish.get("entityTypeId") or 0)
        if kind not in self.items:
            raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Type {kind} is not supported")
        return kind

    def _owner(self, code: str) -> int:
        if code in ("C", "CO"):
            raise RestError("INVALID_OWNER_TYPE", f"{code} has no product rows")
        return OWNERS.get(code) or int(code.removeprefix("T"), 16)

    def _found(self, wish: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        kind = self._kind(wish)
        item = self.items[kind].get(int(wish.get("id") or 0))
        if item is None:
            raise RestError("NOT_FOUND", "Element not found")
        return kind, item

    def _plain(self, kind: int) -> list[str]:
        keyed = ["xmlId"] if kind == INVOICE or kind > QUOTE else ["originId", "originatorId"]
        return [*PLAIN, *keyed, *(f"parentId{other}" for other in self.items)]

    def _own(self, kind: int) -> list[dict[str, Any]]:
        entity = FIXED.get(kind) or next((f"CRM_{one['id']}" for one in self.types if one["entityTypeId"] == kind), "")
        return [field for field in self.fields if field["entityId"] == entity]

    def _spelled(self, name: str, wish: dict[str, Any]) -> str:
        return name if self.original_names and wish.get("useOriginalUfNames") == "Y" else camel(name)

    def _incoming(self, kind: int, wish: dict[str, Any]) -> dict[str, Any]:
        """Known names only: the others are ignored without a word."""
        given = wish.get("fields") or {}
        names = {self._spelled(field["fieldName"], wish): field["fieldName"] for field in self._own(kind)}
        names |= {name: name for name in self._plain(kind) if name != "id"}
        taken = {names[key]: value for key, value in given.items() if key in names}
        if "contactId" in taken:
            taken["contactIds"] = [taken["contactId"]]
        return taken

    def _outgoing(self, kind: int, item: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
        shown = {name: item.get(name) for name in self._plain(kind)} | {"entityTypeId": kind}
        if shown["contactIds"] and not shown["contactId"]:
            shown["contactId"] = shown["contactIds"][0]
        for name in ("begindate", "closedate"):
            shown[name] = _moment(shown[name])
        for field in self._own(kind):
            value = item.get(field["fieldName"])
            moment = field["userTypeId"] == "date" and self.dates_as_moments
            shown[self._spelled(field["fieldName"], wish)] = _moment(value) if moment else value
        return shown

    def _fits(self, item: dict[str, Any], asked: dict[str, Any], names: dict[str, str], kind: int) -> bool:
        answers = []
        for key, value in asked.items():
            if key == "logic":
                continue
            if isinstance(value, dict):
                answers.append(self._fits(item, value, names, kind))
                continue
            sign, name = re.fullmatch(r"([^a-zA-Z]*)(\w+)", key).groups()  # type: ignore[union-attr]
            stored = names.get(name, name)
            if stored not in names.values() and stored not in self._plain(kind):
                raise RestError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")
            held = item.get(stored)
            if isinstance(value, list):
                answers.append((_comparable(held) in [_comparable(one) for one in value]) == (not sign.startswith("!")))
            else:
                answers.append(COMPARE[sign](_comparable(held), _comparable(value)))
        return any(answers) if str(asked.get("logic")).upper() == "OR" else all(answers)

    def _recount(self, kind: int, item: dict[str, Any]) -> None:
        rows = self.rows.get((kind, item["id"]))
        if rows is not None and item.get("isManualOpportunity") != "Y":
            item["opportunity"] = sum(float(row.get("price") or 0) * float(row.get("quantity") or 1) for row in rows)


def _comparable(value: Any) -> tuple[float, str]:
    if isinstance(value, list):
        value = value[0] if value else ""
    try:
        return (float(value), "")
    except (TypeError, ValueError):
        return (0.0, str(value or ""))


def _moment(value: Any) -> Any:
    return f"{value}T00:00:00{MOSCOW}" if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) else value
