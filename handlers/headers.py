"""Security headers of every answer; a page for the portal's iframe may be framed by exactly that portal.

Sources: OWASP "HTTP Headers" cheat sheet, MDN "Content-Security-Policy".
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response

CSP = "Content-Security-Policy"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")
ONE_YEAR = 365 * 24 * 3600
ONE_HOUR = 3600


def origin_of(address: str) -> str:
    """Scheme, host and port of a stored address. Raises ValueError for what could end a header's directive."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"{address!r} has no origin that a header may name")
    return origin


def content_policy(*, framed_by: str = "'none'", scripts: Sequence[str] = (), forms_lead_to: Sequence[str] = ()) -> str:
    """`forms_lead_to`: where the page's forms may end besides here; browsers hold redirects to the policy."""
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *scripts)),
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            " ".join(("form-action 'self'", *forms_lead_to)),
            "base-uri 'none'",
            "object-src 'none'",
            f"frame-ancestors {framed_by}",
        )
    )


def frame(response: Response, portal_address: str, script_addresses: Sequence[str] = ()) -> Response:
    """Let one portal show this page in its iframe, with the scripts the page needs from elsewhere."""
    response.headers[CSP] = content_policy(
        framed_by=origin_of(portal_address), scripts=[origin_of(address) for address in script_addresses]
    )
    return response


def frame_anywhere(response: Response) -> Response:
    """For a page of mere words to somebody whose portal is not proved: there is nothing on it to be lured into."""
    response.headers[CSP] = content_policy(framed_by="*")
    return response


def attach_headers(app: Flask, *, https: bool) -> None:
    """What an answer sets itself stays as it is."""
    fixed = {
        CSP: content_policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cache-Control": "no-store",
    }
    if https:
        fixed["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"

    lines = [(name, name.lower(), value) for name, value in fixed.items()]

    @app.after_request
    def _attach(response: Response) -> Response:
        given = {name.lower() for name, _ in response.headers}
        for name, lower, value in lines:
            if lower not in given:
                response.headers.add(name, value)
        return response
