"""The OAuth host: a new pair for a used refresh token, and what it says about an installation (`app.info`).

Source: Bitrix24 documentation, pages "OAuth 2.0", "Automatic renewal" and "Error codes".
"""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bitrix24.errors import AnswerLost, PortalUnavailable, RestError, TryLater, error_in, unavailable
from bitrix24.transport import Reply, Transport

RENEWAL = "oauth/token"
APP_INFO = "app.info"


@dataclass(frozen=True, slots=True)
class App:
    """Our application as registered with Bitrix24, and the OAuth host that knows it."""

    client_id: str
    client_secret: str = field(repr=False)
    oauth_url: str  # without a slash at the end


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class Renewed(_Answer):
    """A new pair; `expires_in` in seconds."""

    access_token: str = Field(min_length=1, repr=False)
    refresh_token: str = Field(min_length=1, repr=False)
    expires_in: int = Field(default=3600, gt=0)


class Installation(_Answer):
    """The portal that the asked token belongs to; the only source of its address."""

    member_id: str = Field(min_length=1)
    client_endpoint: str = Field(min_length=1)
    status: str = ""


class AppInfo(_Answer):
    """Whose token it is: of which application, in which portal, of which user."""

    client_id: str
    user_id: int = 0
    scope: str = ""
    install: Installation


class OAuthHost:
    """Requests to the OAuth host; secrets travel there and nowhere else."""

    def __init__(self, app: App, transport: Transport) -> None:
        self.app = app
        self._transport = transport

    def renew(self, refresh_token: str) -> Renewed:
        """Spend a refresh token. Raises TryLater; PortalUnavailable, in trouble `needs_reauthorisation` where the
        token is not accepted, without a trouble where our own credentials are not.
        """
        query = {
            "grant_type": "refresh_token",
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "refresh_token": refresh_token,
        }
        reply = self._get(RENEWAL, "/oauth/token/", query)
        if refusal := _refused_renewal(reply):
            raise refusal
        try:
            return Renewed.model_validate(reply.data)
        except ValidationError:
            raise TryLater(RENEWAL, "the OAuth host's answer holds no pair of tokens", status=reply.status) from None

    def app_info(self, access_token: str) -> AppInfo:
        """Raises TryLater; StaleToken where the token is not known or too old; other RestErrors as the host says."""
        reply = self._get(APP_INFO, "/rest/app.info", {"auth": access_token})
        if error := error_in(APP_INFO, reply.status, reply.data):
            raise error
        try:
            return AppInfo.model_validate(reply.data.get("result"))
        except ValidationError:
            raise TryLater(APP_INFO, "the OAuth host's answer names no installation", status=reply.status) from None

    def _get(self, method: str, path: str, query: dict[str, Any]) -> Reply:
        """No question to the OAuth host creates anything for its caller, so a lost answer is a reason to try later."""
        try:
            with self._transport.connect() as connection:
                reply = connection.get(method, self.app.oauth_url + path, query)
        except AnswerLost as error:
            raise TryLater(method, error.description, status=error.status) from None
        if 300 <= reply.status < 400:
            raise TryLater(method, "the OAuth host answered with a redirect", status=reply.status)
        return reply


def _refused_renewal(reply: Reply) -> RestError | None:
    """The errors come in any letter case, `wrong_client` with HTTP 200."""
    code = str(reply.data.get("error", "")).upper()
    words = str(reply.data.get("error_description", ""))
    if code == "INVALID_GRANT":
        meaning = "the refresh token is not accepted: an administrator has to open the app in the portal"
        return unavailable(RENEWAL, meaning, "needs_reauthorisation", code, reply.status)
    if code in ("WRONG_CLIENT", "INVALID_CLIENT"):
        meaning = "our client id or secret is refused: check BITRIX24_CLIENT_ID and BITRIX24_CLIENT_SECRET"
        return unavailable(RENEWAL, f"{meaning} ({words})", "", code, reply.status)
    error = error_in(RENEWAL, reply.status, reply.data)
    if error is None or isinstance(error, PortalUnavailable | TryLater):
        return error
    if isinstance(error, AnswerLost):
        return TryLater(RENEWAL, error.description, error.code, error.status)
    return unavailable(RENEWAL, f"the OAuth host refuses: {error.description or error.code}", "", code, reply.status)
