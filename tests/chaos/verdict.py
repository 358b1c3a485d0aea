"""What must be true after chaos, seen from outside: the portal, the acquirer, and the rows an operator sees."""

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from sandbox.encoding import parse_query
from storage.database import open_database
from storage.model import Call
from tests.chaos.load import DEAL, DEBT, DECLINED, GOES_ON, NEXT_DATE, Asked, Load
from tests.outside import Outside

INVOICE = 31
PARTS = 3
ENDED = ("delivered", "dead")


def rows(database_url: str) -> list[Call]:
    database = open_database(database_url)
    try:
        with database.read() as session:
            return list(session.scalars(select(Call)))
    finally:
        database.close()


def unsettled(database_url: str) -> list[tuple[int, str, str]]:
    return [(row.id, row.state, row.reason) for row in rows(database_url) if row.state not in ENDED]


class Verdict:
    """Everything there is to see once all has settled."""

    def __init__(self, outside: Outside, load: Load, database_url: str) -> None:
        self.load = load
        self.rows = {row.workflow_id: row for row in rows(database_url)}
        self.deliveries = [one for one in outside.deliveries(member_id=load.portal.member_id) if one["kind"] == "robot"]
        self.operations = outside.get("/acquirer")["operations"]
        self.invoices = load.portal.items(INVOICE)
        self.comments = load.portal.get("/comments")
        self.sends = _sends(load.portal.history(method="bizproc.event.send")["entries"])

    def figures(self) -> dict[str, object]:
        return {
            "set off": len(self.load.asked),
            "deliveries": len(self.deliveries),
            "answered 200": len(self._answered_200()),
            "rows": len(self.rows),
            "states": dict(Counter(row.state for row in self.rows.values())),
            "results": dict(Counter(row.result_status for row in self.rows.values())),
            "runs": sum(row.run for row in self.rows.values()),
            "answers sent": sum(len(bodies) for bodies in self.sends.values()),
            "charges": len(self.operations),
            "invoices": len(self.invoices),
        }

    def check(self) -> None:
        assert self._answered_200() <= set(self.rows), "a call answered 200 has its row"
        assert len(self.rows) > self.load.count // 4, "enough calls find the door open"
        for bodies in self.sends.values():
            assert len(set(bodies)) == 1, sorted(set(bodies))  # an answer is repeated byte for byte
        for workflow, row in self.rows.items():
            if row.state == "dead":
                assert row.reason, row.id
            else:
                self._check_continued(workflow, row)
        self._check_nothing_twice()

    def _answered_200(self) -> set[str]:
        return {one["body"]["workflow_id"] for one in self.deliveries if one["status"] == 200}

    def _check_continued(self, workflow_id: str, row: Call) -> None:
        """The workflow went on once with the right result, and the CRM shows it."""
        workflow = self.load.portal.get(f"/workflows/{workflow_id}")
        step, asked = workflow["steps"][0], self.load.asked[workflow_id]
        assert step["outcome"] == "answered", (row.id, row.state, row.reason)
        assert [line["text"] for line in workflow["log"]].count(GOES_ON) == 1
        told = [one for one in self.comments if one["entity_id"] == asked.deal and f" {row.id})" in one["text"]]
        if asked.outcome == DECLINED:
            assert (step["returned"]["result_status"], step["returned"]["error_code"]) == ("failed", "declined")
            assert (
                len(told) <= 2
            )  # a comment whose request was cut off is not asked about: it may be missing or there twice
            return
        assert step["returned"]["result_status"] == "ok", (row.id, step["returned"])
        assert told == []
        self._check_work(asked, step["returned"])

    def _check_work(self, asked: Asked, returned: dict[str, Any]) -> None:
        deal = self.load.portal.item(DEAL, asked.deal)
        if asked.code == "split_invoice":
            parts = [one for one in self.invoices if one.get("parentId2") == asked.deal]
            assert sorted(one["id"] for one in parts) == sorted(returned["invoice_ids"])
            assert len(parts) == PARTS
            assert sum(Decimal(str(one["opportunity"])) for one in parts) == Decimal(300)
        elif asked.code == "deduct_from_debt":
            assert deal[DEBT] == "900.00|RUB"
        elif asked.code == "advance_next_payment_date":
            assert str(deal[NEXT_DATE])[:10] == "2027-02-28"
        elif asked.code == "charge_saved_card":
            assert returned["charge_status"] == "succeeded"
            [operation] = [one for one in self.operations if one["token"] == asked.token]
            assert operation["order"], operation

    def _check_nothing_twice(self) -> None:
        """Counted over everything: also what was done for calls whose end we did not look at."""
        xml_ids = Counter(one["xmlId"] for one in self.invoices)
        assert [key for key, times in xml_ids.items() if times > 1] == []
        per_deal = Counter(one.get("parentId2") for one in self.invoices)
        assert [deal for deal, times in per_deal.items() if times > PARTS] == []
        assert {one["kind"] for one in self.operations} <= {"charge"}
        per_card = Counter(one["token"] for one in self.operations)
        assert [token for token, times in per_card.items() if times > 1] == []
        paid = {self.load.asked[workflow].token for workflow, row in self.rows.items() if row.result_status == "ok"}
        assert set(per_card) == paid - {""}, "money was taken for those charges that say so, and for no others"


def _sends(entries: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What was sent to each waiting step, in the order it came: by event token."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        params = entry["params"]
        alone = entry["method"] == "bizproc.event.send"
        for sent in [params] if alone else _in_batch(params["cmd"]):
            found[sent["EVENT_TOKEN"]].append(json.dumps(_as_form(sent), sort_keys=True))
    return found


def _in_batch(commands: dict[str, str] | list[str]) -> list[dict[str, Any]]:
    texts = commands.values() if isinstance(commands, dict) else commands
    split = [str(text).partition("?") for text in texts]
    return [parse_query(query) for method, _, query in split if method == "bizproc.event.send"]


def _as_form(value: Any) -> Any:
    """JSON as the same data looks in a form, where an empty list is an empty text: a send alone is one in a batch."""
    if isinstance(value, list):
        value = {str(number): one for number, one in enumerate(value)}
    if isinstance(value, dict):
        return {key: _as_form(one) for key, one in value.items() if key != "auth" and one not in ([], {}, "")}
    return str(value)
