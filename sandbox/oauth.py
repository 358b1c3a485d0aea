"""The OAuth host: tokens, their renewal with rotation, and what app.info says about an installation."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ACCESS_LIFE = timedelta(seconds=3600)
REFRESH_LIFE = timedelta(days=180)
CODE_LIFE = timedelta(seconds=30)


@dataclass(frozen=True)
class Grant:
    """Whom a token speaks for, until when."""

    client_id: str
    member_id: str
    user_id: int
    expires: datetime


@dataclass(frozen=True)
class Pair:
    access: str
    refresh: str
    expires: datetime


@dataclass
class Tokens:
    """Every token given out. A refresh token works once; a used one is as bad as a forged one."""

    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    renewals: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def issue(self, client_id: str, member_id: str, user_id: int, now: datetime) -> Pair:
        expires = now + ACCESS_LIFE
        pair = Pair(_token(), _token(), expires)
        with self._lock:
            self.access[pair.access] = Grant(client_id, member_id, user_id, expires)
            self.refresh[pair.refresh] = Grant(client_id, member_id, user_id, now + REFRESH_LIFE)
        return pair

    def issue_code(self, client_id: str, member_id: str, user_id: int, now: datetime) -> str:
        code = _token()
        with self._lock:
            self.codes[code] = Grant(client_id, member_id, user_id, now + CODE_LIFE)
        return code

    def spend_refresh(self, token: str, client_id: str, now: datetime) -> Grant | None:
        """The grant behind a refresh token, which is used up by asking; None when it is no good for this client."""
        with self._lock:
            return _spend(self.refresh, token, client_id, now)

    def spend_code(self, code: str, client_id: str, now: datetime) -> Grant | None:
        with self._lock:
            return _spend(self.codes, code, client_id, now)

    def revoke(self, client_id: str, member_id: str) -> None:
        """Forget every token of an app in a portal: it was removed."""
        with self._lock:
            for tokens in (self.access, self.refresh, self.codes):
                for token in [t for t, g in tokens.items() if (g.client_id, g.member_id) == (client_id, member_id)]:
                    del tokens[token]

    def expire(self, member_id: str, now: datetime) -> int:
        """Make every access token of a portal an expired one; gives how many."""
        with self._lock:
            hit = [
                token for token, grant in self.access.items() if grant.member_id == member_id and grant.expires > now
            ]
            for token in hit:
                grant = self.access[token]
                self.access[token] = Grant(grant.client_id, grant.member_id, grant.user_id, now)
            return len(hit)


def _spend(tokens: dict[str, Grant], token: str, client_id: str, now: datetime) -> Grant | None:
    grant = tokens.get(token)
    if grant is None or grant.client_id != client_id:
        return None
    del tokens[token]
    return grant if grant.expires > now else None


def _token() -> str:
    return secrets.token_hex(35)
