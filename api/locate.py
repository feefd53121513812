"""The use case of ``digonce locate``: words that say where a work is become places, or questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from api.provenance import SOFTWARE_VERSION, day_of_judgement
from api.questions import known_answers
from api.rows import geojson_shapes
from coordination.city import City
from coordination.extents.located import Located, Status
from coordination.faults import Fault, InputRefusedError, UsageError
from coordination.located_cells import LocatedCell, gazetteer_of, locate_cells
from coordination.projects import FIELD
from coordination.questions import Candidate, Question
from coordination.wording import LANGUAGES
from data.column_mapping import ColumnMapping, match_columns
from data.field_values import text_column
from data.read_layers import read_layer
from data.store import Store

_WORST: tuple[Status, ...] = ("located", "ask", "unknown")


@dataclass(frozen=True)
class LocateOptions:
    """Where the words stand in the file; None finds the columns by the names that lists use.

    ``answers`` (`data.question_files.read_answers`) hold at once and are remembered.
    """

    text: str | None = None
    road: str | None = None
    encoding: str | None = None
    layer: str | None = None
    answers: pd.DataFrame | None = None


@dataclass(frozen=True)
class LocatedTexts:
    """What became of every row.

    Attributes
    ----------
    document
        A GeoJSON FeatureCollection, one feature per row.
    questions
        What has to be asked, with the row as a person counts it.
    counts
        Rows by status.
    """

    document: dict[str, Any]
    questions: tuple[Question, ...]
    counts: Mapping[str, int]


def locate_file(store: Store, path: Path, options: LocateOptions, *, actor: str) -> LocatedTexts:
    """Locate the words of every row of a file on the store's roads.

    Raises
    ------
    InputRefusedError
        When the file cannot be read.
    UsageError
        When no column holds such words, or the store has no roads.
    """
    source = read_layer(path, layer=options.layer, encoding=options.encoding)
    refused = [fault for fault in source.faults if fault.level == "refused" and fault.row is None]
    if refused:
        raise InputRefusedError(refused, source=source.source)
    table = pd.DataFrame(source.table)
    column, beside = _columns(table, options)
    texts = _cells(table, column)
    roads = _cells(table, beside)
    if options.answers is not None:
        if store.read_city().network is None:  # a refused file leaves no answers behind
            raise UsageError("locate.no_roads")
        with store.transaction(actor) as change:
            change.put_answers(options.answers)
    located = locate_texts(
        store, texts, roads, numbers=source.numbers.tolist(), column=column or beside
    )
    located.document["source"] = source.source
    return located


def _columns(table: pd.DataFrame, options: LocateOptions) -> tuple[str | None, str | None]:
    """Return the columns of the extent and of the road, of which one may be missing."""
    names = [str(name) for name in table.columns if name != "geometry"]
    for asked in (options.text, options.road):
        if asked is not None and asked not in names:
            raise UsageError("locate.no_column", column=asked, columns=", ".join(names))
    fields = [FIELD[name] for name in ("road", "extent_text")]
    found = match_columns(names, fields, ColumnMapping()).columns
    # A text that was named says all of the place; a road is looked for beside headers only.
    column = options.text or next(iter(found.get("extent_text", ())), None)
    beside = options.road or (None if options.text else next(iter(found.get("road", ())), None))
    if column is None and beside is None:
        raise UsageError("locate.no_text", columns=", ".join(names))
    return column, beside


def _cells(table: pd.DataFrame, column: str | None) -> list[str | None]:
    if column is None:
        return [None] * len(table)
    cells = text_column(table[column]).astype(object)
    return list(cells.where(cells.notna(), None))


def locate_texts(
    store: Store,
    texts: Sequence[str | None],
    roads: Sequence[str | None] | None = None,
    *,
    numbers: Sequence[int] | None = None,
    column: str | None = None,
) -> LocatedTexts:
    """Locate words on the store's roads.

    Parameters
    ----------
    store
        Roads, their other names, borders, landmarks and the answers that were given.
    texts, roads
        What is written, and the road beside it; None where a row has none. Shape (n,).
    numbers
        The rows as a person counts them, default 1, 2, …
    column
        What the source calls the column of the words.
    """
    city = store.read_city()
    gazetteer = gazetteer_of(city)
    if gazetteer is None:
        raise UsageError("locate.no_roads")
    roads = roads if roads is not None else [None] * len(texts)
    numbers = numbers if numbers is not None else range(1, len(texts) + 1)
    worded = [at for at in range(len(texts)) if texts[at] or roads[at]]
    day = int(day_of_judgement(store.info(), None).astype("int64"))
    found = dict(
        zip(
            worded,
            locate_cells(
                [texts[at] for at in worded], [roads[at] for at in worded], gazetteer,
                days=day, answers=known_answers(store, None),
            ),
            strict=True,
        )
    )  # fmt: skip
    rows = [_row(found.get(at)) for at in range(len(texts))]
    features = _features(rows, city.crs)
    for at, feature in enumerate(features):
        words = " ".join(word for word in (roads[at], texts[at]) if word)
        feature["properties"] = {"row": at, "text": words or None} | feature["properties"]
    counts: dict[str, int] = dict.fromkeys(_WORST, 0)
    for row in rows:
        counts[row.status] += 1
    questions = tuple(
        replace(question, reason=replace(question.reason, row=numbers[at], column=column))
        for at in worded
        for question in found[at].questions
    )
    return LocatedTexts(_collection(features, city), questions, counts)


def _collection(features: list[dict[str, Any]], city: City) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "data_revision": city.data_revision,
        "software_version": SOFTWARE_VERSION,
        "features": features,
    }


@dataclass(frozen=True)
class _Row:
    """One row's outcome: what it comes to as a whole, and its places."""

    status: Status
    confidence: float
    length_m: float
    reason: Fault
    candidates: tuple[Candidate, ...]
    geometry: BaseGeometry | None
    places: tuple[Located, ...]


