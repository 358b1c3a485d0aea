"""The story's client has no browser, and still presses only what is really on a page."""

from collections.abc import Iterator

import pytest
from werkzeug.wrappers import Request, Response

from sandbox.story.client import Client, NoSuchButton
from tests.sandbox.served import served

PAGE = """<!doctype html><h1>Оплата</h1><img src="/qr.png"><a href="/bank/1">В банк</a>
<form method="post" action="go"><input type="hidden" name="order" value="5"><input name="pan">
<button name="do" value="pay">Оплатить</button></form>
<form method="post"><button name="do" value="refuse">Отказаться</button></form>"""


def answer(request: Request) -> Response:
    if request.path == "/shop/go":
        return Response(
            status=303, headers={"Location": f"/paid?pan={request.form['pan']}&order={request.form['order']}"}
        )
    if request.method == "POST":
        return Response(f"refused {sorted(request.form.items())}")
    return Response(request.full_path if request.path == "/paid" else PAGE, content_type="text/html; charset=utf-8")


@pytest.fixture
def client() -> Iterator[Client]:
    with served(answer) as address:
        client = Client()
        client.open(f"{address}/shop/page")
        yield client


def test_a_page_is_read_with_its_pictures_and_links(client: Client) -> None:
    assert client.page.address.endswith("/shop/page")
    assert (client.page.pictures, client.page.links) == (["/qr.png"], ["/bank/1"])


def test_a_button_sends_its_own_form_with_what_is_hidden_in_it_and_follows_to_the_end(client: Client) -> None:
    assert client.press("do", "pay", pan="4242").text == "/paid?pan=4242&order=5"


def test_a_form_without_an_address_goes_to_the_page_itself(client: Client) -> None:
    assert client.press("do", "refuse").text == "refused [('do', 'refuse')]"


@pytest.mark.parametrize(("value", "entered"), [("steal", {}), ("refuse", {"pan": "4242"})])
def test_what_is_not_on_the_page_cannot_be_pressed(client: Client, value: str, entered: dict[str, str]) -> None:
    with pytest.raises(NoSuchButton):
        client.press("do", value, **entered)
