"""Settings: what the environment says, checked once at the start; a missing or weak secret stops it in one sentence."""

import base64
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

OFFICIAL_OAUTH_URL = "https://oauth.bitrix.info"
OFFICIAL_SCRIPT = "https://api.bitrix24.com/api/v1/"
WEAK_SECRETS = frozenset({"secret", "changeme", "change-me", "password", "dev", "development", "test"})


class SettingsRefused(Exception):
    """The service cannot start with these settings; the text is one sentence an operator can act on."""


def on_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """Names are those of the environment in lower case; values are as typed there."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    public_url: str
    secret_key: str = Field(repr=False)
    encryption_keys: Annotated[tuple[str, ...], NoDecode] = Field(repr=False)
    bitrix24_client_id: str
    bitrix24_client_secret: str = Field(repr=False)
    bitrix24_oauth_url: str = OFFICIAL_OAUTH_URL
    database_url: str = Field(default="sqlite:///var/payments.db", repr=False)
    port: int = 8080
    smtp_url: str = Field(default="", repr=False)
    mail_from: str = ""
    worker_name: str = "worker-1"
    log_level: str = "INFO"
    clock_url: str = ""
    extra_root_certificates: Path | None = None
    gateway_urls: Mapping[str, str] = {}

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        return tuple(key.strip() for key in value.split(",") if key.strip()) if isinstance(value, str) else value

    @field_validator("extra_root_certificates", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    @field_validator("public_url", "bitrix24_oauth_url", "clock_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fit_to_run(self) -> "Settings":
        if not self.bitrix24_client_id or not self.bitrix24_client_secret:
            raise ValueError("BITRIX24_CLIENT_ID and BITRIX24_CLIENT_SECRET are empty: take both from the app's card")
        if len(self.secret_key) < 32 or self.secret_key.lower() in WEAK_SECRETS or len(set(self.secret_key)) < 8:
            raise ValueError("SECRET_KEY is too weak: give at least 32 random characters")
        if not self.encryption_keys:
            raise ValueError("ENCRYPTION_KEYS is empty: give at least one Fernet key")
        for number, key in enumerate(self.encryption_keys, start=1):
            if not _is_fernet_key(key):
                raise ValueError(f"ENCRYPTION_KEYS: key {number} is not a Fernet key (32 bytes in URL-safe base64)")
        for name, url in (("BITRIX24_OAUTH_URL", self.bitrix24_oauth_url), ("PUBLIC_URL", self.public_url)):
            if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
                raise ValueError(f"{name} is not an http(s) address: {url or 'empty'}")
        if not self.local and urlsplit(self.bitrix24_oauth_url).scheme != "https":
            raise ValueError("BITRIX24_OAUTH_URL must be https unless it is on the loopback")
        if not self.local and urlsplit(self.public_url).scheme != "https":
            raise ValueError("PUBLIC_URL must be https: Bitrix24 and acquirers call it over the internet")
        if self.extra_root_certificates and not self.extra_root_certificates.is_file():
            raise ValueError(f"EXTRA_ROOT_CERTIFICATES: there is no file {self.extra_root_certificates}")
        if self.clock_url and urlsplit(self.clock_url).scheme not in ("http", "https"):
            raise ValueError(f"CLOCK_URL is not an http(s) address: {self.clock_url}")
        if self.clock_url and not self.local:
            raise ValueError("CLOCK_URL is accepted only while BITRIX24_OAUTH_URL is on the loopback")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that may appear in no log."""
        passwords = (urlsplit(url).password or "" for url in (self.database_url, self.smtp_url))
        return (self.secret_key, self.bitrix24_client_secret, *self.encryption_keys, *passwords)

    @property
    def local(self) -> bool:
        """Everything outside is on this machine: only then plain http and a borrowed clock are accepted."""
        return on_loopback(self.bitrix24_oauth_url)


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment (and `.env` beside it). Raises SettingsRefused."""
    urls = {
        name.removesuffix("_API_URL").lower(): url.rstrip("/") + "/"
        for name, url in environ.items()
        if name.endswith("_API_URL") and url
    }
    try:
        return Settings(gateway_urls=urls)  # pydantic-settings takes the rest from the environment
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        if first["type"] == "missing":
            raise SettingsRefused(f"{name} is not set: see .env.example for what it is") from None
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsRefused(f"{name}: {message}" if name else message) from None
