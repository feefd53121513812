"""Which of the two languages a request wants."""

from __future__ import annotations

from starlette.requests import Request


def language_of(request: Request) -> str:
    """Return ``zh`` or ``en``: the ``lang`` parameter, else ``Accept-Language``, else ``zh``.

    Quality values are honoured; a language that we do not have is passed over.
    """
    asked = request.query_params.get("lang")
    if asked in ("zh", "en"):
        return asked
    best, best_quality = "zh", 0.0
    for part in request.headers.get("accept-language", "").split(","):
        name, _, quality_text = part.strip().partition(";q=")
        lang = name[:2].lower()
        try:
            quality = float(quality_text) if quality_text else 1.0
        except ValueError:
            continue
        if lang in ("zh", "en") and quality > best_quality:
            best, best_quality = lang, quality
    return best
