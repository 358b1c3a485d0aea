"""`python -m sandbox`: the service with everything outside it on this machine, and the story played in it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from sandbox.story.cards import charged_once, declined, declined_for_good, thought_about
from sandbox.story.chapters import TODAY, install, lease, schedule, split
from sandbox.story.control import Control, ControlRefused
from sandbox.story.ground import FOLDER, AlreadyRunning, NoSuchPort, prepare, service_settings, write_flask
from sandbox.story.in_person import Subscriber, left_to_pay, pays_by_sbp
from sandbox.story.processes import ProcessFailed
from sandbox.story.scene import NoAnswer, Scene
from sandbox.story.service import Service
from sandbox.story.table import Chapter, printed

INTERRUPTED = 130


def main() -> int:
    """Play the story; 0 when every expectation held."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the story with its exit status")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where logs and the database of this run live")
    given = parser.parse_args()
    for request in (signal.SIGTERM, signal.SIGINT):  # a shell's background job begins with SIGINT ignored
        signal.signal(request, _interrupt)
    try:
        with Service(prepare(given.folder, os.environ)) as service:
            return _play(service, given.once)
    except (AlreadyRunning, NoSuchPort, ProcessFailed, ControlRefused, NoAnswer) as problem:
        print(f"\nИстория не доиграна. {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nОстановлено, история не доиграна.")
        return INTERRUPTED


def _play(service: Service, once: bool) -> int:
    _say("Запускаем песочницу: портал, банк, почту и часы")
    outside = service.start_outside()
    control = Control(outside["oauth_url"])
    control.post("/clock", set=TODAY)
    portal = control.post("/portals")
    app = control.post("/apps", app_url=service.ground.public_url)
    _say("Запускаем сервис: миграции, web и worker")
    settings = service_settings(service.ground, outside, app)
    flask = write_flask(service.ground, settings)
    service.start(settings)
    scene = Scene(control, portal["member_id"], service.must_live)
    subscriber = Subscriber(scene, service)
    chapters: list[tuple[str, Callable[[], Chapter]]] = [
        ("устанавливаем приложение", lambda: install(scene, app["client_id"])),
        ("разбиваем счёт", lambda: split(scene)),
        ("строим график", lambda: schedule(scene)),
        ("платим за лизинг", lambda: lease(scene)),
        ("списываем с карты", lambda: charged_once(scene, service)),
        ("слышим отказ", lambda: declined(scene, service)),
        ("слышим окончательный отказ", lambda: declined_for_good(scene, service)),
        ("ждём банк", lambda: thought_about(scene, service)),
        ("клиент платит сам", subscriber.pays_the_first_time),
        ("проходит месяц", subscriber.pays_every_month),
        ("платим по СБП", lambda: pays_by_sbp(scene, service)),
        ("возвращаем деньги", subscriber.gets_money_back),
    ]
    held = _tell(chapters)
    print("История сошлась." if held else "История НЕ сошлась: смотрите строки с ✗.")
    if not once:
        _stay(service, outside, portal, left_to_pay(scene, service), flask)
    return 0 if held else 1


def _tell(chapters: list[tuple[str, Callable[[], Chapter]]]) -> bool:
    """Play the chapters and print the table, also of what was played before something stopped it."""
    told: list[Chapter] = []
    try:
        for name, tell in chapters:
            _say(f"Играем историю: {name}")
            told.append(tell())
    finally:
        print(f"\n{printed(told)}\n")
    return all(chapter.held for chapter in told)


def _stay(service: Service, outside: dict[str, str], portal: dict[str, str], link: str, flask: Path) -> None:
    print(f"""
Песочница      {outside["pages_url"]}portals/{portal["member_id"]}
Почта          {outside["pages_url"]}mails
Банк           {outside["pages_url"]}acquirer
Оплатить       {link}
Сервис         {service.ground.public_url}/health/ready
Журналы        {service.ground.folder}
Команды        {flask} charges list

Ctrl-C остановит всё.""")
    try:
        while True:
            service.must_live()
            time.sleep(1)
    except KeyboardInterrupt:
        print("\nОстановлено.")


def _say(text: str) -> None:
    print(f"{text} …", flush=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
