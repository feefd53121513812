"""A mapping file drafted from a layer: what each column probably is, how sure that is, and why.

The draft is a mapping file as it stands: what is sure enough is written as an entry, what is not as a
comment, and every value that no code is known for as an entry to be filled in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from coordination.projects import FIELDS, Field
from coordination.wording import text
from data.cells import looks_like_roads, text_column
from data.column_mapping import ColumnMapping, match_columns
from data.date_text import infer_style
from data.field_values import read_fields
from data.headers import (
    EXTENT_FROM,
    PSEUDO_FIELDS,
    WINDOW,
    fold,
    names_of,
    take_apart,
    units_of,
    words,
)
from data.number_words import duration_of
from data.read_layers import Layer
from data.table_context import with_context

LEAST_CONFIDENCE = 0.6
"""What is less sure is drafted as a comment."""

_EXACT, _FUZZY = 0.95, 0.75
_LEAST_LIKENESS = 75.0
_LOOKED_AT = 2_000
_MOST_VALUES = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class ColumnGuess:
    """What a column probably is.

    Attributes
    ----------
    column
        Theirs.
    field
        Ours.
    confidence
        0 to 1: agreement of the header and of the content.
    reason
        In the language that was asked for.
    """

    column: str
    field: str
    confidence: float
    reason: str


def suggest_mapping(
    layer: Layer,
    *,
    time_zone: str = "Asia/Shanghai",
    lang: str = "zh",
    mapping: ColumnMapping | None = None,
) -> str:
    """Draft a mapping file for a layer.

    Parameters
    ----------
    layer
        As read.
    time_zone
        The store's.
    lang
        Of the comments.
    mapping
        What is known already; its columns are kept.

    Returns
    -------
    str
        TOML that `data.column_mapping.parse_mapping` reads.
    """
    table = pd.DataFrame(layer.table).drop(columns="geometry", errors="ignore")
    table = table.drop(columns=[name for name in layer.geometry_columns if name in table])
    table = table.rename(columns=str)
    sample = table.iloc[:_LOOKED_AT]
    guesses, rest = _guesses(sample, layer, mapping or ColumnMapping(), time_zone, lang)
    sure = [guess for guess in guesses if guess.confidence >= LEAST_CONFIDENCE]
    unsure = [guess for guess in guesses if guess.confidence < LEAST_CONFIDENCE]
    chosen = ColumnMapping(columns={guess.field: (guess.column,) for guess in sure})
    matched = match_columns(table.columns, FIELDS, chosen)
    context, matched, notes = with_context(layer.around, chosen, matched, table)

    lines = [f"# {text('suggest.title', lang, source=_plain(layer.source))}", ""]
    header = {fault.params["header_row"] for fault in layer.faults if fault.code == "header_found"}
    if len(header) == 1 and not layer.sheets:
        lines += [f"header_row = {header.pop()}", ""]
    lines += ["[columns]", f"# {text('suggest.columns', lang)}"]
    for guess in sure:
        lines.append(f"# {guess.confidence:.2f} {_plain(guess.reason)}")
        lines.append(f"{guess.field} = {_quoted(guess.column)}")
    for guess in unsure:
        said = text(
            "suggest.unsure", lang, column=guess.column, field=guess.field,
            confidence=f"{guess.confidence:.2f}", reason=guess.reason,
        )  # fmt: skip
        lines.append(f"# {_plain(said)}")
    for column in rest:
        looks = _looks_like(sample[column], column)
        words_of = text(f"suggest.{looks}", lang) if looks else ""
        said = text("suggest.unused", lang, column=column, looks=words_of)
        lines.append(f"# {_plain(said)}")
    units = {name: factor for name, factor in matched.units.items() if factor != 1.0}
    if units:
        lines += ["", "[units]", f"# {text('suggest.units', lang)}"]
        lines += [f"{name} = {factor!r}" for name, factor in units.items()]
    unclear = [_plain(note.text(lang)) for note in notes if note.code == "money_unit_missing"]
    if unclear:
        lines += [] if units else ["", "[units]"]
        lines += [f"# {unclear[0]}", "# cost_wan = 0.0001", "# cost_wan = 1"]
    lines += _values(table, sure, lang)
    lines += _dates(table, sure, context, lang)
    lines += _code_from(sure, lang)
    return "\n".join(lines) + "\n"


def _guesses(
    sample: pd.DataFrame, layer: Layer, known: ColumnMapping, time_zone: str, lang: str
) -> tuple[list[ColumnGuess], list[str]]:
    """Return a guess for every field that some column may be, and the columns that are none."""
    names = [str(name) for name in sample.columns]
    matched = match_columns(names, FIELDS, known, truncated=layer.format == "shapefile")
    fields = {item.name: item for item in (*FIELDS, *PSEUDO_FIELDS)}
    guesses = []
    for name, columns in matched.columns.items():
        if name == "extent_text" and EXTENT_FROM.name in matched.columns:
            continue  # its two columns stand for it
        column = columns[0]
        if name == "duration_days" and _are_periods(sample[column]):
            name = WINDOW.name  # noqa: PLW2901 - what its header says is not what it holds
        leaf = take_apart(column).group != ""
        why = text("suggest.below" if leaf else "suggest.exact", lang)
        guesses.append(_judged(sample, column, fields[name], _EXACT, why, layer, time_zone, lang))
    taken = set(matched.columns)
    options = {
        fold(called): item.name
        for item in FIELDS
        if item.name not in taken
        for called in names_of(item)
        if len(fold(called)) > 1
    }
    rest = []
    for column in matched.unused:
        best = process.extractOne(
            take_apart(column).base[:60], list(options), scorer=fuzz.ratio,
            score_cutoff=_LEAST_LIKENESS,
        )  # fmt: skip
        if best is None or options[best[0]] in taken or fold(column) in words("serial"):
            rest.append(column)
            continue
        field = options[best[0]]
        taken.add(field)
        why = text("suggest.fuzzy", lang, name=best[0])
        sure = _FUZZY * best[1] / 100
        guesses.append(_judged(sample, column, fields[field], sure, why, layer, time_zone, lang))
    if not {"road", "extent_text"} & taken:
        roads = [name for name in rest if looks_like_roads(sample[name])]
        if len(roads) == 1:
            rest.remove(roads[0])
            why = text("suggest.only_road", lang)
            guesses.append(ColumnGuess(roads[0], "extent_text", LEAST_CONFIDENCE, why))
    order = {name: place for place, name in enumerate(fields)}
    return sorted(guesses, key=lambda guess: order[guess.field]), rest


def _are_periods(column: pd.Series[Any]) -> bool:
    """Tell whether a column that is called a duration holds periods for the most part."""
    texts = text_column(column).dropna()
    return bool(len(texts)) and bool(texts.map(lambda text: duration_of(text) is None).mean() > 0.5)


def _judged(  # noqa: PLR0917 - all of it is said in one line
    sample: pd.DataFrame, column: str, item: Field, header: float, why: str, layer: Layer,
    time_zone: str, lang: str,
) -> ColumnGuess:  # fmt: skip
    """Return a guess whose confidence falls where the cells cannot be what the header says."""
    filled = sample[column].notna()
    if not filled.any():
        reason = f"{why}; {text('suggest.no_content', lang)}"
        return ColumnGuess(column, item.name, round(0.9 * header, 2), reason)
    share = _share_understood(sample.loc[filled, [column]], column, item, layer, time_zone)
    reason = f"{why}; {text('suggest.content', lang, share=round(100 * share))}"
    return ColumnGuess(column, item.name, round(header * (0.4 + 0.6 * share), 2), reason)


def _share_understood(
    cells: pd.DataFrame, column: str, item: Field, layer: Layer, time_zone: str
) -> float:
    """Return the share of the filled cells that the field can be read from."""
    if item.kind == "text":
        return 1.0
    if item in PSEUDO_FIELDS:
        return 1.0
    if item.kind == "code":
        return 1.0 if cells[column].map(str).nunique() <= _MOST_VALUES else 0.3
    alone = ColumnMapping(columns={item.name: (column,)})
    matched = replace(match_columns([column], [item], alone), units={})
    context, _, _ = with_context(layer.around, alone, matched)
    plain = cells.reset_index(drop=True)
    numbers = np.arange(len(plain), dtype=np.int64)
    read = read_fields(plain, matched, [item], context, numbers=numbers, time_zone=time_zone)
    refused = {fault.row for fault in read.faults if fault.level == "refused"}
    if any(fault.row is None and fault.level == "refused" for fault in read.faults):
        return 0.9  # day or month first: a matter of style, not of the column
    return 1.0 - len(refused) / len(plain)


def _looks_like(column: pd.Series[Any], name: str) -> str | None:
    texts = text_column(column.dropna().iloc[:200])
    if texts.empty:
        return None
    numbers = pd.to_numeric(texts, errors="coerce")
    if numbers.notna().mean() > 0.8:
        if ((numbers.abs() > 70) & (numbers.abs() < 140)).all() and len(numbers.unique()) > 1:
            return "coordinates"
        return "money" if take_apart(name).unit in units_of("cost_wan") else "number"
    if texts.str.fullmatch(r"\d{4}\W\d{1,2}\W.*|\d{4}年.*").mean() > 0.5:
        return "date"
    return "road" if looks_like_roads(column) else None


def _values(table: pd.DataFrame, sure: list[ColumnGuess], lang: str) -> list[str]:
    """Return the value maps of columns of codes, unknown values to be filled in."""
    fields = {item.name: item for item in FIELDS}
    lines: list[str] = []
    for guess in sure:
        item = fields.get(guess.field)
        if item is None or item.kind != "code":
            continue
        distinct = text_column(table[guess.column]).dropna()
        values = list(dict.fromkeys(distinct.iloc[:200_000]))[:_MOST_VALUES]
        if not values:
            continue
        frame = pd.DataFrame({"x": values}, dtype=object)
        matched = match_columns(["x"], [item], ColumnMapping(columns={item.name: ("x",)}))
        numbers = np.arange(len(values), dtype=np.int64)
        read = read_fields(
            frame, matched, [item], ColumnMapping(), numbers=numbers, time_zone="UTC"
        ).table[item.name]
        codes = text("suggest.values", lang, codes=", ".join(item.codes))
        entries: dict[str, str] = {}
        for value, code in zip(values, read, strict=True):
            unknown = pd.isna(code)
            entry = f"{_quoted(value)} = {_quoted('' if unknown else str(code))}"
            entries.setdefault(
                fold(value), entry + (f"  # {text('suggest.fill', lang)}" if unknown else "")
            )
        lines += ["", f"[values.{item.name}]", f"# {_plain(codes)}", *entries.values()]
    return lines


def _dates(
    table: pd.DataFrame, sure: list[ColumnGuess], context: ColumnMapping, lang: str
) -> list[str]:
    kinds = {item.name for item in FIELDS if item.kind == "date"}
    columns = [table[guess.column] for guess in sure if guess.field in kinds]
    style = infer_style(*columns) if columns else None
    said = []
    if style is not None:
        said.append(f'style = "{style}"')
    if context.year is not None:
        said.append(f"year = {context.year}")
    if context.list_date is not None:
        said.append(f"list_date = {context.list_date.isoformat()}")
    return ["", "[dates]", f"# {text('suggest.dates', lang)}", *said] if said else []


def _code_from(sure: list[ColumnGuess], lang: str) -> list[str]:
    by_field = {guess.field: guess.column for guess in sure}
    if "code" in by_field:
        return []
    key = [by_field[name] for name in ("owner_unit", "name") if name in by_field]
    if len(key) < 2:
        return []
    listed = ", ".join(map(_quoted, key))
    return ["", "[code]", f"# {text('suggest.code', lang)}", f"from = [{listed}]"]


def _quoted(value: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(value: str) -> str:
    """Return a text for a comment: one line, no control letters."""
    return _CONTROL.sub(" ", value)
