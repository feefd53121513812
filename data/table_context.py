"""What a list says of itself above its header and below its rows: its year, its unit of money, its day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from coordination.faults import Fault
from coordination.projects import FIELD
from data.column_mapping import ColumnMapping, Matched
from data.date_text import FIRST_YEAR, LAST_YEAR, parse_dates
from data.headers import fold, units_of, words

_YEAR = re.compile(r"(?<!\d)((?:19|20|21)\d\d)\s*(?:年度|年|-)?")
_ROC_YEAR = re.compile(r"(?:民國|民国)?(?<!\d)(\d{3})\s*年度")
_YUAN = 10_000
"""万元 that are 100 million yuan: single projects cost that, half a list does not."""
_LABELLED = re.compile(r"([^\s:：(（,，;；]{1,8})\s*[:：]\s*([^\s,，;；)）]+(?:\s\d[\d:]*)?)")


def with_context(
    around: Sequence[str],
    mapping: ColumnMapping,
    matched: Matched,
    table: pd.DataFrame | None = None,
) -> tuple[ColumnMapping, Matched, list[Fault]]:
    """Add to a mapping what the list says of itself; the mapping's own words go before it.

    Parameters
    ----------
    around
        Texts above the header and below the rows (`data.read_layers.Layer.around`).
    mapping
        As given; its year, day of the list and units stay.
    matched
        Which columns are ours; the unit of money is added where its header states none.
    table
        The rows, which show whether money without a unit may be read as 万元.

    Returns
    -------
    mapping, matched, notes
        A note for everything that was taken, and for what is only offered.

    Examples
    --------
    >>> found = with_context(["2025年道路掘路计划表"], ColumnMapping(), Matched({}, {}, (), []))
    >>> found[0].year, [note.code for note in found[2]]
    (2025, ['year_from_title'])
    """
    notes: list[Fault] = []
    labelled = [(fold(match[1]), match[2]) for text in around for match in _LABELLED.finditer(text)]
    dated = {name: value for name, value in labelled if name in words("list_date")}
    if mapping.year is None:
        year = _one_year(around, dated)
        if year is not None:
            mapping = replace(mapping, year=year)
            notes.append(Fault("year_from_title", "note", params={"year": year}))
    if mapping.list_date is None and dated:
        read = parse_dates(pd.Series(list(dated.values()), dtype=object), bound="start")
        days = set(read.days[(read.precision == "day").to_numpy()].dt.date)
        if len(days) == 1:
            day = days.pop()
            mapping = replace(mapping, list_date=day)
            notes.append(Fault("list_date_from_title", "note", params={"day": day.isoformat()}))
    if "cost_wan" in matched.columns and "cost_wan" not in matched.unit_stated:
        column = " + ".join(matched.columns["cost_wan"])
        known = units_of("cost_wan")
        stated = {
            fold(unit) for name, value in labelled for unit in re.split("[、/和及]", value)
            if name in words("unit_line") and fold(unit) in known
        }  # fmt: skip
        if len(stated) == 1:
            unit = stated.pop()
            matched = replace(matched, units={**matched.units, "cost_wan": known[unit]})
            notes.append(Fault("money_unit_from_title", "note", params={"unit": unit}))
        elif fold(column) not in {fold("cost_wan"), fold(FIELD["cost_wan"].en)}:
            found = None if table is None else _like_yuan(table, matched.columns["cost_wan"])
            notes.append(
                Fault("money_unit_assumed", "note", column=column)
                if found is None
                else Fault("money_unit_missing", column=column, params={"found": found})
            )
    if "owner_unit" not in matched.columns and "owner_unit" not in mapping.constants:
        notes += [
            Fault("list_unit_offered", "note", params={"found": value[:60]})
            for name, value in labelled[:20]
            if name in words("list_unit")
        ]
    return mapping, matched, notes


def _like_yuan(table: pd.DataFrame, columns: Sequence[str]) -> str | None:
    """Return the first of the costs that would be hundreds of millions, where most of them would be."""
    texts = table[columns[0]].dropna().map(str) if len(columns) == 1 else pd.Series(dtype=str)
    numbers = pd.to_numeric(texts.str.replace(",", "").str.strip(), errors="coerce")
    numbers = numbers[numbers > 0]
    large = numbers[numbers >= _YUAN]
    return None if large.empty or 2 * len(large) < len(numbers) else texts[large.index[0]][:40]


def _one_year(around: Sequence[str], dated: dict[str, str]) -> int | None:
    """Return the one year of the titles; the day on which a list was made says nothing of it."""
    days = frozenset(dated.values())
    texts = [text for text in around if not any(day in text for day in days)]
    years = {int(match[1]) for text in texts for match in _YEAR.finditer(text)}
    if not years:
        years = {int(match[1]) + 1911 for text in texts for match in _ROC_YEAR.finditer(text)}
    years = {year for year in years if FIRST_YEAR <= year <= LAST_YEAR}
    return years.pop() if len(years) == 1 else None
