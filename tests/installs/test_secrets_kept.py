"""Tokens and secrets after an installation in processes of their own: in no file in clear, in no log, in no answer."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cryptography.fernet import Fernet

from storage.migrate import upgrade
from tests.installs import wire
from tests.installs.wire import Answer, event_auth, open_page, page_fields, send_event
from tests.outside import Outside, eventually
from tests.service import RunningService
from tests.web import ROOT, environment, web

CLIENT_ID = "local.canary"
SECRETS = {
    "BITRIX24_CLIENT_SECRET": "canary-client-secret-0123456789",
    "SECRET_KEY": "canary-secret-key-0123456789abcdef",
    "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
}


def files_of(folder: Path) -> bytes:
    """The database with its log of writes, as they are on the disk."""
    found = sorted(folder.glob("service.db*"))
    assert found
    return b"".join(file.read_bytes() for file in found)


def command(settings: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_no_secret_is_in_a_file_a_log_or_an_answer(outside: Outside, tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/service.db"
    upgrade(database_url)
    known = {
        **SECRETS,
        "BITRIX24_CLIENT_ID": CLIENT_ID,
        "BITRIX24_OAUTH_URL": outside.oauth_url,
        "CLOCK_URL": f"{outside.oauth_url}/clock",
        "LOG_LEVEL": "DEBUG",
    }
    portal = outside.create_portal(enterprise=True)
    answers: list[Answer] = []
    secrets: list[str] = list(SECRETS.values())
    with web(database_url, **known) as served:
        address = f"http://127.0.0.1:{served.port}"
        app = outside.register_app(
            address, client_id=CLIENT_ID, client_secret=SECRETS["BITRIX24_CLIENT_SECRET"], scopes=["crm", "bizproc"]
        )
        service = cast(RunningService, SimpleNamespace(outside=outside, portal=portal, address=address, app=app))
        portal.install(app, open=False)
        settings = environment(database_url, served.port, **known)

        def remember(sent: dict[str, str]) -> dict[str, str]:
            names = ("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN", "access_token", "refresh_token", "application_token")
            secrets.extend(sent[name] for name in names if sent.get(name))
            return sent

        def registered() -> bool:
            return len(portal.get("/registered")) > 0 and outside.wait_idle()

        outside.fault("html", match="app.info")
        answers.append(open_page(service, remember(page_fields(service))))  # OAuth in trouble
        answers.append(open_page(service, remember(page_fields(service, AUTH_ID="canary-forged-" + "0" * 56))))
        answers.append(open_page(service, remember(page_fields(service, user_id=2))))  # no admin
        answers.append(open_page(service, remember(page_fields(service))))  # installed
        assert eventually(registered, 30)
        portal.post("/tokens/expire")
        portal.fault("error_500", match="bizproc.robot.update")
        outputs = [command(settings, "portals", "register", portal.member_id)]  # a renewal and a refusal
        outside.fault("renewal_refused", match="token")
        portal.post("/tokens/expire")
        outputs += [command(settings, "portals", "register", portal.member_id), command(settings, "portals", "list")]
        answers.append(open_page(service, remember(page_fields(service)), wire.APP))
        answers.append(send_event(service, "ONAPPUPDATE", remember(event_auth(service)), VERSION="2"))
        answers.append(send_event(service, "ONAPPUPDATE", remember(event_auth(service, user_id=2)), VERSION="2"))
        wrong = remember(event_auth(service, application_token="canary-wrong-application-token"))
        answers.append(send_event(service, "ONAPPUNINSTALL", wrong))
        assert outside.wait_idle()
        at_work = files_of(tmp_path)
        outputs.append(command(settings, "portals", "rotate-keys"))
        outputs.append(command(settings, "portals", "check", portal.member_id))
        written = served.output
        title = command_line(served.process.pid)
    kept = at_work + files_of(tmp_path)
    assert [answer.status for answer in answers] == [503, 403, 403, 200, 200, 200, 403, 403]
    assert "needs_reauthorisation" in outputs[2]
    assert len(set(secrets)) > 15
    said: dict[str, Any] = {
        "the database's files": kept.decode("latin-1"),
        "the web process's log": written,
        "the process's title": title,
        "the commands' output": "".join(outputs),
        "answers": "".join(answer.text + str(dict(answer.headers)) for answer in answers),
    }
    for where, text in said.items():
        assert [one for one in set(secrets) if one in text] == [], where


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text() if os.path.exists(f"/proc/{pid}/cmdline") else ""
