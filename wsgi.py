"""The web process: `app` for gunicorn and for `flask --app wsgi`; refused settings end it with one sentence."""

import sys

import services
from handlers import create_app
from settings import SettingsRefused, load_settings

try:
    app = create_app(services.build(load_settings(), reserve=0))
except SettingsRefused as refusal:
    sys.exit(f"settings: {refusal}")
