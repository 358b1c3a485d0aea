"""Doors: everything that speaks HTTP to us, each with its guard, and the operators' commands."""

import importlib
import pkgutil
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Flask
from flask.cli import AppGroup

from handlers import activities, app_page, commands, events, health, install, metrics, pay, webhooks
from handlers.errors import attach_error_handlers
from handlers.headers import attach_headers
from handlers.inbox import Inbox
from handlers.posted import READ_AT_MOST
from services import Services


class Guard(Enum):
    """What lets a request in."""

    APPLICATION_TOKEN = "the stored application_token of the portal, compared in constant time"
    OAUTH_PROOF = "the access token in the request, shown to the OAuth host: our application, this portal"
    SIGNATURE = "an unguessable address that names one terminal, and the acquirer's signature over the bytes"
    LINK = "a link that we have signed: whoever holds it may see and pay this one thing"
    OPEN = "nothing: what is behind it says nothing about anybody"


class Door(NamedTuple):
    blueprint: Blueprint
    guard: Guard


DOORS = (
    Door(activities.blueprint, Guard.APPLICATION_TOKEN),
    Door(install.blueprint, Guard.OAUTH_PROOF),
    Door(app_page.blueprint, Guard.OAUTH_PROOF),
    Door(events.blueprint, Guard.APPLICATION_TOKEN),
    Door(webhooks.blueprint, Guard.SIGNATURE),
    Door(pay.blueprint, Guard.LINK),
    Door(health.blueprint, Guard.OPEN),
    Door(metrics.blueprint, Guard.OPEN),
)


def create_app(services: Services) -> Flask:
    """The web application over these services. Nothing is opened before the first request."""
    settings = services.settings
    public = urlsplit(settings.public_url)
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=READ_AT_MOST,
        # Links are made from PUBLIC_URL, never from what a request says of itself; nothing rests on X-Forwarded-*.
        TRUSTED_HOSTS=[public.hostname or "", "127.0.0.1", "localhost"],
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    app.url_map.merge_slashes = False  # an address that is not ours is refused, not corrected
    app.extensions["services"] = services
    app.extensions["inbox"] = Inbox(services.database, settings.bitrix24_client_id, services.now)
    attach_headers(app, https=public.scheme == "https")
    attach_error_handlers(app, services.now)
    for door in DOORS:
        app.register_blueprint(door.blueprint)
    for group in command_groups():
        app.cli.add_command(group)
    return app


def command_groups() -> list[AppGroup]:
    """One of each module of `handlers/commands`."""
    names = [module.name for module in pkgutil.iter_modules(commands.__path__) if not module.name.startswith("_")]
    return [importlib.import_module(f"{commands.__name__}.{name}").group for name in names]
