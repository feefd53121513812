"""Names of roads: which road a name means on a day, and which other names look like it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

_KIND = re.compile(
    r"(高速公路|高架路|公路|大道|大街|支路|高速|高架|路|街|道|弄|巷|里|road|street)$"
)
_SUFFIX = re.compile(r"[东西南北中一二三四五六七八九十上下新老支]+$")
_NUMBER = re.compile(r"^([gsxyc]\d{1,4})(?=\D|$)")


def fold_name(name: str) -> str:
    """Return a name without width, case and blanks; suffixes stay: they make different roads.

    Examples
    --------
    >>> fold_name(" Ｇ15 沈海高速") == fold_name("g15沈海高速")
    True
    >>> fold_name("墨玉路") == fold_name("墨玉南路")
    False
    """
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def stem_of(name: str) -> str:
    """Return what is left of a road's name without kind and suffix; only ever for candidates.

    Examples
    --------
    >>> stem_of("墨玉南路"), stem_of("墨玉路"), stem_of("中山北二路")
    ('墨玉', '墨玉', '中山')
    """
    folded = fold_name(name)
    bare = _KIND.sub("", folded) or folded
    return _SUFFIX.sub("", bare) or bare


@dataclass(frozen=True)
class Meaning:
    """What a name means.

    Attributes
    ----------
    roads
        Names in the network that are this one road (they differ in width or blanks only); empty
        where the name has no meaning or more than one.
    through
        How it was found: ``exact``, ``alias``, ``number`` (a route number beside the name).
    others
        Roads that may be meant instead, best first: name and why (``alias_past``, ``alias_or_own``,
        ``suffix``, ``slip``).
    """

    roads: tuple[str, ...] = ()
    through: str = "exact"
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RoadNames:
    """Names of a network's roads with their aliases, indexed once.

    Attributes
    ----------
    by_fold
        Folded name to the names in the network that fold so.
    by_number
        Route number, or name without its number, to names.
    aliases
        Folded alias to rows ``(road, valid_from, valid_to)``; days, None for open.
    """

    by_fold: dict[str, tuple[str, ...]]
    by_number: dict[str, tuple[str, ...]]
    aliases: dict[str, tuple[tuple[str, int | None, int | None], ...]] = field(default_factory=dict)

    def meaning(self, name: str, day: int | None) -> Meaning:
        """Return what a name means on a day.

        Parameters
        ----------
        name
            As written.
        day
            Days since 1970-01-01, or None where it is not known.
        """
        folded = fold_name(name)
        own = self.by_fold.get(folded, ())
        rows = [row for row in self.aliases.get(folded, ()) if fold_name(row[0]) in self.by_fold]
        valid = [row for row in rows if day is None or _holds(row, day)]
        roads = {fold_name(road) for road, _, _ in valid}
        if own and roads - {folded}:
            return self._own_or_alias(folded, valid, day)
        if own:
            return Meaning(own)
        if len(roads) == 1:
            return Meaning(self.by_fold[roads.pop()], "alias")
        if roads:
            return Meaning(
                others=tuple((self.by_fold[r][0], "alias_or_own") for r in sorted(roads))
            )
        if rows:
            past = sorted({self.by_fold[fold_name(road)][0] for road, _, _ in rows})
            return Meaning(others=tuple((road, "alias_past") for road in past))
        found = self._by_number(folded)
        if len(found) == 1:
            return Meaning(self.by_fold[found[0]], "number")
        if found:
            return Meaning(others=tuple((self.by_fold[f][0], "number_or_name") for f in found))
        return Meaning(others=self.similar(name))

    def _own_or_alias(
        self, folded: str, valid: list[tuple[str, int | None, int | None]], day: int | None
    ) -> Meaning:
        """Tell a road that bears a name from one that bore it: a bounded validity on a known day."""
        bounded = {
            fold_name(road) for road, low, high in valid if low is not None or high is not None
        }
        if day is not None and len(bounded) == 1:
            return Meaning(self.by_fold[bounded.pop()], "alias")
        roads = [folded, *sorted({fold_name(road) for road, _, _ in valid} - {folded})]
        return Meaning(others=tuple((self.by_fold[road][0], "alias_or_own") for road in roads))

    def _by_number(self, folded: str) -> list[str]:
        """Return folded names that share the route number or the name beside it."""
        found = {fold_name(name) for name in self.by_number.get(folded, ())}
        number = _NUMBER.match(folded)
        if number:
            rest = folded[number.end() :].strip("/·-")
            for part in (number.group(1), rest):
                if part:
                    found |= {fold_name(name) for name in self.by_fold.get(part, ())}
                    found |= {fold_name(name) for name in self.by_number.get(part, ())}
        return sorted(found)

    def similar(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return names that look like one, best first, with why: candidates, never answers.

        ``suffix``: the same but for 东/西/南/北/中, a number or the kind of road; ``slip``: one
        character differs (two in a name of six and more).
        """
        folded, stem = fold_name(name), stem_of(name)
        most = 1 if len(folded) < 6 else 2
        near = process.extract(
            folded, list(self.by_fold), scorer=OSA.distance, score_cutoff=most, limit=None
        )
        slips = {other: int(distance) for other, distance, _ in near}
        same = (
            {other for other in self.by_fold if stem_of(other) == stem} if len(stem) > 1 else set()
        )
        ranked = sorted(
            ((other not in same, slips.get(other, most + 1), other) for other in same | set(slips)),
        )
        return tuple(
            (self.by_fold[other][0], "slip" if apart else "suffix")
            for apart, _, other in ranked
            if other != folded
        )


def road_names(roads: Iterable[str], aliases: pd.DataFrame | None) -> RoadNames:
    """Index the names of roads.

    Parameters
    ----------
    roads
        Names in the network.
    aliases
        `coordination.extents.located.Gazetteer.aliases`.

    Examples
    --------
    >>> names = road_names(["墨玉南路", "博园路"], None)
    >>> names.meaning("墨玉路", None)
    Meaning(roads=(), through='exact', others=(('墨玉南路', 'suffix'),))
    """
    by_fold: dict[str, list[str]] = {}
    by_number: dict[str, list[str]] = {}
    for road in sorted(set(roads)):
        folded = fold_name(road)
        by_fold.setdefault(folded, []).append(road)
        number = _NUMBER.match(folded)
        if number:
            for part in {number.group(1), folded[number.end() :].strip("/·-")} - {folded, ""}:
                by_number.setdefault(part, []).append(road)
    rows: dict[str, list[tuple[str, int | None, int | None]]] = {}
    if aliases is not None and len(aliases):
        columns = (
            aliases["name"], aliases["alias"],
            _days(aliases["valid_from"]), _days(aliases["valid_to"]),
        )  # fmt: skip
        for name, alias, low, high in zip(*columns, strict=True):
            rows.setdefault(fold_name(str(alias)), []).append((str(name), low, high))
    return RoadNames(
        {key: tuple(names) for key, names in by_fold.items()},
        {key: tuple(names) for key, names in by_number.items()},
        {key: tuple(found) for key, found in rows.items()},
    )


def _holds(row: tuple[str, int | None, int | None], day: int) -> bool:
    _, low, high = row
    return (low is None or low <= day) and (high is None or day <= high)


def _days(column: pd.Series[Any]) -> list[int | None]:
    """Return integer days of a column of dates or of days."""
    if pd.api.types.is_datetime64_any_dtype(column):
        days = column.to_numpy(dtype="datetime64[D]")
        return [None if np.isnat(day) else int(day.astype(np.int64)) for day in days]
    return [None if pd.isna(value) else int(str(value).split(".")[0]) for value in column]
