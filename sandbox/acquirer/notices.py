"""Notices to shops: signed POSTs about every charge and refund, tried again when the shop does not answer 200."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

TRIES = 4
PAUSE_SECONDS = 1.0
ANSWER_FIRST_SECONDS = 0.2
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Webhook:
    """Where a shop wants its notices; `copies` 0 sends none, `before_answer` holds the answer back for them."""

    url: str
    secret: str
    copies: int = 1
    before_answer: bool = False


@dataclass(frozen=True)
class Delivery:
    shop: str
    url: str
    body: str
    attempt: int
    status: int | None


class Notices:
    """Sends from a thread of its own, one notice at a time, so that a shop may ask back while it is being told."""

    def __init__(self) -> None:
        self.webhooks: dict[str, Webhook] = {}
        self.deliveries: list[Delivery] = []
        self._waiting: queue.Queue[tuple[str, Webhook, bytes]] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def tell(self, shop: str, body: dict[str, object]) -> None:
        webhook = self.webhooks.get(shop)
        if webhook is None:
            return
        raw = json.dumps(body, ensure_ascii=False).encode()
        for _ in range(webhook.copies):
            self._waiting.put((shop, webhook, raw))
        self._start()

    def hold_answer(self, shop: str) -> None:
        """Wait until what this shop is owed was sent, when it is to hear the notice before the answer."""
        webhook = self.webhooks.get(shop)
        if webhook and webhook.before_answer:
            self._waiting.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_all, name="acquirer-notices", daemon=True)
                self._thread.start()

    def _send_all(self) -> None:
        while True:
            shop, webhook, raw = self._waiting.get()
            try:
                self._send(shop, webhook, raw)
            finally:
                self._waiting.task_done()

    def _send(self, shop: str, webhook: Webhook, raw: bytes) -> None:
        if not webhook.before_answer:
            time.sleep(ANSWER_FIRST_SECONDS)
        for attempt in range(1, TRIES + 1):
            status = _post(webhook, raw)
            self.deliveries.append(Delivery(shop, webhook.url, raw.decode(), attempt, status))
            if status == 200 or webhook.before_answer:
                return
            time.sleep(PAUSE_SECONDS)


def signature(secret: str, raw: bytes) -> str:
    """Lower-case hex HMAC-SHA256 of the body as it travels."""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def _post(webhook: Webhook, raw: bytes) -> int | None:
    headers = {"Content-Type": "application/json", "X-Sandbox-Signature": signature(webhook.secret, raw)}
    request = urllib.request.Request(webhook.url, raw, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
