"""The doors as gunicorn serves them: starts, refusals over the wire, ends and reloads under load."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bitrix24.installs import hash_of_application_token
from handlers.php_form import LONGEST_BODY
from storage.database import open_database
from storage.migrate import upgrade
from storage.model import Call
from tests.factories import make_portal
from tests.handlers.doors import FORM, MEMBER, TOKEN, php_form, robot_call
from tests.outside import eventually
from tests.ports import free_port
from tests.web import CLIENT_ID, ROOT, Web, environment, web

SECONDS = 60


@dataclass
class Served:
    web: Web
    database_url: str

    def tokens(self) -> set[str]:
        """Event tokens of the rows there are."""
        database = open_database(self.database_url)
        with database.read() as session:
            found = set(session.scalars(select(Call.event_token)))
        database.close()
        return found

    def wait_for_workers(self, booted: int) -> None:
        """Until so many workers have been started since the beginning."""
        assert eventually(lambda: self.web.output.count("Booting worker") >= booted, SECONDS), self.web.output

    def worker_pid(self) -> int:
        booted = [line for line in self.web.output.splitlines() if "Booting worker" in line]
        return int(json.loads(booted[-1])["event"].rpartition(" ")[2])

    def post(self, body: bytes, headers: dict[str, str] | None = None, encode_chunked: bool = False) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=20)
        given = {"Content-Type": FORM, **(headers or {})}
        sent: Any = iter([body]) if encode_chunked else body
        connection.request("POST", "/bitrix24/activities", sent, given, encode_chunked=encode_chunked)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def raw(self, request: bytes) -> bytes:
        """What comes back for these very bytes, until the far side hangs up."""
        answer = b""
        with (
            socket.create_connection(("127.0.0.1", self.web.port), timeout=20) as connection,
            suppress(OSError),  # it may hang up before it has read everything
        ):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        return answer


@contextmanager
def served_doors(database_url: str) -> Iterator[Served]:
    upgrade(database_url)
    database = open_database(database_url)
    with database.write() as session:
        make_portal(
            session, client_id=CLIENT_ID, member_id=MEMBER, application_token_hash=hash_of_application_token(TOKEN)
        )
    database.close()
    with web(database_url) as process:
        yield Served(process, database_url)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_doors(f"sqlite:///{tmp_path_factory.mktemp('served')}/x.db") as made:
        yield made


# --- starting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["gunicorn", "wsgi:app"], ["flask", "--app", "wsgi", "calls", "list"]])
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SECRET_KEY", "secret"),
        ("SECRET_KEY", ""),
        ("ENCRYPTION_KEYS", "canary-not-a-key"),
        ("BITRIX24_CLIENT_SECRET", ""),
        ("PUBLIC_URL", "ftp://canary.example"),
        ("BITRIX24_OAUTH_URL", "http://canary.example"),
    ],
)
def test_settings_that_are_not_fit_stop_the_start_in_one_sentence(
    command: list[str], setting: str, value: str, tmp_path: Path
) -> None:
    settings = environment(f"sqlite:///{tmp_path}/x.db", free_port(), **{setting: value})
    ended = subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert setting in sentence or "PUBLIC_URL" in sentence  # a foreign OAuth host makes http of our own a fault too
    assert "Traceback" not in sentence
    if "KEY" in setting:
        assert "canary" not in sentence


def test_the_release_step_makes_an_empty_database_current_and_twice_does_no_harm(tmp_path: Path) -> None:
    settings = environment(f"sqlite:///{tmp_path}/x.db", free_port())
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "database", "upgrade"],
            cwd=ROOT,
            env=settings,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (ended.returncode, ended.stdout) == (0, "the database is current\n")


# --- refusals over the wire --------------------------------------------------------------------------------------


def test_a_call_over_the_wire_is_taken_also_in_chunks(served: Served) -> None:
    assert served.post(php_form(robot_call(event_token="whole")).encode()) == (200, "accepted\n")
    assert served.post(php_form(robot_call(event_token="chunked")).encode(), encode_chunked=True)[0] == 200
    assert {"whole", "chunked"} <= served.tokens()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("length", [LONGEST_BODY + 1, 1024 * 1024])
def test_who_sends_too_much_reads_why_it_was_refused(served: Served, length: int, chunked: bool) -> None:
    status, text = served.post(b"a=" + b"x" * length, encode_chunked=chunked)
    assert status == 413
    assert text.startswith("the body is longer than 262144 bytes")


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (b"POST /bitrix24/activities HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
        (b"POST /bitrix24/activities HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", {400}),
        (
            b"POST /bitrix24/activities HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {400},
        ),
        (b"POST /bitrix24/activities HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\na=1", {400}),
        (b"GARBAGE\r\n\r\n", {400}),
        (b"\x00\xff\x16\x03\x01\r\n\r\n", {400}),
        (b"POST /bitrix24/activities HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", {400, 431}),
        (b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {414}),
    ],
    ids=range(8),
)
def test_broken_requests_are_refused_and_nothing_breaks(
    served: Served, request_bytes: bytes, statuses: set[int]
) -> None:
    before = served.tokens()
    answer = served.raw(request_bytes)
    if answer:  # a request that ends in the middle may be left without an answer
        assert int(answer.split(b" ", 2)[1]) in statuses
        assert b"Traceback" not in answer
    assert served.tokens() == before
    assert served.post(php_form(robot_call(event_token="whole")).encode())[0] == 200


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_a_call_that_was_cut_off_is_not_taken_for_the_whole(served: Served, content_type: str) -> None:
    body = (php_form if content_type == FORM else json.dumps)(robot_call(event_token="cut"))
    head = (
        f"POST /bitrix24/activities HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body) + 10}\r\n\r\n"
    )
    answer = served.raw((head + body).encode())
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    assert "cut" not in served.tokens()


def test_no_version_is_told(served: Served) -> None:
    answer = served.raw(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").lower()
    assert b"200 ok" in answer
    assert b"server: gunicorn\r\n" in answer
    assert b"werkzeug" not in answer
    assert b"python" not in answer


# --- canaries ----------------------------------------------------------------------------------------------------


def test_what_callers_send_appears_in_no_output(tmp_path: Path) -> None:
    with served_doors(f"sqlite:///{tmp_path}/x.db") as served:
        canary = "canary-Zk3x9Q-4111111111111111"
        auth = {"member_id": canary, "application_token": canary, "access_token": canary, "domain": canary}
        calls = [
            robot_call(event_token=canary, properties={"amount": canary, canary: canary}, workflow_id=canary),
            robot_call(auth=auth),
            robot_call(code=f"{canary} "),
            robot_call(ts=canary, document_id=[canary, canary]),
            robot_call(document_id=[canary]),
        ]
        bodies = [php_form(call).encode() for call in calls]
        bodies += [json.dumps(call).encode() for call in calls]
        bodies += [f"{canary}[=1".encode(), f"{canary}=%ff".encode(), canary.encode() * 20_000, f"{{{canary}".encode()]
        headers = {"Cookie": f"session={canary}", "Authorization": f"Bearer {canary}", "User-Agent": canary}
        for body in bodies:
            for content_type in (FORM, "application/json", canary):
                status, text = served.post(body, {"Content-Type": content_type, **headers})
                assert status in (200, 400, 403, 413)
                assert canary not in text
        served.post(bodies[0], {"Host": f"{canary}.example"})
        for address in (f"/{canary}", f"/webhooks/{canary}/{canary}", f"/health/live?{canary}", f"/pay/{canary}"):
            for method in ("GET", "POST", "TRACE"):
                request = (
                    f"{method} {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                )
                served.raw(request.encode())
        served.raw(f"{canary} {canary}\r\n\r\n".encode())
        served.raw(f"GET / HTTP/1.1\r\nHost: localhost\r\n{canary} : x\r\n\r\n".encode())
        database = open_database(served.database_url)
        with database.write() as session:
            session.connection().exec_driver_sql("DROP TABLE call_conflicts")
            session.connection().exec_driver_sql("ALTER TABLE calls RENAME TO gone")
        database.close()
        assert served.post(php_form(robot_call(event_token=f"{canary}2")).encode(), headers)[0] == 503
        assert served.post(bodies[0], headers)[0] == 503
        output = served.web.output
        command_lines = [
            Path(f"/proc/{pid}/cmdline").read_bytes()
            for pid in os.listdir("/proc")
            if pid.isdigit() and os.path.exists(f"/proc/{pid}/cmdline")
        ]
    assert "canary" not in output
    assert "4111111111111111" not in output
    assert not any(b"canary-Zk3" in line for line in command_lines)
    written = [json.loads(line) for line in output.splitlines()]
    assert {"door.refused", "inbox.database_failed"} <= {line["event"] for line in written}


# --- under load --------------------------------------------------------------------------------------------------


@dataclass
class Senders:
    """Threads that post one call after another, each over a new connection, until they are told to stop."""

    served: Served
    answered: dict[str, int] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, count: int) -> None:
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, answers: int) -> None:
        goal = len(self.answered) + answers
        assert eventually(lambda: len(self.answered) >= goal, SECONDS), f"{self.lost}: {self.served.web.output}"

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _send(self, sender: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            token = f"sender-{sender}-call-{number}"
            try:
                self.answered[token] = self.served.post(php_form(robot_call(event_token=token)).encode())[0]
            except (OSError, http.client.HTTPException) as error:
                self.lost[type(error).__name__] += 1


@contextmanager
def senders(served: Served, count: int = 8) -> Iterator[Senders]:
    made = Senders(served)
    made.start(count)
    try:
        yield made
    finally:
        made.stop()


def test_a_reload_under_load_loses_no_call(tmp_path: Path) -> None:
    with served_doors(f"sqlite:///{tmp_path}/x.db") as served, senders(served) as load:
        for reloads in (1, 2, 3):
            load.wait_for(100)
            os.kill(int(served.web.pid_file.read_text()), signal.SIGHUP)
            served.wait_for_workers(1 + reloads)
        load.wait_for(300)
        load.stop()
        assert load.lost == Counter()
        assert set(load.answered.values()) == {200}
        assert served.tokens() == set(load.answered)
        assert served.web.output.count("Worker exiting") >= 2
    assert not served.web.pid_file.exists()


def test_after_kill_9_every_call_that_was_answered_has_its_row(tmp_path: Path) -> None:
    with served_doors(f"sqlite:///{tmp_path}/x.db") as served:
        with senders(served) as load:
            for kills in (1, 2, 3):
                load.wait_for(60)
                os.kill(served.worker_pid(), signal.SIGKILL)
                served.wait_for_workers(1 + kills)
            load.wait_for(60)
        assert set(load.answered.values()) == {200}
        assert set(load.answered) <= served.tokens()
