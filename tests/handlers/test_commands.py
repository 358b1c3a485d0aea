"""What every group of operator's commands has: words when the database is not ready, words when there is nothing."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click.testing
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from handlers import command_groups
from handlers.commands import ledger
from storage.database import open_database
from storage.migrate import upgrade

Types = Callable[..., click.testing.Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/commands.db"


@pytest.fixture
def types(url: str) -> Types:
    app = Flask(__name__)
    for group in command_groups():
        app.cli.add_command(group)

    def run(words: str) -> click.testing.Result:
        database = open_database(url)
        app.extensions["services"] = SimpleNamespace(
            settings=SimpleNamespace(bitrix24_client_id="local.test", database_url=url), database=database
        )
        result = app.test_cli_runner().invoke(args=words.split())
        database.close()
        return result

    return run


@pytest.mark.parametrize("words", ["portals list", "calls list", "calls show 1", "charges list", "ledger check"])
def test_a_database_without_migrations_is_said_in_one_sentence(types: Types, words: str) -> None:
    result = types(words)
    assert result.exit_code == 1
    [sentence] = result.stderr.splitlines()
    assert "flask --app wsgi database upgrade" in sentence


@pytest.mark.parametrize("words", ["portals list", "calls list", "charges list"])
def test_an_empty_list_says_so_and_prints_no_line(types: Types, url: str, words: str) -> None:
    upgrade(url)
    result = types(words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("No ")


def test_a_database_that_fails_under_a_command_is_a_sentence_that_warns_of_repeating_it(
    types: Types, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commit may have been carried out although nobody heard of it: a refund asked for again is another refund."""
    upgrade(url)

    def fail(_database: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(ledger, "check_ledger", fail)
    result = types("ledger check")
    assert result.exit_code == 1
    assert "disk I/O error" in result.stderr
    assert "look before it is asked for again" in result.stderr
