"""Works as they were meant (`Work`), and the city that their units file of them, noise included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from accuracy_network import METRIC_CRS, Streets

from coordination.city import City
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.sample_works import KINDS, Places, strips

AS_OF = date(2026, 3, 1)
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Work:
    """One work as it was meant. Metres are along and across the plot's road, to the left positive.

    Attributes
    ----------
    code
        Of the project; for a past work, of its row in the ledger.
    plot
        Row of `Streets.plots`; rows of `Streets.headlands` come behind them.
    kind
        Key of `data.sample_works.KINDS`.
    from_m, to_m
        From the plot's origin.
    low_m, high_m
        Across the road.
    start, finish
        Inclusive days; missing where nobody knows.
    days
        Days of work inside the window.
    history
        A finished work of the ledger; ``surface`` is what it left behind and ``resurfacing`` whether
        it made a new surface.
    values
        Further fields of the project or site.
    """

    code: str
    plot: int
    kind: str
    from_m: float
    to_m: float
    low_m: float
    high_m: float
    start: date | None
    finish: date | None
    days: int | None = None
    unit: int = 0
    stage: str = "annual_plan"
    impact: str = "none"
    site_id: str = "1"
    history: bool = False
    resurfacing: bool = False
    drawn: bool = True
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def area_m2(self) -> float:
        return (self.to_m - self.from_m) * (self.high_m - self.low_m)

    def get(self, name: str) -> object:
        """Return a field of the project: what was stated, else what its kind says."""
        if name in self.values:
            return self.values[name]
        kind = KINDS[self.kind]
        own = {
            "owner_unit": kind.units[self.unit], "sector": kind.sector, "utility": kind.utility,
            "work_type": kind.work_type, "method": kind.method, "level": "district",
            "funding": "区级财政", "traffic_impact": self.impact, "stage": self.stage,
            "position": {"footway": "footway", "trees": "verge"}.get(self.kind),
        }  # fmt: skip
        return own.get(name)


@dataclass(frozen=True)
class Things:
    """What lies beside the works: rows of restrictions, boundaries and assets, as imported.

    Each table is None where no case needs it.
    """

    restrictions: gpd.GeoDataFrame | None = None
    boundaries: gpd.GeoDataFrame | None = None
    assets: gpd.GeoDataFrame | None = None


@dataclass(frozen=True)
class Noise:
    """How badly units draw and date.

    Attributes
    ----------
    metres
        The whole drawing is off by this much in a random direction, and each corner by a normal
        error of a quarter of it.
    width_share
        The drawn width is off by up to this share.
    days
        Windows are shifted by up to so many days, earlier or later.
    months
        Dates are known to the month only.
    """

    metres: float = 0.0
    width_share: float = 0.0
    days: int = 0
    months: bool = False

    @property
    def name(self) -> str:
        parts = []
        if self.metres:
            parts.append(f"{self.metres:g} m")
        if self.width_share:
            parts.append(f"width ±{self.width_share:.0%}")
        if self.days:
            parts.append(f"±{self.days} d")
        if self.months:
            parts.append("months")
        return ", ".join(parts) or "none"


NO_NOISE = Noise()


def drawn(
    works: Sequence[Work], streets: Streets, noise: Noise, rng: np.random.Generator
) -> Geometries:
    """Return the polygons that units draw of works."""
    columns = ["geometry", "at_m"]
    table = pd.concat([streets.plots[columns], streets.headlands[columns]], ignore_index=True)
    lines, at = table["geometry"].to_numpy(), table["at_m"].to_numpy()
    run = np.array([work.plot for work in works], dtype=np.int64)
    low = np.array([work.low_m for work in works])
    high = np.array([work.high_m for work in works])
    middle, half = (low + high) / 2, (high - low) / 2
    half = half * (1 + noise.width_share * rng.uniform(-1, 1, len(works)))
    place = Places(
        run,
        at[run] + np.array([work.from_m for work in works]),
        at[run] + np.array([work.to_m for work in works]),
        middle - half,
        middle + half,
    )
    shapes = strips(lines, place)
    if not noise.metres:
        return np.asarray(shapely.make_valid(shapes, method="structure", keep_collapsed=False))
    way = rng.uniform(0, 2 * np.pi, len(works))
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    xy = xy + noise.metres * np.column_stack([np.cos(way), np.sin(way)])[of]
    error = rng.normal(0.0, noise.metres / 4, xy.shape)
    last = np.append(np.flatnonzero(np.diff(of)), len(of) - 1)
    error[last] = error[np.append(0, last[:-1] + 1)]  # rings stay closed
    moved = shapely.set_coordinates(shapes.copy(), xy + error)
    return np.asarray(shapely.make_valid(moved, method="structure", keep_collapsed=False))


def filed(works: Sequence[Work], noise: Noise, rng: np.random.Generator) -> list[Work]:
    """Return works with the dates that units file."""
    shift = rng.integers(-noise.days, noise.days + 1, len(works)) if noise.days else None
    result = []
    for number, work in enumerate(works):
        one = work
        if work.start is None or work.finish is None or work.history:
            result.append(one)
            continue
        if shift is not None:
            by = timedelta(days=int(shift[number]))
            one = replace(one, start=work.start + by, finish=work.finish + by)
        if noise.months and one.start and one.finish:
            days = one.days or (one.finish - one.start).days + 1
            last = (one.finish.replace(day=28) + timedelta(days=4)).replace(day=1)
            coarse = {"start_precision": "month", "finish_precision": "month"}
            one = replace(
                one, start=one.start.replace(day=1), finish=last - timedelta(days=1), days=days,
                values={**one.values, **coarse},
            )  # fmt: skip
        result.append(one)
    return result


def as_city(
    works: Sequence[Work],
    streets: Streets,
    things: Things,
    *,
    noise: Noise = NO_NOISE,
    seed: int = 0,
) -> City:
    """Return the city that holds these works, drawn and dated with some noise."""
    rng = np.random.default_rng(seed)
    shapes = drawn(works, streets, noise, rng)
    parts, of = shapely.get_parts(shapes, return_index=True)
    shapes = shapely.multipolygons(parts, indices=of)
    works = filed(works, noise, rng)
    roads = pd.concat([streets.plots["road"], streets.headlands["road"]], ignore_index=True)
    rows = []
    for work, shape in zip(works, shapes, strict=True):
        kind = KINDS[work.kind]
        row: dict[str, object] = {
            "code": work.code, "project_code": work.code, "site_id": work.site_id,
            "name": f"{work.code} {kind.title}", "road": roads[work.plot], "start": work.start,
            "finish": work.finish, "duration_days": _days(work), "stage": work.stage,
            "history": work.history, "resurfacing": work.resurfacing,
            "geometry": shape if work.drawn else None,
        }  # fmt: skip
        for name in ("owner_unit", "sector", "utility", "work_type", "method", "level", "funding",
                     "traffic_impact", "position"):  # fmt: skip
            row[name] = work.get(name)
        more = dict(work.values)
        if "permit_share" in more:
            more["permit_area_m2"] = round(work.area_m2 * float(more["permit_share"]), 1)
        rows.append(row | more)
    table = pd.DataFrame(rows)
    for name in (
        "start",
        "finish",
        "permit_start",
        "permit_finish",
        "actual_start",
        "actual_finish",
    ):
        if name in table:
            table[name] = pd.to_datetime(table[name]).astype("datetime64[us]")
    past = table["history"].to_numpy(dtype=bool)
    plan = table[~past].reset_index(drop=True)
    projects = as_fields(plan.drop_duplicates("code").reset_index(drop=True), PROJECT_FIELDS)
    sites = as_fields(plan, SITE_FIELDS).assign(
        project_code=plan["project_code"],
        footprint_source=np.where(plan["geometry"].isna(), None, "polygon"),
    )
    return City(
        crs=METRIC_CRS,
        projects=projects.assign(revision=1),
        sites=gpd.GeoDataFrame(sites, geometry=gpd.GeoSeries(plan["geometry"], crs=METRIC_CRS)),
        network=streets.network,
        ledger=_ledger(table[past].reset_index(drop=True)),
        restrictions=things.restrictions,
        boundaries=things.boundaries,
        assets=things.assets,
    )


def _days(work: Work) -> int | None:
    if work.days is not None or work.start is None or work.finish is None:
        return work.days
    return (work.finish - work.start).days + 1


def _ledger(past: pd.DataFrame) -> gpd.GeoDataFrame:
    columns = {
        "ledger_id": past["code"], "road": past["road"],
        "kind": np.where(past["resurfacing"].astype(bool), "resurfacing", "opening"),
        "surface": "asphalt", "day": past["finish"], "start": past["start"],
        "finish": past["finish"], "sector": past["sector"], "method": past["method"],
        "owner_unit": past["owner_unit"], "work_type": past["work_type"], "source": "history",
        "note": None,
    }  # fmt: skip
    return gpd.GeoDataFrame(
        pd.DataFrame(columns), geometry=gpd.GeoSeries(past["geometry"], crs=METRIC_CRS)
    )
