"""The web process, and the application that `flask --app wsgi` commands run in."""

from handlers import create_app
from logs import configure_logs
from services import build
from settings import SettingsRefused, load_settings

try:
    settings = load_settings()
except SettingsRefused as refusal:
    raise SystemExit(f"The service does not start: {refusal}") from None

configure_logs(settings.log_level, settings.secrets)
app = create_app(build(settings, reserve=0))
