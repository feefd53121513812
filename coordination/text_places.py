"""Rows that say in words where they are become sites on the network, or questions.

A row may name several places: each becomes a site of its own, so that one that has to be asked
about does not hold up the others. What was inferred, what a person confirmed and how sure the place
is stay with the site. Nothing is guessed: what is doubtful has no place until somebody answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from coordination.extents.located import Gazetteer, Located
from coordination.extents.parsed import Extent
from coordination.faults import Fault
from coordination.located_cells import NO_ANSWERS, LocatedCell, locate_cells
from coordination.policy import Policy
from coordination.projects import UNKNOWN_DAY, day_numbers
from coordination.questions import INSTEAD, Candidate, Question, answer_of
from geo.footprints import widen

WHOLE_ROAD = "whole_road"
"""The answer that a road named alone is meant from end to end."""

_SIDE_POSITIONS = {
    "east": "east_side", "west": "west_side", "south": "south_side", "north": "north_side",
}  # fmt: skip
_ALL_OF_IT = re.compile("全线|全路段|全段|全程|全路|全长|entire|whole", re.IGNORECASE)
"""Words that say of a road named alone that all of it is meant."""
FILLED = ("road", "position", "width_m", "length_m", "area_m2")
"""What a text may say besides the place; it fills what the row leaves open."""


@dataclass(frozen=True)
class PlacedRows:
    """Rows as sites: every row once, or once per place that it names.

    Attributes
    ----------
    origin
        Position of the row that each site comes from, shape (k,).
    part
        1, 2, … within a row that names several places, 0 in any other, shape (k,).
    values
        ``road, extent_text, position, width_m, length_m, area_m2, place_confidence, inferred,
        confirmed`` of each site, RangeIndex.
    footprints
        MultiPolygon of what was located from words, else missing, shape (k,).
    rest
        What the words of each row say besides the place, else None, shape (n,).
    asked
        Rows of which a place is asked for, by position.
    questions, notes
        With row and column.
    """

    origin: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    values: pd.DataFrame
    footprints: npt.NDArray[np.object_]
    rest: npt.NDArray[np.object_]
    asked: frozenset[int]
    questions: tuple[Question, ...]
    notes: tuple[Fault, ...]


def not_placed(rows: pd.DataFrame) -> PlacedRows:
    """Return rows as they are, where there are no roads on which words could be located."""
    nothing = np.full(len(rows), None, dtype=object)
    origin = np.arange(len(rows), dtype=np.int64)
    return PlacedRows(
        origin, np.zeros(len(rows), dtype=np.int64), _values(rows, origin, {}), nothing, nothing,
        frozenset(), (), (),
    )  # fmt: skip


@dataclass
class _Site:
    """One site in the making: where it comes from, and what differs from its row."""

    origin: int
    part: int = 0
    changes: dict[str, Any] = field(default_factory=dict)
    inferred: list[str] = field(default_factory=list)
    confirmed: bool = False
    confidence: float = float("nan")
    ground: BaseGeometry | None = None
    width_m: float | None = None


def place_by_text(
    rows: pd.DataFrame,
    drawn: npt.NDArray[np.object_],
    gazetteer: Gazetteer,
    policy: Policy,
    *,
    today: int = UNKNOWN_DAY,
    answers: Mapping[str, str] = NO_ANSWERS,
    columns: Mapping[str, str] | None = None,
) -> PlacedRows:
    """Give the rows without geometry the places that their words name.

    Parameters
    ----------
    rows
        ``row`` (as a person counts it), ``code, road, extent_text, position, start, width_m,
        length_m, area_m2``; any but the first two may be missing.
    drawn
        The geometry that a row has, in the network's CRS, shape (n,). Such a row keeps it; words
        that lead elsewhere (further than ``policy.text_apart_m``) are noted.
    gazetteer
        Where words are looked up.
    policy
        Widths, and how far words may lead from what was drawn.
    today
        Day since 1970-01-01 on which names are meant where a row has no start.
    answers
        What people answered earlier.
    columns
        What the source calls a field.

    Returns
    -------
    PlacedRows
        Sites in the order of the rows.

    Notes
    -----
    Sizes that a row of several places states are those of all of them together; they are copied to
    no single one. A road named alone says on which road a work is and not that all of it is dug: it
    is asked about unless the stated length is that of the road. That answer holds for this project
    only, because another one on the road is elsewhere.
    """
    has_place = shapely.is_geometry(drawn)
    worded = (rows["extent_text"].notna() | (rows["road"].notna() & ~has_place)).to_numpy()
    at_words = np.flatnonzero(worded)
    words = rows[["road", "extent_text"]].astype(object).iloc[at_words]
    words = words.where(words.notna(), None)
    work = _Work(rows, policy, answers, columns or {})
    texts = [
        work.said_instead(at) if text is None else text
        for at, text in zip(at_words.tolist(), words["extent_text"], strict=True)
    ]
    days = day_numbers(rows["start"].iloc[at_words])
    cells = locate_cells(
        texts, words["road"].tolist(), gazetteer,
        days=np.where(days == UNKNOWN_DAY, today, days), answers=answers,
    )  # fmt: skip
    sites: dict[int, list[_Site]] = {}
    rest = np.full(len(rows), None, dtype=object)
    for at, cell in zip(at_words.tolist(), cells, strict=True):
        rest[at] = "；".join(word for extent in cell.parsed.extents for word in extent.rest) or None
        if has_place[at]:
            work.compare(at, cell, drawn[at])
        else:
            sites[at] = work.sites(at, cell)
    count = np.ones(len(rows), dtype=np.int64)
    for at, made in sites.items():
        count[at] = max(len(made), 1)
    origin = np.repeat(np.arange(len(rows)), count)
    first = np.cumsum(count) - count
    placed = {
        int(first[at]) + number: site
        for at, made in sites.items()
        for number, site in enumerate(made)
    }
    part = np.zeros(len(origin), dtype=np.int64)
    for number, site in placed.items():
        part[number] = site.part
    notes = list(work.notes)
    located = sum(all(site.ground is not None for site in made) for made in sites.values() if made)
    if located or work.asked:
        told = {"count": located, "asked": len(work.asked)}
        notes.append(Fault("placing.from_text", "note", params=dict(told)))
    return PlacedRows(
        origin=origin,
        part=part,
        values=_values(rows, origin, placed),
        footprints=_footprints(len(origin), placed, policy),
        rest=rest,
        asked=frozenset(work.asked),
        questions=tuple(work.questions),
        notes=tuple(notes),
    )


class _Work:
    """The rows on their way: what each says, and what has to be asked or noted."""

    def __init__(
        self,
        rows: pd.DataFrame,
        policy: Policy,
        answers: Mapping[str, str],
        columns: Mapping[str, str],
    ) -> None:
        self.policy = policy
        self.answers = answers
        self.columns = columns
        self.questions: list[Question] = []
        self.notes: list[Fault] = []
        self.asked: set[int] = set()
        # Lists are much faster than cells of a table, and missing is None.
        self.row = rows["row"].tolist()
        self.cells = {
            name: rows[name].astype(object).where(rows[name].notna(), None).tolist()
            for name in ("code", *FILLED)
        }

    def said_instead(self, at: int) -> str | None:
        """Return the extent that a person gave where a row names its road only."""
        said = answer_of(self.answers, "extent", self._bare(at))
        return said.removeprefix(INSTEAD) if said and said.startswith(INSTEAD) else None

    def _bare(self, at: int) -> str:
        """Return what a question about a road named alone is remembered by."""
        stated = self.cells["length_m"][at]
        size = f" {stated:g} m" if stated else ""
        return f"{self.cells['road'][at]}{size} [{self.cells['code'][at]}]"

    def sites(self, at: int, cell: LocatedCell) -> list[_Site]:
        """Return the sites of one row without geometry; none where its words name no place."""
        name = "extent_text" if cell.text is not None else "road"
        column = self.columns.get(name, name)
        self.notes += [
            replace(fault, row=self.row[at], column=column, level="note")
            for fault in (*cell.parsed.faults, *(n for place in cell.places for n in place.notes))
        ]
        doubt = self._whole_road_doubt(at, cell)
        answer = answer_of(self.answers, "extent", doubt.subject) if doubt else None
        held = doubt is not None and answer != WHOLE_ROAD
        asked = [*cell.questions, *([doubt] if doubt and answer is None else [])]
        for question in asked:
            reason = replace(question.reason, row=self.row[at], column=column, level="note")
            self.questions.append(replace(question, reason=reason))
            self.notes.append(reason)
            self.asked.add(at)
        several = len(cell.places) > 1
        made = [
            self._site(at, place, number if several else 0, held=held)
            for number, place in enumerate(cell.places, start=1)
        ]
        if answer == WHOLE_ROAD:
            for site in made:
                site.confidence, site.confirmed = 1.0, True
        if cell.text is not None and cell.text == self.said_instead(at):
            for site in made:  # a person gave the extent of a road named alone
                if site.ground is not None:
                    site.confidence, site.confirmed = 1.0, True
        if several:
            self._tell_shared(at, len(made))
        if cell.located and not held:
            self._tell_length(at, cell, made, column)
        return made

    def _site(self, at: int, place: Located, part: int, *, held: bool) -> _Site:
        site = _Site(at, part)
        extent = place.extent
        said: dict[str, Any] = {
            "road": "、".join(extent.roads) or None,
            "position": _position(extent),
            "width_m": extent.width_m,
            "length_m": extent.length_m,
            "area_m2": extent.area_m2,
        }
        if part:  # one of several: the row's own road and sizes are those of all together
            site.changes = {"extent_text": extent.text, "length_m": None, "area_m2": None}
            if said["road"] is not None:
                site.changes["road"] = said["road"]
        for name in FILLED:
            if said[name] is None or site.changes.get(name, self.cells[name][at]) is not None:
                continue
            site.changes[name] = said[name]
            site.inferred.append(name)
        if place.status != "located" or held:
            return site
        own = self.cells["width_m"][at] or site.changes.get("width_m")
        site.ground = place.ground if place.ground is not None else place.geometry
        site.width_m = own or place.ground_width_m
        site.confidence = place.confidence
        site.confirmed = place.confidence >= 1.0
        site.inferred.insert(0, "geometry")
        return site

    def _whole_road_doubt(self, at: int, cell: LocatedCell) -> Question | None:
        """Return the question about a road named alone, unless its length is the stated one."""
        kinds = {place.extent.kind for place in cell.places}
        if cell.text is not None or not cell.located or "whole_road" not in kinds:
            return None
        stated = self.cells["length_m"][at]
        found = sum(place.length_m for place in cell.places)
        fits = bool(stated) and not _off(stated, found, self.policy.size_tolerance)
        if fits or _ALL_OF_IT.search(cell.road or ""):
            return None
        params: dict[str, str | int | float] = {
            "road": str(cell.road), "found": f"{found:.0f}",
        }  # fmt: skip
        if stated:
            params["stated"] = f"{stated:g}"
        reason = "placing.whole_road_doubt" if stated else "placing.road_only"
        place = shapely.union_all([place.geometry for place in cell.places])
        whole = Candidate(WHOLE_ROAD, "placing.whole_road", params, place)
        return Question("extent", self._bare(at), Fault(reason, "note", params=params), (whole,))

    def _tell_shared(self, at: int, count: int) -> None:
        for name in ("length_m", "area_m2"):
            if self.cells[name][at]:
                self.notes.append(
                    Fault(
                        "placing.sizes_shared", "note", row=self.row[at],
                        column=self.columns.get(name, name),
                        params={"found": f"{self.cells[name][at]:g}", "count": count},
                    )
                )  # fmt: skip

    def _tell_length(self, at: int, cell: LocatedCell, sites: list[_Site], column: str) -> None:
        """Note a stated length that is not that of the places together, and trust them less."""
        stated = self.cells["length_m"][at]
        found = sum(place.length_m for place in cell.places)
        if not stated or not _off(stated, found, self.policy.size_tolerance):
            return
        self.notes.append(
            Fault(
                "placing.length_off", "note", row=self.row[at],
                column=self.columns.get("length_m", column),
                params={"stated": f"{stated:g}", "found": f"{found:.0f}"},
            )
        )  # fmt: skip
        for site in sites:
            if not site.confirmed:
                site.confidence = min(site.confidence, _LENGTH_OFF)

    def compare(self, at: int, cell: LocatedCell, drawn: BaseGeometry) -> None:
        """Note words that lead away from what was drawn."""
        if not cell.located:
            return
        named = shapely.union_all([place.geometry for place in cell.places])
        apart_m = float(shapely.distance(drawn, named))
        if apart_m > self.policy.text_apart_m:
            self.notes.append(
                Fault(
                    "placing.elsewhere", "note", row=self.row[at],
                    column=self.columns.get("extent_text", "extent_text"),
                    params={"text": str(cell.text)[:80], "apart": f"{apart_m:.0f}"},
                )
            )  # fmt: skip


_LENGTH_OFF = 0.5
"""How sure a place is whose length is not the one that was stated."""


def _off(stated: float, found: float, tolerance: float) -> bool:
    """Tell whether a length contradicts another; nothing contradicts what has none."""
    return bool(np.isfinite(found)) and abs(stated - found) > tolerance * max(stated, found)


def _position(extent: Extent) -> str | None:
    if extent.position is not None:
        return extent.position
    return extent.carriageway or (_SIDE_POSITIONS[extent.side] if extent.side else None)


def _values(
    rows: pd.DataFrame, origin: npt.NDArray[np.int64], placed: Mapping[int, _Site]
) -> pd.DataFrame:
    names = ["road", "extent_text", "position", "width_m", "length_m", "area_m2"]
    values = rows[names].iloc[origin].reset_index(drop=True)
    for name in names:
        at = [number for number, site in placed.items() if name in site.changes]
        if at:
            column = values[name].astype(object)
            column.iloc[at] = [placed[number].changes[name] for number in at]
            values[name] = column.astype(values[name].dtype)
    confidence = np.full(len(origin), np.nan)
    inferred = np.full(len(origin), None, dtype=object)
    confirmed = np.full(len(origin), None, dtype=object)
    for number, site in placed.items():
        confidence[number] = site.confidence
        inferred[number] = " ".join(site.inferred) or None
        confirmed[number] = "geometry" if site.confirmed else None
    return values.assign(
        place_confidence=confidence,
        inferred=pd.Series(inferred, dtype="str"),
        confirmed=pd.Series(confirmed, dtype="str"),
    )


def _footprints(count: int, placed: Mapping[int, _Site], policy: Policy) -> npt.NDArray[np.object_]:
    footprints = np.full(count, None, dtype=object)
    at = [number for number, site in placed.items() if site.ground is not None]
    if not at:
        return footprints
    ground = np.array([placed[number].ground for number in at], dtype=object)
    point = shapely.get_dimensions(ground) == 0
    usual = np.where(point, policy.footprint.point_width_m, policy.footprint.width_m["default"])
    own = np.array([placed[number].width_m or np.nan for number in at], dtype=np.float64)
    footprints[at] = widen(ground, np.where(np.isnan(own), usual, own))
    return footprints
