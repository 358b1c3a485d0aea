"""`POST /bitrix24/activities`: every robot and activity; 200 only when the call's row is committed."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app
from pydantic import ValidationError

from handlers.guards import NotProven
from handlers.inbox import Inbox
from handlers.php_form import FormRefused
from handlers.posted import posted_form
from schemas.robot_call import RobotCall

blueprint = Blueprint("activities", __name__)


@blueprint.post("/bitrix24/activities")
def activities() -> Response:
    """Unknown codes are taken too: the worker answers their workflows, which would hang otherwise."""
    inbox: Inbox = current_app.extensions["inbox"]
    outcome = inbox.accept(read_call(posted_form()))
    return Response(f"{outcome.value}\n", mimetype="text/plain")


def read_call(form: Mapping[str, Any]) -> RobotCall:
    """Raises NotProven where the proof has no shape of one, FormRefused for anything else; neither quotes the form."""
    try:
        return RobotCall.model_validate(form)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    if any(problem["loc"][0] == "auth" and problem["loc"][-1] != "user_id" for problem in problems):
        raise NotProven
    raise FormRefused(f"{problems[0]['loc'][0]}: {problems[0]['msg']}")
