"""The streets of the sample town: invented, but with everything that makes real ones difficult.

The town is drawn on a plain of its own (``u`` to the east, ``v`` to the north, metres): main roads
at uneven distances, local streets between them that end at T-junctions, every fourth main road a
dual carriageway, a river with bridges, service streets 23 m beside a secondary road, and an elevated
road that crosses everything without a junction. One smooth map (`_warp`) then bends the plain, so
that roads curve and carriageways stay side by side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS, Transformer

METRIC_CRS = CRS(4549)
CENTRE_LON_LAT = (121.25, 31.38)

Floats = npt.NDArray[np.float64]

_STEM_FIRST = "云沁远青澄霞枫栖松澜汇禾锦瑶岚泽槐榆芦荻清晴碧芳景瑞宁安嘉澹怀永和曲沐秋春晓竹梅兰菊银丹紫玉金朝晨鹤鹭雁"
_STEM_LAST = "浦源香溪塘泾川泉原阳丰屏渡岭湾湖洲涵谷庭苑坪淀汀浜沙堤坊铺亭陵"

_CLASSES: dict[str, tuple[str, float, str]] = {
    "dual": ("primary", 12.0, "3"),
    "primary": ("primary", 24.0, "4"),
    "secondary": ("secondary", 18.0, "2"),
    "local": ("residential", 10.0, "2"),
    "elevated": ("motorway", 24.0, "6"),
}
"""Kind of road → OSM ``highway``, width of the carriageway [m], ``lanes``."""

DUAL_OFFSET_M = 8.0
SERVICE_OFFSET_M = 23.0
"""Centre line of a service street beside a secondary road: 9 m + 9 m between them + 5 m."""


@dataclass
class _Run:
    """One carriageway of one named road, straight on the plain, while it is being drawn."""

    name: str
    kind: str
    along_u: bool
    const: float
    start: float
    stop: float
    track: int = 0
    bridges: list[float] = field(default_factory=list)
    services: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class TownPlan:
    """The town's centre lines, for people (`ways`) and for building a truth on them (`runs`).

    Attributes
    ----------
    ways
        OSM-like ways: ``id``, ``name``, ``highway``, ``lanes``, ``oneway``, ``width``, ``bridge``,
        ``layer`` (text, missing where a source would have none); LineString in EPSG:4549. Ways run
        over several junctions and share vertices there.
    runs
        One row per carriageway of a named road: ``road``, ``kind`` (``dual``, ``primary``,
        ``secondary``, ``local``, ``elevated``), ``width_m``, ``track`` (-1 and 1 the two
        carriageways, else 0), ``geometry`` LineString (EPSG:4549).
    nodes
        Where runs meet: ``run``, ``at_m`` along it, ``other`` (run), ``through`` (the other run goes
        on beyond this one), sorted by run and ``at_m``.
    edges
        Pieces of a run between neighbouring nodes: ``run``, ``from_m``, ``to_m``, ``plain`` (False
        where a bridge or a service street is on it).
    """

    ways: gpd.GeoDataFrame
    runs: gpd.GeoDataFrame
    nodes: pd.DataFrame
    edges: pd.DataFrame


def town_side(projects: int) -> int:
    """Return how many blocks a side the town needs to carry that many projects.

    Examples
    --------
    >>> town_side(300), town_side(8000)
    (8, 29)
    """
    return max(5, round(math.sqrt(0.1 * projects + 34)))


def make_plan(side: int, rng: np.random.Generator) -> TownPlan:
    """Draw a town of ``side`` × ``side`` blocks (some 520 m each, with local streets inside).

    Parameters
    ----------
    side
        Blocks between main roads in each direction, at least 4.
    rng
        Everything random comes from here: the same state gives the same town.

    Returns
    -------
    TownPlan
        In EPSG:4549, around `CENTRE_LON_LAT`.
    """
    names = _Names(rng)
    cols = np.cumsum(rng.uniform(430.0, 620.0, side + 1)).round(1)
    rows = np.cumsum(rng.uniform(430.0, 620.0, side + 1)).round(1)
    river_row = side // 2
    runs = _main_roads(cols, rows, names, rng, along_u=False)
    runs += _main_roads(rows, cols, names, rng, along_u=True)
    runs += _local_streets(cols, rows, names, rng, river_row=river_row, along_u=False)
    runs += _local_streets(rows, cols, names, rng, river_row=river_row, along_u=True)
    for run in runs:
        if not run.along_u and run.kind != "local":
            at = float(_river(run.const, rows, river_row))
            run.bridges = [at - 22.0, at + 22.0] if run.start < at - 60 < run.stop - 120 else []
    crossings = _crossings(runs)
    _add_services(runs, crossings, rng)
    return _assemble(runs, crossings, _elevated(cols, rows), names, rng)


class _Names:
    """Road names that are each given once."""

    def __init__(self, rng: np.random.Generator) -> None:
        stems = [a + b for a in _STEM_FIRST for b in _STEM_LAST]
        self._stems: Iterator[str] = iter([stems[k] for k in rng.permutation(len(stems))])
        self._rng = rng

    def stem(self) -> str:
        return next(self._stems)

    def road(self) -> str:
        return self.stem() + "路"

    def street(self) -> str:
        return self.stem() + str(self._rng.choice(["路", "路", "街", "支路"]))


def _main_roads(
    lines: Floats, across: Floats, names: _Names, rng: np.random.Generator, *, along_u: bool
) -> list[_Run]:
    """Return the main roads on ``lines``, renamed on their way as real ones are."""
    low, high = ("西", "东") if along_u else ("南", "北")
    runs = []
    for k, const in enumerate(lines):
        kind = "dual" if k % 4 == 1 else "primary" if k % 4 == 3 else "secondary"
        ends = [float(across[0]) - rng.uniform(60, 140), float(across[-1]) + rng.uniform(60, 140)]
        breaks = []
        at = int(rng.integers(3, 6))
        while at < len(across) - 3:
            breaks.append(float(across[at]) - (DUAL_OFFSET_M if at % 4 == 1 else 0.0))
            at += int(rng.integers(4, 9))
        limits = [ends[0], *breaks, ends[1]]
        labels: list[str] = []
        while len(labels) < len(limits) - 1:
            if len(labels) + 2 <= len(limits) - 1:
                stem = names.stem()
                labels += [f"{stem}{low}路", f"{stem}{high}路"]
            else:
                labels.append(names.road())
        tracks = (-1, 1) if kind == "dual" else (0,)
        runs += [
            _Run(name, kind, along_u, float(const) + track * DUAL_OFFSET_M, start, stop, track)
            for name, start, stop in zip(labels, limits, limits[1:], strict=False)
            for track in tracks
        ]
    return runs


def _local_streets(
    lines: Floats,
    across: Floats,
    names: _Names,
    rng: np.random.Generator,
    *,
    river_row: int,
    along_u: bool,
) -> list[_Run]:
    """Return local streets inside the blocks, each over one to three of them."""
    runs = []
    for k in range(len(lines) - 1):
        first, before = 0, 0.0
        while first < len(across) - 1:
            last = min(first + int(rng.integers(1, 4)), len(across) - 1)
            if not along_u and first <= river_row < last:
                last = river_row if first < river_row else river_row + 1
            share = rng.uniform(0.36, 0.64)
            if along_u and k == river_row:
                share = rng.uniform(0.62, 0.7)
            if abs(share - before) < 0.08:  # goes straight on under another name
                share = before
            before = share
            const = round(float(lines[k] + share * (lines[k + 1] - lines[k])), 1)
            in_river = not along_u and first == river_row
            if rng.random() < 0.88 and not in_river:
                start = float(across[first]) + (DUAL_OFFSET_M if first % 4 == 1 else 0.0)
                stop = float(across[last]) - (DUAL_OFFSET_M if last % 4 == 1 else 0.0)
                runs.append(_Run(names.street(), "local", along_u, const, start, stop))
            first = last
    return runs


def _river(u: float, rows: Floats, river_row: int) -> float:
    gap = rows[river_row + 1] - rows[river_row]
    return float(rows[river_row] + 0.27 * gap + 18.0 * np.sin(u / 400.0))


def _crossings(runs: list[_Run]) -> npt.NDArray[np.int64]:
    """Return pairs (run along u, run along v) that meet on the plain."""
    along = np.flatnonzero([run.along_u for run in runs])
    up = np.flatnonzero([not run.along_u for run in runs])
    const = np.array([run.const for run in runs])
    start = np.array([run.start for run in runs])
    stop = np.array([run.stop for run in runs])
    h, v = along[:, None], up[None, :]
    meet = (
        (start[h] <= const[v]) & (const[v] <= stop[h])
        & (start[v] <= const[h]) & (const[h] <= stop[v])
    )  # fmt: skip
    i, j = np.nonzero(meet)
    return np.column_stack([along[i], up[j]])


def _add_services(
    runs: list[_Run], crossings: npt.NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Lay service streets beside some long pieces of secondary roads."""
    for k, run in enumerate(runs):
        if run.kind == "secondary" and run.along_u:
            at = np.sort([runs[v].const for h, v in crossings if h == k])
            long = np.flatnonzero(np.diff(at) >= 245.0)
            run.services = [
                (float(at[i]) + 36.0, float(at[i + 1]) - 36.0)
                for i in long[rng.random(len(long)) < 0.6]
            ]


