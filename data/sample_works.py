"""What the works of the sample town are called, who files them, and the ground that they occupy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.projects import FIELD
from coordination.wording import table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]

TOWNS = (
    "云浦镇", "沁源镇", "青屏镇", "澄湖镇", "枫泾湾镇", "栖霞街道", "松涵街道", "汇泉街道", "禾塘镇",
    "锦原镇", "瑶溪镇", "岚桥工业区",
)  # fmt: skip

FUNDING = ("市级财政", "区级财政", "镇级财政", "企业自筹", "专项债券")


@dataclass(frozen=True)
class WorkKind:
    """One kind of work: who files it and how it digs. Codes are those of `coordination.projects`.

    Attributes
    ----------
    title
        What follows the road's name in the project's name.
    width_m
        Width of its trench; 0 stands for the width of the road.
    yuan_per_m2
        For the estimate of its cost.
    share
        How often it comes in the background, relative to the others.
    """

    title: str
    sector: str
    utility: str | None
    line_kind: str | None
    work_type: str
    method: str
    units: tuple[str, ...]
    department: str
    width_m: float
    yuan_per_m2: float
    share: float


KINDS: Mapping[str, WorkKind] = {
    "sewer": WorkKind("污水管改造工程", "drainage", "sewer", "hard", "rebuild", "open_cut",
                      ("云城排水管理所", "云城水务建设公司"), "区水务局", 4.0, 2600, 1.0),
    "storm": WorkKind("雨水管完善工程", "drainage", "storm", "hard", "new", "open_cut",
                      ("云城排水管理所", "云城水务建设公司"), "区水务局", 4.0, 2400, 0.7),
    "water": WorkKind("给水管更新工程", "pipeline", "water", "hard", "rebuild", "open_cut",
                      ("云城供水有限公司", "云城二次供水公司"), "区水务局", 2.5, 1800, 1.3),
    "gas": WorkKind("燃气管改造工程", "pipeline", "gas", "hard", "rebuild", "open_cut",
                    ("云城燃气有限公司", "云北燃气有限公司"), "区建设管理委", 2.0, 1700, 1.1),
    "power": WorkKind("电力排管工程", "pipeline", "power", "soft", "new", "open_cut",
                      ("云城供电公司", "云城电力实业公司"), "区发展改革委", 2.0, 2100, 1.0),
    "telecom": WorkKind("通信管道工程", "pipeline", "telecom", "soft", "new", "open_cut",
                        ("云城信息管线公司", "云城通信分公司"), "区科委", 1.5, 900, 1.0),
    "crossing": WorkKind("电力顶管工程", "pipeline", "power", "soft", "new", "trenchless",
                         ("云城供电公司", "云城电力实业公司"), "区发展改革委", 2.0, 3200, 0.3),
    "rebuild": WorkKind("道路大修工程", "road", None, None, "major_repair", "open_cut",
                        ("云城道路管理所", "云城公路养护中心"), "区交通委", 0.0, 650, 0.7),
    "surface": WorkKind("车行道路面中修工程", "road", None, None, "medium_repair", "surface",
                        ("云城道路管理所", "云城公路养护中心"), "区交通委", 0.0, 260, 1.2),
    "footway": WorkKind("人行道整修工程", "road", None, None, "minor_repair", "surface",
                        ("云城道路管理所", "云城市政养护公司"), "区交通委", 3.0, 320, 0.9),
    "lighting": WorkKind("路灯电缆更新工程", "lighting", "lighting", "soft", "renovation", "open_cut",
                         ("云城路灯管理所", "云城照明工程公司"), "区建设管理委", 1.5, 800, 0.8),
    "signal": WorkKind("信号灯管线工程", "traffic", "signal", "soft", "new", "open_cut",
                       ("公安嘉定分局交警支队", "云城交通设施公司"), "公安嘉定分局", 1.5, 1100, 0.7),
    "hydrant": WorkKind("市政消火栓增设工程", "fire", "water", "hard", "new", "open_cut",
                        ("区消防救援支队", "云城消防设施公司"), "区消防救援支队", 2.0, 1500, 0.5),
    "trees": WorkKind("行道树补植工程", "greening", None, None, "upkeep", "open_cut",
                      ("云城绿化管理所", "云城园林公司"), "区绿化市容局", 3.0, 280, 0.7),
    "facade": WorkKind("沿街立面整治工程", "greening", None, None, "renovation", "none",
                       ("云城市容管理所", "云城园林公司"), "区绿化市容局", 3.0, 400, 0.3),
}  # fmt: skip

WKT_UNIT = "云城供水有限公司"
"""The unit that files a spreadsheet with WKT in a column instead of a layer."""


def headers() -> dict[str, str]:
    """Return our field names → the headers of the filed lists, in the lists' order.

    Examples
    --------
    >>> headers()["cost_wan"]
    '估算投资(万元)'
    """
    names = (
        "code", "name", "owner_unit", "department", "sector", "work_type", "stage", "level", "town",
        "road", "extent_text", "position", "method", "utility", "line_kind", "length_m", "width_m",
        "area_m2", "start", "finish", "duration_days", "cost_wan", "funding", "traffic_impact",
        "site_id", "external_id", "actual_start", "actual_finish", "safety_critical", "remark",
        "permit_no", "permit_start", "permit_finish", "permit_area_m2",
    )  # fmt: skip
    return {name: FIELD[name].zh for name in names}


def labels(field: str) -> dict[str, str]:
    """Return code → Chinese label of a field, as planners write it.

    Examples
    --------
    >>> labels("sector")["drainage"]
    '城市排水'
    """
    return table(f"labels.{field}", "zh")


@dataclass(frozen=True)
class Places:
    """Where works lie on centre lines: one entry per work, metres.

    Attributes
    ----------
    run
        Position of its centre line.
    from_m, to_m
        Along the line; clipped to its length.
    low_m, high_m
        Across the line, to the left positive; ``low_m <= high_m``.
    """

    run: Ints
    from_m: Floats
    to_m: Floats
    low_m: Floats
    high_m: Floats

    @classmethod
    def of(cls, sites: pd.DataFrame) -> Places:
        """Return the places in the columns ``run, from_m, to_m, low_m, high_m`` of a table."""
        numbers = sites[["from_m", "to_m", "low_m", "high_m"]].to_numpy(dtype=np.float64)
        return cls(sites["run"].to_numpy(dtype=np.int64), *numbers.T)

    def where(self, keep: npt.NDArray[np.bool_] | Ints) -> Places:
        """Return the entries that a mask or positions pick."""
        return Places(
            self.run[keep], self.from_m[keep], self.to_m[keep], self.low_m[keep], self.high_m[keep]
        )

    def with_changed(self, at: Ints, other: Places) -> Places:
        """Return the places with the entries ``at`` replaced by ``other``, in order."""
        columns = []
        for name in ("run", "from_m", "to_m", "low_m", "high_m"):
            values = getattr(self, name).copy()
            values[at] = getattr(other, name)
            columns.append(values)
        return Places(*columns)


def strips(lines: Geometries, places: Places) -> Geometries:
    """Return the ground of works beside centre lines.

    Parameters
    ----------
    lines
        LineStrings in a metric CRS.
    places
        Where the works lie on them; ``low_m < high_m``.

    Returns
    -------
    array of Polygon
        One per place; the line is sampled about every 15 m, so that a strip follows its bends.

    Examples
    --------
    >>> line = np.array([shapely.LineString([(0, 0), (100, 0)])])
    >>> one = np.ones(1)
    >>> place = Places(np.array([0]), 10 * one, 30 * one, -2 * one, 3 * one)
    >>> float(strips(line, place)[0].area)
    100.0
    """
    upper, row = _offset_points(lines, places, places.high_m)
    lower, _ = _offset_points(lines, places, places.low_m)
    both = np.concatenate([upper, lower[::-1]])
    of = np.concatenate([row, row[::-1]])
    order = np.argsort(of, kind="stable")
    rings = shapely.linearrings(both[order], indices=of[order])
    return np.asarray(shapely.polygons(rings), dtype=object)


def middle_lines(lines: Geometries, places: Places) -> Geometries:
    """Return the middle of each strip as a line (metres)."""
    points, row = _offset_points(lines, places, (places.low_m + places.high_m) / 2)
    return np.asarray(shapely.linestrings(points, indices=row), dtype=object)


def _offset_points(lines: Geometries, places: Places, across_m: Floats) -> tuple[Floats, Ints]:
    """Return sample points of each place, moved sideways, and the place of each."""
    xy, of = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    chain = np.cumsum(np.where(np.diff(of, prepend=-1) > 0, 1.0, step))  # lines laid end to end
    origin = chain[np.searchsorted(of, np.arange(len(lines)))]
    length = shapely.length(lines)[places.run]
    start, stop = np.clip(places.from_m, 0.0, length), np.clip(places.to_m, 0.0, length)
    count = np.maximum(np.ceil((stop - start) / 15.0).astype(np.int64) + 1, 2)
    row = np.repeat(np.arange(len(places.run)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    at = start[row] + (stop - start)[row] * place / (count - 1)[row]

    def point(at_m: Floats) -> Floats:
        along = origin[places.run[row]] + np.clip(at_m, 0.0, length[row])
        return np.column_stack([np.interp(along, chain, xy[:, axis]) for axis in (0, 1)])

    ahead = point(at + 0.5) - point(at - 0.5)
    ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    left = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    return point(at) + left * across_m[row][:, None], row
