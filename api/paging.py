"""Pages of a long list."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request


def page(
    request: Request,
    items: list[dict[str, Any]],
    *,
    total: int,
    limit: int,
    offset: int,
    data_revision: int,
) -> dict[str, Any]:
    """Return one page: ``items``, ``total``, ``next`` (address of the next page or null)."""
    more = offset + limit < total
    following = request.url.include_query_params(limit=limit, offset=offset + limit)
    return {
        "items": items,
        "total": total,
        "next": f"{following.path}?{following.query}" if more else None,
        "data_revision": data_revision,
    }
