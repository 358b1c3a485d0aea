"""The browser's side of a portal: the BX24 script, the page around an app's iframe, and what the script asks for."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox import install as installing
from sandbox.errors import ControlError
from sandbox.json_answer import json_answer
from sandbox.portal import FrameSession, Installation, Portal
from sandbox.world import World

_SCRIPT = (Path(__file__).parent / "bx24.js").read_bytes()
_ACCEPTED = ("resize", "title", "open-path", "open-application", "close-application")

# The page listens for its iframe, asks the portal in its name, and shows the app anew once it is installed.
_FRAME = """<!DOCTYPE html>
<html lang="ru"><head><meta charset="utf-8"><title>Bitrix24</title>
<style>body{{margin:0;font-family:sans-serif}} iframe{{width:100%;height:90vh;border:0}}</style></head>
<body><form id="post" method="post" target="app" action="{url}">{fields}</form>
<iframe name="app" id="app" title="Приложение"></iframe>
<script>
document.getElementById("post").submit();
window.addEventListener("message", async (event) => {{
  const asked = event.data;
  const frame = document.getElementById("app");
  if (event.source !== frame.contentWindow || !asked || !asked.bx24) return;
  const answer = await fetch("/bx24/" + asked.bx24, {{
    method: "POST", body: JSON.stringify({{ sid: asked.sid, params: asked.params }}),
  }});
  const result = await answer.json();
  event.source.postMessage({{ answer: asked.id, result: result }}, event.origin);
  if (asked.bx24 === "install-finish" && answer.ok) window.location.reload();
  if (asked.bx24 === "resize" && asked.params.height) frame.style.height = asked.params.height + "px";
}});
</script></body></html>
"""


def script() -> Response:
    """What `/api/v1/` serves."""
    return Response(_SCRIPT, content_type="application/javascript; charset=utf-8")


def answer_browser(world: World, portal: Portal, request: Request) -> Response | None:
    """Addresses under `/bx24/` of a portal, and the permission browsers ask for before they call REST."""
    if request.method == "OPTIONS":
        return allow_origin(Response(status=204))
    if not request.path.startswith("/bx24/"):
        return None
    name = request.path.removeprefix("/bx24/")
    try:
        if name == "frame":
            return _frame(world, portal, request)
        return allow_origin(json_answer(_told(world, portal, name, json.loads(request.get_data() or b"{}"))))
    except ControlError as error:
        return allow_origin(json_answer({"error": str(error)}, error.status))


def allow_origin(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
    return response


def page_url(portal: Portal, installation: Installation, placement: str) -> str:
    """The app's address for a placement; an app whose installation is not finished shows its install page."""
    app = installation.app
    if not installation.finished:
        return app.install_url
    if placement == "DEFAULT":
        return app.app_page
    for one in portal.placements:
        if (one.client_id, one.placement) == (app.client_id, placement):
            return one.handler
    raise ControlError(f"The app has nothing at {placement}; bind it with placement.bind", 404)


def placement_options(portal: Portal, placement: str, item_id: int) -> dict[str, Any]:
    """PLACEMENT_OPTIONS of a card; one that is not saved yet has no number."""
    if item_id:
        kind = placement.removeprefix("CRM_").partition("_DETAIL")[0].lower()
        dynamic = kind.removeprefix("dynamic_")
        section = f"type/{dynamic}" if dynamic.isdigit() else kind
        return {"ID": str(item_id), "URI": f"/crm/{section}/details/{item_id}/"}
    return {"ID": "0"} if portal.switch("new_card_id") == "0" else {}


def _frame(world: World, portal: Portal, request: Request) -> Response:
    """`/bx24/frame?client_id=...&placement=...&id=...&user_id=...`: the app as a user of the portal sees it."""
    asked = request.args
    installation = world.installation(portal, asked.get("client_id", ""))
    placement = asked.get("placement", "DEFAULT")
    url = page_url(portal, installation, placement)
    options = None if placement == "DEFAULT" else placement_options(portal, placement, asked.get("id", 0, type=int))
    user_id = asked.get("user_id", 1, type=int)
    post = installing.open_frame(world, portal, installation, user_id, url, placement, options)
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in post.fields.items()
    )
    return Response(_FRAME.format(url=html.escape(post.url), fields=fields), content_type="text/html; charset=utf-8")


def _told(world: World, portal: Portal, name: str, asked: dict[str, Any]) -> Any:
    frame = portal.frames.get(str(asked.get("sid", "")))
    if frame is None:
        raise ControlError("No such frame is open", 403)
    installation = world.installation(portal, frame.client_id)
    params = dict(asked.get("params") or {})
    match name:
        case "info":
            return _info(world, portal, frame)
        case "install-finish":
            if not portal.users[frame.user_id].admin:
                raise ControlError("Only an admin finishes an installation", 403)
            installing.finish(world, portal, installation)
            return {"finished": True}
        case "placement":
            frame.commands.append({"command": params.get("command"), "params": params.get("params")})
            return {"done": True}
    if name not in _ACCEPTED:
        raise ControlError(f"The sandbox's BX24 does not know {name}", 404)
    frame.commands.append({"command": name, "params": params})
    return {"done": True}


def _info(world: World, portal: Portal, frame: FrameSession) -> dict[str, Any]:
    pair = world.tokens.issue(frame.client_id, portal.member_id, frame.user_id, world.clock.now())
    return {
        "admin": portal.users[frame.user_id].admin,
        "placement": frame.placement,
        "options": frame.options,
        "auth": {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_in": 3600,
            "domain": portal.host,
            "member_id": portal.member_id,
        },
    }
