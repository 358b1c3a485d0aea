"""The story as a newcomer plays it, on both databases; and its end when something goes wrong."""

import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from sandbox.story.ground import prepare, service_settings, write_flask
from tests.postgres import postgres_database

ROOT = Path(__file__).parent.parent.parent


def environment(**changed: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"PORT": "0"} | changed


def start(folder: Path, *words: str, **changed: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--folder", str(folder), *words],
        cwd=ROOT,
        env=environment(**changed),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_running(folder: Path) -> list[str]:
    """Processes whose log lies in the run's folder: what the story started and did not stop."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/1"):
        try:
            if os.readlink(link).startswith(str(folder)):
                found.append((link.parent.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_whole_story_holds_and_leaves_nothing_running(tmp_path: Path, database: str) -> None:
    named: AbstractContextManager[str] = postgres_database() if database == "postgresql" else nullcontext("")
    with named as url, start(tmp_path, "--once", **({"DATABASE_URL": url} if url else {})) as run:
        said, _ = run.communicate(timeout=900)
    assert run.returncode == 0, said
    assert "История сошлась." in said
    assert "✗" not in said
    assert (tmp_path / "payments.db").exists() == (database == "sqlite")
    secrets = (tmp_path / "secrets.json").read_text().split('"')
    assert not any(secret in said for secret in secrets if len(secret) > 30)
    assert left_running(tmp_path) == []


def test_a_service_that_cannot_start_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with start(tmp_path, "--once", DATABASE_URL="postgresql://127.0.0.1:9/nowhere") as run:
        said, _ = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "release: завершился с кодом" in said
    assert "Конец журнала" in said
    assert left_running(tmp_path) == []


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_what_it_started(tmp_path: Path, request_to_end: signal.Signals) -> None:
    with start(tmp_path) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "Запускаем сервис" in line:
                break
        assert left_running(tmp_path)
        run.send_signal(request_to_end)
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Остановлено" in said
    assert left_running(tmp_path) == []


@pytest.mark.parametrize("port", ["abc", "99999", "-1"])
def test_a_port_that_is_none_is_told_in_a_sentence(tmp_path: Path, port: str) -> None:
    with start(tmp_path, "--once", PORT=port) as run:
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert f"PORT={port}" in said
    assert "Traceback" not in said


def test_the_operators_commands_are_at_hand_with_the_settings_of_the_run(tmp_path: Path) -> None:
    ground = prepare(tmp_path, environment())
    outside = {"oauth_url": "http://127.0.0.1:9", "smtp_url": "smtp://127.0.0.1:9"}
    app = {"client_id": "app", "client_secret": "a secret, it's one"}
    script = write_flask(ground, service_settings(ground, outside, app) | {"CLOCK_URL": ""})
    assert script.stat().st_mode & 0o077 == 0
    for words, said in ((("database", "upgrade"), ""), (("gateways", "show"), "No terminal is configured")):
        done = subprocess.run(
            [script, *words], cwd=tmp_path, env={"PATH": os.defpath}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, said in done.stdout) == (0, True), done.stderr
