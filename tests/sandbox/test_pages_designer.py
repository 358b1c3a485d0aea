from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
import requests

from sandbox.bizproc_registry import internal_code
from sandbox.bizproc_store import Registered
from tests.sandbox.page_portal import CLIENT_ID, PagePortal, add_deal, every_type_robot, page_portal

INTERNAL = internal_code(CLIENT_ID, "split_invoice")
FORM = {
    "amount": "{=Document:OPPORTUNITY}",
    "parts": "4",
    "shares": "",
    "first_due_date": "15.02.2026",
    "remainder": "spread_last",
    "notify": "N",
    "manager": "user_2",
    "items": "D_1\r\n\r\n D_2 ",
    "timeout_minutes": "3",
    "parallel": "N",
}


class Fields(HTMLParser):
    """The fields of a form: name to its tag, attributes and the options of a list."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, object]] = {}
        self._list = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "select", "textarea") and given.get("id"):
            self._list = str(given["name"])
            self.found[self._list] = {"tag": tag, "options": [], "chosen": [], **given}
        if tag == "option" and self._list and "value" in given:
            field = self.found[self._list]
            if field["tag"] == "select":
                field["options"].append(given["value"])  # type: ignore[attr-defined]
                if "selected" in given:
                    field["chosen"].append(given["value"])  # type: ignore[attr-defined]


@pytest.fixture
def stand() -> Iterator[PagePortal]:
    with page_portal() as stand:
        yield stand


def read(address: str) -> str:
    answer = requests.get(address, timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.text


def place(stand: PagePortal, **changed: str) -> requests.Response:
    return requests.post(
        f"{stand.address}/funnels/2/0/robots/{INTERNAL}",
        params={"stage": "PREPARATION"},
        data=FORM | changed,
        timeout=5,
    )


def test_portals_are_listed_with_their_robots(stand: PagePortal) -> None:
    html = read(f"{stand.outside.url}/pages/")
    assert stand.portal.host in html
    assert stand.portal.member_id in html
    assert "1\u00a0робот и 0\u00a0действий" in html
    assert "приложение установлено" in html


def test_the_board_shows_stages_in_order_and_deals_with_sums(stand: PagePortal) -> None:
    add_deal(stand)
    html = read(stand.address)
    names = ["Новая", "Подготовка документов", "Счёт на предоплату", "Сделка успешна"]
    assert sorted(names, key=html.index) == names
    assert "Окна в офис" in html
    assert "100\u00a0000,00\u00a0₽" in html


def test_a_robot_is_offered_only_where_its_app_allows_it(stand: PagePortal) -> None:
    assert "Разбить счёт на части" in read(f"{stand.address}/funnels/2/0/robots?stage=NEW")
    assert "Разбить счёт на части" not in read(f"{stand.address}/funnels/1/0/robots?stage=NEW")


def test_the_form_is_drawn_from_the_registered_properties(stand: PagePortal) -> None:
    html = read(f"{stand.address}/funnels/2/0/robots/{INTERNAL}?stage=NEW")
    fields = Fields(html).found
    assert list(fields)[:8] == list(every_type_robot("").properties)
    assert fields["parts"]["value"] == "2"
    assert fields["first_due_date"]["placeholder"] == "дд.мм.гггг"
    assert "required" in fields["first_due_date"]
    assert "required" not in fields["amount"]
    assert fields["shares"]["tag"] == fields["items"]["tag"] == "textarea"
    assert (fields["remainder"]["options"], fields["remainder"]["chosen"]) == (
        ["spread_first", "spread_last"],
        ["spread_first"],
    )
    assert (fields["notify"]["options"], fields["notify"]["chosen"]) == (["Y", "N"], ["Y"])
    assert fields["manager"]["options"] == ["", "user_1", "user_2"]
    assert "Пусто: сумма документа" in html
    assert "{=Document:OPPORTUNITY}" in html


def test_a_placed_robot_keeps_what_was_typed_and_shows_it_again(stand: PagePortal) -> None:
    assert place(stand).status_code == 200
    (placed,) = stand.portal.bizproc.placed
    assert (placed.entity_type_id, placed.stage_id) == (2, "PREPARATION")
    assert placed.step["properties"]["items"] == ["D_1", "D_2"]
    assert placed.step["timeout_seconds"] == 180
    assert "Число частей: 4" in read(stand.address)
    fields = Fields(read(f"{stand.address}/robots/{placed.id}")).found
    assert fields["amount"]["value"] == "{=Document:OPPORTUNITY}"
    assert fields["remainder"]["chosen"] == ["spread_last"]
    assert fields["manager"]["chosen"] == ["user_2"]
    assert fields["timeout_minutes"]["value"] == "3"


def test_settings_are_changed_in_place_and_a_robot_is_removed(stand: PagePortal) -> None:
    place(stand)
    (placed,) = stand.portal.bizproc.placed
    name = placed.step["name"]
    requests.post(f"{stand.address}/robots/{placed.id}", data=FORM | {"parts": "12"}, timeout=5)
    assert stand.portal.bizproc.placed == [placed]
    assert (placed.step["properties"]["parts"], placed.step["name"]) == ("12", name)
    requests.post(f"{stand.address}/robots/{placed.id}/remove", timeout=5)
    assert stand.portal.bizproc.placed == []
    assert requests.get(f"{stand.address}/robots/{placed.id}", timeout=5).status_code == 404


def test_a_list_keeps_an_expression_somebody_put_there(stand: PagePortal) -> None:
    place(stand, remainder="{=Document:UF_CRM_REMAINDER}")
    (placed,) = stand.portal.bizproc.placed
    fields = Fields(read(f"{stand.address}/robots/{placed.id}")).found
    assert fields["remainder"]["chosen"] == ["{=Document:UF_CRM_REMAINDER}"]


def test_moving_a_deal_to_the_stage_calls_the_robot_with_the_form(stand: PagePortal) -> None:
    deal = add_deal(stand)
    place(stand)
    requests.post(f"{stand.address}/items/2/{deal}/move", data={"stage": "PREPARATION"}, timeout=5)
    stand.answer_robot({"result_status": "ok", "parts_count": 4})
    (call,) = stand.calls
    assert call["document_id"] == ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]
    assert call["properties"]["amount"] == "100000"
    assert call["properties"]["parts"] == "4"
    assert call["properties"]["items"] == ["D_1", "D_2"]
    assert call["timeout_duration"] == "180"


@pytest.mark.parametrize(
    "rest", ["funnels/2/77", "funnels/2/0/robots?stage=NOWHERE", "funnels/2/0/robots/unheard?stage=NEW", "items/2/77"]
)
def test_what_is_not_there_is_not_found(stand: PagePortal, rest: str) -> None:
    assert requests.get(f"{stand.address}/{rest}", timeout=5).status_code == 404


def test_an_unknown_portal_is_not_found(stand: PagePortal) -> None:
    assert requests.get(f"{stand.outside.url}/pages/portals/nobody", timeout=5).status_code == 404


def test_what_an_app_and_people_wrote_is_shown_as_text(stand: PagePortal) -> None:
    evil = "<script>alert(1)</script>"
    robot: Registered = stand.portal.bizproc.registered[INTERNAL]
    robot.name = {"RU": evil}
    add_deal(stand, title=evil)
    for html in (read(stand.address), read(f"{stand.address}/funnels/2/0/robots?stage=NEW")):
        assert evil not in html
    assert "&lt;script&gt;" in read(stand.address)
