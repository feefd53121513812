"""Pages from templates; autoescape is always on."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from coordination.wording import text


def render(template: str, lang: str, **values: Any) -> str:
    """Return the page of ``template`` in ``lang``; every value is escaped."""
    environment = Environment(
        loader=PackageLoader("api.pages", "."), autoescape=True, undefined=StrictUndefined
    )

    def word(key: str, **params: Any) -> str:
        return text(f"pages.{key}", lang, **params)

    return environment.get_template(template).render(lang=lang, word=word, **values)
