"""What the works of the sample town are called, who files them, and the ground that they occupy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from coordination.projects import FIELD
from coordination.wording import table

Floats = npt.NDArray[np.float64]
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
    )  # fmt: skip
    return {name: FIELD[name].zh for name in names}


def label(field: str, code: str | None) -> str | None:
    """Return the Chinese label of a code, as a planner writes it; missing stays missing.

    Examples
    --------
    >>> label("sector", "drainage")
    '城市排水'
    """
    return None if code is None else table(f"labels.{field}", "zh")[code]


def strips(
    lines: Geometries, from_m: Floats, to_m: Floats, low_m: Floats, high_m: Floats
) -> Geometries:
    """Return the ground beside centre lines: one polygon per row.

    Parameters
    ----------
    lines
        LineStrings in a metric CRS, one per row.
    from_m, to_m
        Along the line; clipped to its length.
    low_m, high_m
        Across the line, to the left positive; ``low_m < high_m``.

    Returns
    -------
    array of Polygon
        The line is sampled about every 15 m, so that a strip follows its bends.

    Examples
    --------
    >>> line = np.array([shapely.LineString([(0, 0), (100, 0)])])
    >>> one = np.ones(1)
    >>> float(strips(line, 10 * one, 30 * one, -2 * one, 3 * one)[0].area)
    100.0
    """
    upper, row = _offset_points(lines, from_m, to_m, high_m)
    lower, _ = _offset_points(lines, from_m, to_m, low_m)
    both = np.concatenate([upper, lower[::-1]])
    of = np.concatenate([row, row[::-1]])
    order = np.argsort(of, kind="stable")
    polygons: Geometries = shapely.polygons(shapely.linearrings(both[order], indices=of[order]))
    return polygons


def offset_lines(lines: Geometries, from_m: Floats, to_m: Floats, across_m: Floats) -> Geometries:
    """Return lines beside centre lines, ``across_m`` to the left (one per row, metres)."""
    points, row = _offset_points(lines, from_m, to_m, across_m)
    drawn: Geometries = shapely.linestrings(points, indices=row)
    return drawn


def _offset_points(
    lines: Geometries, from_m: Floats, to_m: Floats, across_m: Floats
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return sample points of each row, moved sideways, and the row of each."""
    length = shapely.length(lines)
    start, stop = np.clip(from_m, 0.0, length), np.clip(to_m, 0.0, length)
    count = np.maximum(np.ceil((stop - start) / 15.0).astype(np.int64) + 1, 2)
    row = np.repeat(np.arange(len(lines)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    at = start[row] + (stop - start)[row] * place / (count - 1)[row]
    line = np.asarray(lines)[row]
    here, back, ahead = (
        shapely.get_coordinates(
            shapely.line_interpolate_point(line, np.clip(at + step, 0.0, length[row]))
        )
        for step in (0.0, -0.5, 0.5)
    )
    along = ahead - back
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    left = np.column_stack([-along[:, 1], along[:, 0]])
    return here + left * across_m[row][:, None], row