def _elevated(cols: Floats, rows: Floats) -> Floats:
    """Return the elevated road on the plain: from corner to corner in a long bend."""
    t = np.linspace(0.0, 1.0, 40 * len(cols))
    u = cols[0] - 60 + t * (cols[-1] - cols[0] + 120)
    v = rows[0] + 130 + t * (rows[-1] - rows[0] - 260) + 160 * np.sin(2 * np.pi * t)
    return np.column_stack([u, v])


def _warp(uv: Floats) -> Floats:
    """Bend the plain gently: distances change by less than a tenth, nothing folds."""
    u, v = uv[:, 0], uv[:, 1]
    x = u + 45.0 * np.sin(v / 620.0 + 0.7) + 12.0 * np.sin(v / 190.0)
    y = v + 40.0 * np.sin(u / 710.0 + 1.9) + 11.0 * np.sin(u / 210.0)
    turn = np.deg2rad(9.0)
    return np.column_stack(
        [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)]
    )


def _stations(run: _Run, nodes: Floats) -> Floats:
    """Return where the run has vertices: its nodes, ends and bridge ends, and about every 20 m."""
    fixed = np.unique([run.start, run.stop, *nodes, *run.bridges])
    steps = np.arange(run.start, run.stop, 20.0)
    near = np.abs(steps[:, None] - fixed[None, :]).min(axis=1) < 6.0
    return np.unique(np.concatenate([fixed, steps[~near]]))


