import os
import signal
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

from sandbox.story.ground import AlreadyRunning, free_port, prepare
from sandbox.story.processes import Child, ProcessFailed, uninterrupted
from sandbox.story.scene import Answer
from sandbox.story.table import Chapter, printed


def child(tmp_path: Path, script: str) -> Child:
    return Child("web", f"{sys.executable} -c '{script}'", dict(os.environ), tmp_path / "web.log", tmp_path)


def wait_for_log(one: Child, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in one.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert text in one.log.read_text()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_that_dies_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    one = child(tmp_path, 'print("SECRET_KEY is not set"); raise SystemExit(3)')
    with pytest.raises(ProcessFailed) as failed:
        one.must_end_well(10)
    assert "web: завершился с кодом 3" in str(failed.value)
    assert "SECRET_KEY is not set" in str(failed.value)
    with pytest.raises(ProcessFailed):
        one.must_live()


def test_stopping_a_process_stops_what_it_started_too(tmp_path: Path) -> None:
    script = 'import subprocess; one = subprocess.Popen(["sleep", "600"]); print(one.pid, "up", flush=True); one.wait()'
    one = child(tmp_path, script)
    wait_for_log(one, "up")
    pid = int(one.log.read_text().split()[0])
    assert alive(pid)
    one.stop()
    assert not alive(pid)
    one.stop()


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.story.processes.STOP_SECONDS", 0.3)
    ignore = f"import signal, time; signal.signal({int(signal.SIGTERM)}, signal.SIG_IGN)"
    one = child(tmp_path, f'{ignore}; print("up", flush=True); time.sleep(600)')
    wait_for_log(one, "up")
    one.stop()
    with pytest.raises(ProcessFailed):
        one.must_live()


def test_a_request_to_end_waits_for_what_must_not_be_cut() -> None:
    reached = []
    before = signal.getsignal(signal.SIGINT)

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) == before


def test_secrets_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    first = prepare(tmp_path / "one", {})
    secrets = tmp_path / "one" / "secrets.json"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    made = {name: first.environment[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    assert len(made["SECRET_KEY"]) >= 32
    second = tmp_path / "two"
    second.mkdir()
    secrets.rename(second / "secrets.json")
    assert prepare(second, {}).environment.items() >= made.items()


def test_a_run_has_a_fresh_database_of_its_own_and_respects_a_named_one(tmp_path: Path) -> None:
    for name in ("payments.db", "payments.db-wal"):
        (tmp_path / name).write_text("old")
    own = prepare(tmp_path, {})
    assert own.database_url == f"sqlite:///{tmp_path}/payments.db"
    assert list(tmp_path.glob("payments.db*")) == []
    other = tmp_path / "other"
    other.mkdir()
    (other / "payments.db").write_text("somebody else's")
    named = prepare(other, {"DATABASE_URL": "postgresql://127.0.0.1/pay"})
    assert named.environment["DATABASE_URL"] == "postgresql://127.0.0.1/pay"
    assert (other / "payments.db").exists()


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    prepare(tmp_path, {})
    with pytest.raises(AlreadyRunning):
        prepare(tmp_path, {})


def test_a_taken_port_is_left_alone() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_the_table_shows_what_held_and_what_came_instead() -> None:
    chapter = Chapter("Сделка разбита на 4 счёта")
    values = {"result_status": "ok", "part_amounts": ["25000.00", "75000.00"], "error_text": ""}
    titles = {"part_amounts": "Суммы частей", "error_text": "Причина словами"}
    answer = Answer("Разбить счёт на части", titles, "Сделка «Окна»", values, 1)
    chapter.answered(answer, "part_amounts", "error_text", remark="ещё раз")
    chapter.expect("две части", answer.values["part_amounts"], ["25000.00", "75000.00"])
    chapter.expect("один ответ", answer.answers, 2)
    text = printed([chapter])
    assert "Разбить счёт на части" in text
    assert "Суммы частей: 25\u00a0000,00; 75\u00a0000,00" in text
    assert "✓ две части" in text
    assert "✗ один ответ: ожидали 2, получили 1" in text
    assert "Причина словами" not in text
    assert not chapter.held
    assert max(map(len, text.splitlines())) <= 125


def test_a_paper_is_shown_as_it_stands_below_the_answers() -> None:
    chapter = Chapter("Справка")
    chapter.show("charges show 5", "Charge 5: succeeded\n  hash af0d\n")
    lines = printed([chapter]).splitlines()
    assert lines[4:7] == ["   charges show 5", "   │ Charge 5: succeeded", "   │   hash af0d"]
