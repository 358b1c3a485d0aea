"""Starts the outside: the OAuth host with the control door on one port, each portal on a port of its own."""

from __future__ import annotations

import argparse
import itertools
import json
import secrets
import signal
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.wrappers import Request, Response

from sandbox.acquirer.state import load_book, save_book
from sandbox.bucket import Bucket, OperatingTime
from sandbox.bx24 import allow_origin, answer_browser, script
from sandbox.clock import SandboxClock, clock_answer, clock_control
from sandbox.control import control_answer
from sandbox.crm_seed import seed
from sandbox.engine import wake_due
from sandbox.history import History
from sandbox.mail import MailCatcher
from sandbox.oauth_door import answer_oauth
from sandbox.portal import Portal, Traits, User
from sandbox.rest import answer_rest
from sandbox.servers import Answer, Server
from sandbox.state import State, load, save, shift_of
from sandbox.surroundings import surround
from sandbox.tls import make_authority
from sandbox.world import World

TICK_SECONDS = 0.02


class Outside:
    """A world with its servers. `mounts` adds doors of other parts under the outside port by path prefix."""

    def __init__(
        self,
        clock: SandboxClock,
        host: str = "127.0.0.1",
        port: int = 0,
        mounts: Mapping[str, Answer] | None = None,
        tls_folder: Path | None = None,
    ) -> None:
        self.clock = clock
        self.world = World(clock, time.monotonic)
        self.mounts = dict(mounts or {})
        self.portal_servers: dict[str, list[Server]] = {}
        self.authority: Path | None = None
        self._tls: ssl.SSLContext | None = None
        if tls_folder:
            self.authority, self._tls = make_authority(tls_folder)
        self._server = Server(self._answer, host, port)
        self._tls_server = Server(self._answer, host, 0, self._tls) if self._tls else None
        self._stopping = threading.Event()
        self._timer = threading.Thread(target=self._tick, daemon=True)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def tls_url(self) -> str:
        """The same doors over https; empty unless a folder for the certificates was given."""
        return self._tls_server.url if self._tls_server else ""

    def start(self) -> None:
        self._server.start()
        if self._tls_server:
            self._tls_server.start()
        self.world.oauth_url = self.url
        self.world.deliveries.start()
        self._timer.start()

    def stop(self) -> None:
        self._stopping.set()
        self._timer.join()
        self.world.deliveries.stop()
        servers = [self._server, *itertools.chain.from_iterable(self.portal_servers.values())]
        if self._tls_server:
            servers.append(self._tls_server)
        with ThreadPoolExecutor(len(servers)) as together:
            together.map(Server.stop, servers)

    def create_portal(self, traits: Traits, users: list[User], port: int = 0, member_id: str = "") -> Portal:
        """A portal on its own port with its funnels and an incoming webhook for every admin."""
        rate, size = traits.limits
        portal = Portal(
            member_id=member_id or secrets.token_hex(16),
            host="",
            traits=traits,
            users={user.id: user for user in users},
            bucket=Bucket(rate, size, self.world.seconds),
            operating=OperatingTime(),
            history=History(),
            webhooks={secrets.token_hex(8): user.id for user in users if user.admin},
        )
        seed(portal)
        self._open_address(portal, port)
        with self.world.lock:
            self.world.portals[portal.member_id] = portal
        return portal

    def rename(self, portal: Portal, port: int = 0) -> None:
        """Move a portal to a new address; the old one answers 302 from now on."""
        self._open_address(portal, port)

    def listen(self, portal: Portal, wanted: bool) -> None:
        """Close or open again the addresses of a portal: while closed, connections are refused."""
        for server in self.portal_servers[portal.member_id]:
            server.start() if wanted else server.stop()

    def save(self, path: Path) -> None:
        """Write apps, portals, tokens and the clock to a file; calls still in the queue are not kept."""
        world = self.world
        save(path, State(world.apps, world.portals, world.tokens, shift_of(self.clock.now())))

    def restore(self, path: Path) -> None:
        """Take up where `save` left off; portals come back at their ports."""
        state = load(path)
        if state is None:
            return
        self.clock.set(datetime.now(UTC) + state.shift)
        self.world.apps, self.world.tokens = state.apps, state.tokens
        for portal in state.portals.values():
            self._open_address(portal, int(portal.host.rpartition(":")[2]))
            self.world.portals[portal.member_id] = portal

    def _open_address(self, portal: Portal, port: int) -> None:
        def answer(request: Request) -> Response:
            if portal.host == address:
                return self._answer_portal(portal, request)
            return Response(status=302, headers={"Location": f"{portal.scheme}://{portal.host}{request.path}"})

        server = Server(answer, self._server.host, port)
        server.start()
        portal.host = address = f"{server.host}:{server.port}"
        opened = self.portal_servers.setdefault(portal.member_id, [])
        opened.append(server)
        if self._tls:
            secured = Server(answer, self._server.host, 0, self._tls)
            secured.start()
            portal.tls_host = f"{secured.host}:{secured.port}"
            opened.append(secured)

    def _answer(self, request: Request) -> Response:
        if request.path == "/clock":
            return clock_answer(self.clock)
        if request.path == "/control/clock":
            return clock_control(self.clock, request)
        for prefix, answer in self.mounts.items():
            if request.path.startswith(prefix):
                return answer(request)
        if request.path.startswith("/control"):
            return control_answer(self, request)
        if request.path.startswith("/api/v1"):
            return script()
        return answer_oauth(self.world, request) or Response("Not found", status=404)

    def _answer_portal(self, portal: Portal, request: Request) -> Response:
        if browser := answer_browser(self.world, portal, request):
            return browser
        if request.path.startswith("/rest"):
            return allow_origin(answer_rest(self.world, portal, request))
        return Response("Not found", status=404)

    def _tick(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            for portal in list(self.world.portals.values()):
                if portal.bizproc.wakeups:
                    wake_due(self.world, portal)


def main() -> None:
    """`python -m sandbox.outside`: prints one JSON line with the addresses and serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.outside", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8800, help="0 takes a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="where letters are caught; 0 takes a free one")
    parser.add_argument("--tls-folder", type=Path, help="serve over https too; the authority to trust is put here")
    parser.add_argument("--portals-file", type=Path, help="keep portals, apps and the clock here between runs")
    parser.add_argument("--state-file", type=Path, help="keep the acquirer's book here between runs")
    given = parser.parse_args()
    outside = Outside(SandboxClock(lambda: datetime.now(UTC)), given.host, given.port, tls_folder=given.tls_folder)
    around = surround(outside)
    mail = MailCatcher(around.mailbox, given.host, given.smtp_port)
    if given.state_file:
        load_book(around.acquirer.book, given.state_file)
    outside.start()
    mail.start()
    if given.portals_file:
        outside.restore(given.portals_file)
    stopped = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopped.set())
    addresses = {
        "oauth_url": outside.url,
        "control_url": f"{outside.url}/control",
        "pages_url": f"{outside.url}/pages/",
        "smtp_url": f"smtp://{mail.host}:{mail.port}",
    }
    if outside.authority:
        addresses |= {"tls_url": outside.tls_url, "authority": str(outside.authority)}
    print(json.dumps(addresses), flush=True)
    stopped.wait()
    if given.portals_file:
        outside.save(given.portals_file)
    mail.stop()
    outside.stop()
    if given.state_file:
        save_book(around.acquirer.book, given.state_file)


if __name__ == "__main__":
    main()