def _on_plain(run: _Run, at: Floats) -> Floats:
    const = np.full(len(at), run.const)
    return np.column_stack([at, const] if run.along_u else [const, at])


def _assemble(
    runs: list[_Run],
    crossings: npt.NDArray[np.int64],
    elevated: Floats,
    names: _Names,
    rng: np.random.Generator,
) -> TownPlan:
    """Turn runs on the plain into ways, runs, nodes and edges on the ground."""
    met: list[list[tuple[float, int, bool]]] = [[] for _ in runs]
    for h, v in crossings.tolist():
        met[h].append((runs[v].const, v, runs[v].start < runs[h].const < runs[v].stop))
        met[v].append((runs[h].const, h, runs[h].start < runs[v].const < runs[h].stop))
    lines: list[Floats] = []
    stations: list[Floats] = []
    services: list[tuple[int, str, Floats]] = []
    for k, run in enumerate(runs):
        for low, high in run.services:
            inner = np.arange(low + 30.0, high - 29.0, 20.0)
            path = np.column_stack([inner, np.full(len(inner), run.const + SERVICE_OFFSET_M)])
            ends = _on_plain(run, np.array([low, high]))
            number = len(runs) + len(services)
            met[k] += [(low, number, False), (high, number, False)]
            services.append((k, names.stem() + "支路", np.vstack([ends[0], path, ends[1]])))
        at = _stations(run, np.array([node[0] for node in met[k]]))
        stations.append(at)
        lines.append(_warp(_on_plain(run, at)))
    lines += [_warp(path) for _, _, path in services] + [_warp(elevated)]
    shift = _shift(np.vstack(lines))
    lines = [np.round(line + shift, 3) for line in lines]
    along = [_chainage(line) for line in lines]

    node_rows, edge_rows, way_rows = [], [], []
    for k, run in enumerate(runs):
        spots = {at: (other, through) for at, other, through in sorted(met[k])}
        at_m = dict(zip(stations[k].tolist(), along[k].tolist(), strict=True))
        node_rows += [(k, at_m[at], other, through) for at, (other, through) in spots.items()]
        stops = np.unique([run.start, *spots, run.stop]).tolist()
        special = [at for pair in run.services for at in pair] + run.bridges
        edge_rows += [
            (k, at_m[a], at_m[b], not any(a - 1 <= at <= b + 1 for at in special))
            for a, b in pairwise(stops)
        ]
        way_rows += _ways_of(k, run, stops, stations=stations[k], line=lines[k], rng=rng)
    for number, (main, _, _) in enumerate(services, start=len(runs)):
        node_rows += [(number, 0.0, main, True), (number, float(along[number][-1]), main, True)]
        edge_rows.append((number, 0.0, float(along[number][-1]), False))
        way_rows.append((number, False, lines[number]))
    way_rows.append((len(lines) - 1, True, lines[-1]))

    kinds = [run.kind for run in runs] + ["local"] * len(services) + ["elevated"]
    table = gpd.GeoDataFrame(
        {
            "road": [run.name for run in runs]
            + [name for _, name, _ in services]
            + [names.stem() + "高架路"],
            "kind": kinds,
            "width_m": [_CLASSES[kind][1] for kind in kinds],
            "track": [run.track for run in runs] + [0] * (len(services) + 1),
        },
        geometry=[shapely.LineString(line) for line in lines],
        crs=METRIC_CRS,
    )
    nodes = pd.DataFrame(node_rows, columns=["run", "at_m", "other", "through"])
    edges = pd.DataFrame(edge_rows, columns=["run", "from_m", "to_m", "plain"])
    return TownPlan(
        ways=_ways(way_rows, table, rng),
        runs=table,
        nodes=nodes.sort_values(["run", "at_m", "other"], ignore_index=True),
        edges=edges.sort_values(["run", "from_m"], ignore_index=True),
    )


