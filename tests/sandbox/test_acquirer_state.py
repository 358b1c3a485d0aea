import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP
from sandbox.acquirer.book import Book, Refused, Wish
from sandbox.acquirer.state import load_book, save_book

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def wish(order: str, token: str) -> Wish:
    return Wish(order, token, 2500000, "RUB", "Платёж", "C_5", None)


def test_a_restarted_acquirer_remembers_orders_money_and_cards(tmp_path: Path) -> None:
    path = tmp_path / "acquirer.json"
    before = Book(lambda: NOW)
    for order, token in (("A-1", "card_4242_paid"), ("A-2", "card_4242_pending"), ("A-3", "card_0001_limit_then_paid")):
        before.charge("demo", wish(order, token))
    before.refund("demo", "A-1", "R-1", 100)
    before.forget("demo", "card_4242_paid")
    save_book(before, path)

    after = Book(lambda: NOW + timedelta(hours=1))
    load_book(after, path)
    with pytest.raises(Refused, match="duplicate_order"):
        after.charge("demo", wish("A-1", "card_4242_paid"))
    assert after.find("demo", "A-1") == before.charges["demo", "A-1"]
    assert after.find_refund("demo", "R-1") == before.refunds["demo", "R-1"]
    assert after.find("demo", "A-2").status == "paid"
    assert [(one.order, one.kind) for one in after.operations] == [
        ("A-1", "charge"),
        ("A-1", "refund"),
        ("A-2", "charge"),
    ]
    forgotten, _ = after.charge("demo", wish("A-4", "card_4242_paid"))
    following, _ = after.charge("demo", wish("A-5", "card_0001_limit_then_paid"))
    assert forgotten is not None
    assert forgotten.decline_code == "card_forgotten"
    assert following is not None
    assert following.status == "paid"


def test_an_acquirer_without_a_file_begins_empty(tmp_path: Path) -> None:
    book = Book(lambda: NOW)
    load_book(book, tmp_path / "missing.json")
    assert book.charges == {}


def test_the_sandbox_started_anew_with_its_state_file_knows_its_charges(tmp_path: Path) -> None:
    body = {
        "order": "A-1",
        "token": "card_4242_paid",
        "amount": 100,
        "currency": "RUB",
        "description": "x",
        "customer": "C_1",
    }
    statuses = []
    for _ in range(2):
        command = [
            sys.executable,
            "-m",
            "sandbox.outside",
            "--port",
            "0",
            "--state-file",
            str(tmp_path / "acquirer.json"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["oauth_url"]
            answer = requests.post(f"{url}/acquirer/charges", json=body, auth=(DEMO_SHOP, DEMO_SECRET), timeout=10)
            statuses.append(answer.status_code)
            process.terminate()
    assert statuses == [200, 409]
