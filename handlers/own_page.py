"""Whether a form was sent from a page of ours, as far as its browser says.

Sources: Fetch standard, "Origin header"; W3C "Fetch Metadata Request Headers".
"""

from urllib.parse import urlsplit

from flask import request

FOREIGN = ("cross-site", "same-site")
PORTS = {"https": 443, "http": 80}
HIDDEN = "null"


def is_from_elsewhere(public_url: str) -> bool:
    """A browser too old to say anything is believed.

    `Origin: null` tells nothing: our pages themselves send it, because their Referrer-Policy is no-referrer.
    """
    if request.headers.get("Sec-Fetch-Site") in FOREIGN:
        return True
    origin = request.headers.get("Origin", HIDDEN)
    return origin != HIDDEN and _place(origin) not in (_place(public_url), _place(request.host_url))


def _place(address: str) -> tuple[str, str, int | None] | None:
    """None for what is no address, which is no place of ours."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
