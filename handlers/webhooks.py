"""`/webhooks/<gateway>/<terminal key>`: notices of acquirers, over the bytes as they came; GET is legacy Sber's."""

from flask import Blueprint, Response, abort, current_app, request

from billing.notices import Notices, UnknownTerminal
from gateways import Incoming, InvalidSignature
from handlers.posted import posted_body

blueprint = Blueprint("webhooks", __name__)


@blueprint.route("/webhooks/<gateway>/<key>", methods=["GET", "POST"])
def webhook(gateway: str, key: str) -> Response:
    """200 with the acquirer's own word; 404 for an address that names no terminal, 403 for a wrong signature."""
    services = current_app.extensions["services"]
    notices = Notices(services.database, services.vault, services.gateways, services.charging)
    try:
        notice = notices.take(
            gateway, key, Incoming(request.headers, posted_body(), request.query_string, request.method)
        )
    except UnknownTerminal:
        abort(404, "no terminal has this address")
    except InvalidSignature as refused:
        abort(403, f"{gateway}: {refused}")
    return Response(notice.reply, mimetype=notice.reply_type)
