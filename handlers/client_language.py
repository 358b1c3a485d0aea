"""Russian or English: in what a client without sign-in is spoken to."""

from flask import request

KNOWN = ("ru", "en")


def client_language() -> str:
    """Whichever their browser puts first; `en-GB` is English. Russian where it names neither."""
    asked = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((language for language in asked if language in KNOWN), "ru")
