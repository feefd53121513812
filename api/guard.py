"""What stands before the service: the loopback guard and the limit on bodies."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.language import language_of
from api.problems import problem
from coordination.wording import text

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(host: str) -> bool:
    """Tell whether a host name, without port, is this machine's loopback.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, False, False)
    """
    return host.strip("[]").lower() in LOOPBACK_HOSTS


def _host_of(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


class LoopbackGuard:
    """Refuse requests whose Host or Origin is not the loopback address.

    A service without accounts is open to every page in the user's browser: a foreign page could post
    to it (Origin) or rebind its own name to 127.0.0.1 (Host). Both headers are checked.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with a problem document."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        good = is_loopback(_host_of(headers.get("host", "")))
        if origin is not None:
            good = good and urlsplit(origin).netloc == headers.get("host", "")
        if headers.get("sec-fetch-site") == "cross-site":
            good = False
        if good:
            await self.app(scope, receive, send)
            return
        lang = language_of(Request(scope))
        answer = problem(403, "foreign_host", text("http.foreign_host", lang), lang=lang)
        await answer(scope, receive, send)


class BodyLimit:
    """Refuse bodies above ``limit_bytes``, told or counted."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with a problem document."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdigit() and int(told) > self.limit_bytes:
            await self._refuse(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit_bytes:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        lang = language_of(Request(scope))
        detail = text("http.too_large", lang, limit_mb=self.limit_bytes // 1_000_000)
        await problem(413, "too_large", detail, lang=lang)(scope, receive, send)
