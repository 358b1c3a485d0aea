"""Every error a portal can answer with has the type that says what to do next."""

from typing import Any

import pytest

from bitrix24.errors import (
    AccessDenied,
    AnswerLost,
    Locked,
    NotFound,
    PortalUnavailable,
    Refused,
    RestError,
    StaleToken,
    TryLater,
    error_in,
)


def body(code: object, description: str = "") -> dict[str, Any]:
    return {"error": code, "error_description": description}


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (503, body("QUERY_LIMIT_EXCEEDED", "Too many requests"), TryLater),
        (429, body("OPERATION_TIME_LIMIT"), TryLater),
        (503, body("SOMETHING_NEW"), TryLater),
        (401, body("expired_token"), StaleToken),
        (401, body("INVALID_TOKEN"), StaleToken),
        (401, body("NO_AUTH_FOUND"), StaleToken),
        (400, body("NOT_FOUND", "Element not found"), NotFound),
        (400, body("404", "Бизнес-процесс не найден"), NotFound),
        (400, body(404, "Business process instance not found"), NotFound),
        (400, body("", "Бизнес-процесс не найден. Возможно, он был завершён."), NotFound),
        (400, body("423", "Instance is locked"), Locked),
        (400, body(423, ""), Locked),
        (400, body("", "Instance is locked"), Locked),
        (403, body("ACCESS_DENIED", "Access denied!"), AccessDenied),
        (400, body("ACCESS_DENIED"), AccessDenied),
        (403, body("allowed_only_intranet_user"), AccessDenied),
        (404, body("ERROR_METHOD_NOT_FOUND", "Method not found!"), Refused),
        (400, body("100", "Could not find value for parameter {id}"), Refused),
        (400, body("", "Wrong DOCUMENT_ID!"), Refused),
        (200, body("VALIDATION_REQUIRED", "title"), Refused),
        (400, {"error": {"code": "BITRIX_REST_V3_ERROR", "message": "no such field"}}, Refused),
        (400, {}, Refused),
        (500, body("INTERNAL_SERVER_ERROR"), AnswerLost),
        (502, {}, AnswerLost),
        (0, body("INTERNAL_SERVER_ERROR"), AnswerLost),
        (401, body("PAYMENT_REQUIRED"), PortalUnavailable),
        (403, body("insufficient_scope"), PortalUnavailable),
        (401, body("insufficient_scope"), PortalUnavailable),
        (403, body("user_access_error"), PortalUnavailable),
        (410, body("PORTAL_DELETED"), PortalUnavailable),
        (500, body("PORTAL_DELETED"), PortalUnavailable),
        (503, body("OVERLOAD_LIMIT"), PortalUnavailable),
        (403, body("ACCESS_DENIED", "REST API is available only on commercial plans"), PortalUnavailable),
    ],
)
def test_an_error_has_its_type(status: int, answer: dict[str, Any], kind: type[RestError]) -> None:
    error = error_in("crm.item.get", status, answer)
    assert type(error) is kind


@pytest.mark.parametrize(
    "answer", [{"result": False}, {"result": None}, {"result": [], "error": ""}, {"result": True, "error": None}]
)
def test_a_result_is_no_error_however_empty(answer: dict[str, Any]) -> None:
    assert error_in("crm.item.get", 200, answer) is None


def test_a_batch_refused_for_rights_means_the_portal_and_not_one_method() -> None:
    error = error_in("batch", 403, body("ACCESS_DENIED", "Доступ к REST закрыт"), whole_batch=True)
    assert isinstance(error, PortalUnavailable)
    assert error.trouble == "suspended"


def test_a_missing_scope_shuts_out_the_method_and_not_the_portal() -> None:
    error = error_in("im.notify.system.add", 403, body("insufficient_scope"))
    assert isinstance(error, PortalUnavailable)
    assert error.trouble == ""


def test_an_error_is_one_plain_line_with_its_method_and_code() -> None:
    error = Refused("crm.item.add", "Field\n  TITLE is empty", "100", 400)
    assert str(error) == "crm.item.add: Field TITLE is empty (100, HTTP 400)"


def test_a_page_of_text_does_not_become_a_page_of_error() -> None:
    assert len(str(Refused("crm.item.add", "x" * 100_000))) < 600


def test_each_command_of_a_lost_batch_has_an_error_of_its_own() -> None:
    whole = AnswerLost("batch", "cut", "", 200)
    own = whole.about("crm.item.add")
    assert own is not whole
    assert type(own) is AnswerLost
    assert (own.method, whole.method) == ("crm.item.add", "batch")
