"""One table from errors to RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.language import language_of
from coordination.decisions import ConflictError
from coordination.faults import DigonceError, InputRefusedError, StoreError, UsageError
from coordination.wording import text

MEDIA_TYPE = "application/problem+json"


class NotFoundError(DigonceError):
    """Something that the store does not have."""


_HTTP_CODES = {
    400: "bad_request", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    413: "too_large", 415: "unsupported_format", 422: "invalid_request",
}  # fmt: skip
_CONFLICTS = (
    "review.error.transition", "review.error.cleared", "stages.error.blocked", "scenarios.taken",
    "scenarios.accepted", "scenarios.accept.stale", "scenarios.accept.stale_tables", "scenarios.accept.in_bundle",
    "scenarios.accept.nothing", "scenarios.answered", "scenarios.project_changed",
)  # fmt: skip
_MISSING = ("scenarios.unknown", "scenarios.no_proposal", "scenarios.accept.no_bundle")
_STORE_STATUS = {"store.locked": 503, "store.moved": 409, "store.stage_moved": 409}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    lang: str,
    errors: Sequence[Mapping[str, object]] | None = None,
) -> JSONResponse:
    """Return a problem document.

    Parameters
    ----------
    status
        HTTP status.
    code
        What happened, for machines; stays the same in both languages.
    detail
        What happened and what to do, for people.
    lang
        Language of ``detail``.
    errors
        One entry per row or field, for input.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": text(f"http.status.{status}", lang),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors is not None:
        body["errors"] = errors
    return JSONResponse(
        body, status_code=status, media_type=MEDIA_TYPE, headers={"Content-Language": lang}
    )


def _digonce_error(request: Request, error: Exception) -> JSONResponse:
    lang = language_of(request)
    if isinstance(error, InputRefusedError):
        errors = [fault.document(lang) for fault in error.faults]
        return problem(422, "input_refused", error.text(lang), lang=lang, errors=errors)
    if isinstance(error, StoreError):
        status = _STORE_STATUS.get(error.key, 503)
        return problem(status, error.key.replace(".", "_"), error.text(lang), lang=lang)
    assert isinstance(error, DigonceError)
    status = 422
    if isinstance(error, NotFoundError) or error.key in _MISSING:
        status = 404
    elif isinstance(error, ConflictError):
        status = 412 if error.precondition else 409
    elif error.key in _CONFLICTS:
        status = 409
    elif error.key == "scenarios.busy":
        status = 503
    elif isinstance(error, UsageError):
        status = 400
    return problem(status, error.key.replace(".", "_"), error.text(lang), lang=lang)


def _validation_error(request: Request, error: Exception) -> JSONResponse:
    lang = language_of(request)
    assert isinstance(error, RequestValidationError)
    errors = [
        {
            "code": entry["type"],
            "field": "/".join(str(part) for part in entry["loc"]),
            "detail": entry["msg"],
        }
        for entry in error.errors()
    ]
    return problem(
        422, "invalid_request", text("http.invalid_request", lang), lang=lang, errors=errors
    )


def _http_error(request: Request, error: Exception) -> JSONResponse:
    lang = language_of(request)
    assert isinstance(error, HTTPException)
    status = error.status_code if error.status_code in _HTTP_CODES else 400
    answer = problem(status, _HTTP_CODES[status], text(f"http.status.{status}", lang), lang=lang)
    answer.headers.update(error.headers or {})  # such as Allow
    return answer


def _our_mistake(request: Request, error: Exception) -> JSONResponse:
    """Answer without details: they are for the log, to which the server writes them."""
    del error
    lang = language_of(request)
    return problem(500, "internal_error", text("http.internal_error", lang), lang=lang)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.add_exception_handler(DigonceError, _digonce_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _our_mistake)