def _row(cell: LocatedCell | None) -> _Row:
    if cell is None or not cell.places:
        nowhere = Fault("locate.no_words", "note")
        if cell is not None:
            found = (cell.text or cell.road or "")[:80]
            nowhere = Fault("placing.nowhere", "note", params={"found": found})
        return _Row("unknown", 0.0, float("nan"), nowhere, (), None, ())
    worst = max(cell.places, key=lambda place: _WORST.index(place.status))
    if cell.located:  # the least sure one speaks for the row
        worst = min(cell.places, key=lambda place: place.confidence)
    shapes = [place.geometry for place in cell.places if place.geometry is not None]
    lengths = [place.length_m for place in cell.places if np.isfinite(place.length_m)]
    return _Row(
        worst.status,
        worst.confidence,
        float(sum(lengths)) if lengths else float("nan"),
        worst.reason,
        worst.candidates,
        _together(shapes),
        cell.places,
    )


def _together(shapes: list[BaseGeometry]) -> BaseGeometry | None:
    """Return several places as one geometry; lines keep their course."""
    if len(shapes) < 2:
        return shapes[0] if shapes else None
    parts = shapely.get_parts(np.array(shapes, dtype=object))
    if (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING).all():
        return shapely.MultiLineString(list(parts))
    return shapely.union_all(shapes)


def _features(rows: Sequence[_Row], crs: CRS) -> list[dict[str, Any]]:
    """Return the rows as GeoJSON features; all geometries are moved to WGS 84 at once."""
    shapes: list[BaseGeometry | None] = []
    for row in rows:
        shapes.append(row.geometry)
        shapes += [candidate.geometry for candidate in row.candidates]
        if len(row.places) > 1:
            for place in row.places:
                shapes.append(place.geometry)
                shapes += [candidate.geometry for candidate in place.candidates]
    moved = iter(geojson_shapes(np.array([*shapes, None], dtype=object)[:-1], crs))
    features = []
    for row in rows:
        geometry = next(moved)
        properties = {
            **_outcome(row), "candidates": [_candidate(one, next(moved)) for one in row.candidates]
        }  # fmt: skip
        properties["parts"] = [
            {
                "text": place.extent.text,
                **_outcome(place),
                "geometry": next(moved),
                "candidates": [_candidate(one, next(moved)) for one in place.candidates],
            }
            for place in (row.places if len(row.places) > 1 else ())
        ]
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return features


def _outcome(of: _Row | Located) -> dict[str, Any]:
    length_m = round(of.length_m, 1) if np.isfinite(of.length_m) else None
    return {
        "status": of.status,
        "confidence": of.confidence,
        "length_m": length_m,
        **{f"reason_{lang}": of.reason.text(lang) for lang in LANGUAGES},
    }


def _candidate(candidate: Candidate, geometry: dict[str, Any] | None) -> dict[str, Any]:
    far = candidate.distance_m
    return {
        "key": candidate.key,
        "distance_m": None if far is None else round(far, 1),
        **{f"reason_{lang}": candidate.text(lang) for lang in LANGUAGES},
        "geometry": geometry,
    }
