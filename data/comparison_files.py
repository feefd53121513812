"""The comparison of two editions of a list as a file for people: CSV, or one HTML page."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pandas as pd

from coordination.editions import STATUSES, Edition
from coordination.wording import table as wordings
from coordination.wording import text
from data.write_layers import write_csv, write_whole

_SHOWN = (
    "code", "status", "earlier_code", "name", "owner_unit", "road", "start_moved_days",
    "finish_moved_days", "place_moved_m", "place_shared",
)  # fmt: skip
_FREE_TEXT = ("code", "earlier_code", "name", "owner_unit", "road", "text")


def write_comparison(path: Path, edition: Edition, *, lang: str) -> Path:
    """Write a comparison.

    Parameters
    ----------
    path
        Ends in ``.html`` or ``.htm`` for a page; anything else is CSV, whose columns are those of
        `coordination.editions.COLUMNS` and ``text``.
    edition
        As compared.
    lang
        Language of the sentences.
    """
    told = edition.table.assign(text=edition.sentences(lang))
    if path.suffix.lower() not in (".html", ".htm"):
        rounded = told.round({"place_moved_m": 2, "place_shared": 4})
        return write_csv(path, rounded, free_text=_FREE_TEXT)
    return write_whole(path, _page(edition, told, lang))


def _page(edition: Edition, told: pd.DataFrame, lang: str) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("data", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    labels = wordings("editions.label", lang)
    columns = wordings("editions.column", lang)
    order = told["status"].map({status: at for at, status in enumerate(STATUSES)})
    shown = told.iloc[order.argsort(kind="stable")]
    cells = {name: shown[name].tolist() for name in (*_SHOWN, "text")}
    cells["status"] = [labels[status] for status in cells["status"]]
    cells["start_moved_days"] = [_number(value, 1.0) for value in cells["start_moved_days"]]
    cells["finish_moved_days"] = [_number(value, 1.0) for value in cells["finish_moved_days"]]
    cells["place_moved_m"] = [_number(value, 1.0) for value in cells["place_moved_m"]]
    cells["place_shared"] = [_number(value, 100.0, " %") for value in cells["place_shared"]]
    rows = [
        [value if isinstance(value, str) else "" for value in row]
        for row in zip(*cells.values(), strict=True)
    ]
    return environment.get_template("comparison.html").render(
        lang={"zh": "zh-CN", "en": "en"}[lang],
        title=text("editions.page.title", lang),
        summary=edition.summary(lang),
        header=[columns[name] for name in (*_SHOWN, "text")],
        rows=rows,
        statuses=shown["status"].tolist(),
    )


def _number(value: float, factor: float, unit: str = "") -> str:
    """Return a number as people read it; what did not move is left blank."""
    return "" if pd.isna(value) or value == 0 else f"{value * factor:.0f}{unit}"