def _shift(xy: Floats) -> Floats:
    """Return what moves the middle of the town to its place on the ground."""
    there = Transformer.from_crs(4326, METRIC_CRS, always_xy=True).transform(*CENTRE_LON_LAT)
    middle = (xy.min(axis=0) + xy.max(axis=0)) / 2
    return np.asarray(np.round(np.array(there) - middle, 3), dtype=np.float64)


def _chainage(line: Floats) -> Floats:
    steps = np.hypot(*np.diff(line, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _ways_of(
    number: int,
    run: _Run,
    stops: list[float],
    *,
    stations: Floats,
    line: Floats,
    rng: np.random.Generator,
) -> list[tuple[int, bool, Floats]]:
    """Cut a run into ways: at bridges always, at some of its junctions."""
    inner = [at for at in stops[1:-1] if rng.random() < 0.4]
    cuts = np.unique([run.start, run.stop, *inner, *run.bridges])
    index = np.searchsorted(stations, cuts)
    backwards = run.track == (1 if run.along_u else -1)  # traffic keeps to the right
    pieces = []
    for a, b in pairwise(index):
        piece = line[a : b + 1]
        bridge = bool(run.bridges) and abs(stations[a] - run.bridges[0]) < 0.01
        pieces.append((number, bridge, piece[::-1] if backwards else piece))
    return pieces


def _ways(
    rows: list[tuple[int, bool, Floats]], runs: gpd.GeoDataFrame, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Write ways with the attributes that a source has, and with the gaps that it has."""
    run = np.array([number for number, _, _ in rows])
    bridge = np.array([is_bridge for _, is_bridge, _ in rows])
    kind = runs["kind"].to_numpy()[run]
    width = runs["width_m"].to_numpy()[run]
    known = (rng.random(len(rows)) < 0.8) | np.isin(kind, ["dual"])
    lanes_known = rng.random(len(rows)) < 0.7
    return gpd.GeoDataFrame(
        {
            "id": 900_000_001 + np.arange(len(rows)),
            "name": runs["road"].to_numpy()[run],
            "highway": [_CLASSES[k][0] for k in kind],
            "lanes": [
                _CLASSES[k][2] if ok else None for k, ok in zip(kind, lanes_known, strict=True)
            ],
            "oneway": ["yes" if k == "dual" else None for k in kind],
            "width": [f"{w:g}" if ok else None for w, ok in zip(width, known, strict=True)],
            "bridge": ["yes" if is_bridge else None for is_bridge in bridge],
            "layer": ["1" if is_bridge else None for is_bridge in bridge],
        },
        geometry=[shapely.LineString(piece) for _, _, piece in rows],
        crs=METRIC_CRS,
    )
