"""Proof of who opened our page or installed the app: asked of the OAuth host, never taken from the request."""

from dataclasses import dataclass
from typing import Any

from bitrix24.errors import AnswerLost, PortalUnavailable, RestError, StaleToken, TryLater, error_in
from bitrix24.oauth import OAuthHost
from bitrix24.transport import Transport
from schemas.declaration import Words


class NotProved(Exception):
    """The request may not do this; `words` are for the person who sees the page, `passing` when it may work later."""

    def __init__(self, words: Words, *, passing: bool = False) -> None:
        super().__init__(words.en)
        self.words = words
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose token it is. `endpoint` ends in `/rest/` and comes from the OAuth host."""

    member_id: str
    endpoint: str
    user_id: int


WRONG = Words(
    "Портал не подтвердил, что открыл это приложение: откройте его заново из Битрикс24",
    "The portal did not confirm that it opened this application: open it again from Bitrix24",
)
OAUTH_SILENT = Words(
    "Сервер авторизации Битрикс24 сейчас не отвечает: откройте приложение через минуту",
    "The authorisation server of Bitrix24 does not answer now: open the application in a minute",
)
PORTAL_SILENT = Words(
    "Портал сейчас не отвечает, кто администратор: откройте приложение через минуту. Ничего ещё не изменено",
    "The portal does not say now who is an administrator: open the application in a minute. Nothing was changed yet",
)
NOT_ADMIN = Words(
    "Приложение устанавливает администратор портала. Попросите его открыть эту страницу: ничего ещё не изменено",
    "An administrator of the portal installs the application. Ask one to open this page: nothing was changed yet",
)


def prove(oauth: OAuthHost, access_token: str, member_id: str) -> Proved:
    """The token is of our application and of the portal named (Bitrix24 REST docs, app.info). Raises NotProved."""
    if not access_token or not member_id:
        raise NotProved(WRONG)
    try:
        info = oauth.app_info(access_token)
    except (TryLater, AnswerLost) as error:
        raise NotProved(OAUTH_SILENT, passing=True) from error
    except RestError as error:
        raise NotProved(WRONG) from error
    if info.client_id != oauth.app.client_id or info.install.member_id != member_id:
        raise NotProved(WRONG)
    return Proved(member_id, info.install.client_endpoint.rstrip("/") + "/", info.user_id)


def check_administrator(transport: Transport, proved: Proved, access_token: str) -> None:
    """Raises NotProved unless the token's user is an administrator.

    `profile` needs no permission of the app, `user.admin` needs `user`; where the portal has neither the registration's
    own refusals tell. A portal that is in trouble has told nothing: nobody is taken for an administrator meanwhile.
    """
    profile = _ask(transport, proved, access_token, "profile")
    if isinstance(profile, dict) and "ADMIN" in profile:
        if not _yes(profile["ADMIN"]):
            raise NotProved(NOT_ADMIN)
        return
    administrator = _ask(transport, proved, access_token, "user.admin")
    if administrator is not None and not _yes(administrator):
        raise NotProved(NOT_ADMIN)


def _ask(transport: Transport, proved: Proved, access_token: str, method: str) -> Any:
    """The result, None where the portal refuses the method."""
    try:
        with transport.connect() as connection:
            reply = connection.post(method, proved.endpoint + method, {"auth": access_token})
    except PortalUnavailable as error:
        raise NotProved(WRONG) from error
    except RestError as error:
        raise NotProved(PORTAL_SILENT, passing=True) from error
    refused = error_in(method, reply.status, reply.data)
    if isinstance(refused, StaleToken):
        raise NotProved(WRONG) from refused
    if isinstance(refused, TryLater | AnswerLost) or 300 <= reply.status < 400:
        raise NotProved(PORTAL_SILENT, passing=True) from refused
    return None if refused else reply.data.get("result")


def _yes(value: object) -> bool:
    return value is True or str(value).lower() in ("1", "y", "true")
