"""The road ledger: what completed projects write into it, how rows are corrected, who it locks out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.city import City
from coordination.common_ground import only
from coordination.faults import UsageError
from coordination.policy import Policy
from coordination.projects import FIELD, UNKNOWN_DAY, day_numbers
from coordination.surfaces import LOCK_COLUMNS, Surfaces, digs_under_lock, part_of_road
from coordination.under_lock import digging
from coordination.works import add_months, own_entry_id, pits, works_table
from geo.linear_reference import assign, span_geometry
from geo.nearby_pairs import nearby_pairs
from geo.road_network import RoadNetwork

LEDGER_KINDS = ("opening", "resurfacing")
SURFACES = ("asphalt", "concrete", "footway")
LEDGER_COLUMNS = (
    "ledger_id", "road", "kind", "surface", "day", "start", "finish", "sector", "method",
    "owner_unit", "work_type", "source", "note",
)  # fmt: skip
CORRECTABLE = (
    "road", "kind", "surface", "day", "start", "finish", "sector", "method", "owner_unit",
    "work_type",
)  # fmt: skip
"""What a correction may change: who wrote a row and its place come from elsewhere."""
RENEWS = ("new", "rebuild", "widen", "major_repair", "medium_repair", "renovation")
"""Kinds of road work that leave a new surface behind; which of them lock, the policy says."""
_DIGS = ("open_cut", "trenchless")
_NEAR_M = 60.0
"""No dig shares a stretch with a surface that it is further from than this."""


def ledger_entries(projects: pd.DataFrame, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows that completed projects write into the ledger.

    Per site: an ``opening`` where it opened the ground (an unknown method counts as open cut), a
    ``resurfacing`` where a road work left a new surface; a rebuilt road writes both. The day is the
    actual last day, else the filed one; a site without either writes nothing, nor does one that
    opened nothing.

    Parameters
    ----------
    projects, sites
        Tables as in `coordination.city.City`.

    Returns
    -------
    geopandas.GeoDataFrame
        `LEDGER_COLUMNS` and ``geometry`` (as the sites'), in the order of the sites; ``source`` is
        the project's code and ``ledger_id`` its code, site and kind.

    Examples
    --------
    >>> projects = pd.DataFrame({"code": ["A"], "stage": "completed", "sector": "road",
    ...     "work_type": "rebuild", "owner_unit": "市政"})
    >>> sites = gpd.GeoDataFrame({"project_code": ["A"], "site_id": "1", "method": "open_cut",
    ...     "road": "甲路", "position": None, "start": pd.Timestamp("2025-03-01"),
    ...     "finish": pd.Timestamp("2025-06-30"), "actual_start": pd.NaT,
    ...     "actual_finish": pd.Timestamp("2025-07-04")}, geometry=[shapely.box(0, 0, 90, 9)])
    >>> ledger_entries(projects, sites)[["ledger_id", "kind", "day"]].values.tolist()
    [['A/1/opening', 'opening', Timestamp('2025-07-04 00:00:00')], \
['A/1/resurfacing', 'resurfacing', Timestamp('2025-07-04 00:00:00')]]
    """
    done = projects[projects["stage"].eq("completed")].drop_duplicates("code").set_index("code")
    rows = sites[sites["project_code"].isin(done.index)].reset_index(drop=True)
    code = rows["project_code"].astype("object")
    table = pd.DataFrame({"source": code, "site_id": rows["site_id"].astype("object")})
    table["road"] = rows["road"].astype("object")
    for name in ("sector", "work_type", "owner_unit"):
        table[name] = code.map(done[name].astype("object"))
    table["method"] = rows["method"].astype("object")
    table["surface"] = rows["position"].map({"footway": "footway"}).astype("object")
    for name in ("start", "finish"):
        actual = pd.to_datetime(rows[f"actual_{name}"])
        table[name] = actual.where(actual.notna(), pd.to_datetime(rows[name]))
    table["start"] = table["start"].where(~(table["start"] > table["finish"]), table["finish"])
    table["day"], table["note"] = table["finish"], None
    opens = table["method"].isna() | table["method"].isin((*_DIGS, "surface"))
    digs = table["method"].isna() | table["method"].isin(_DIGS)
    renews = opens & table["sector"].eq("road")
    renews &= table["work_type"].isin(RENEWS) | table["method"].eq("surface")
    known = table["day"].notna()
    parts = []
    for kind, where in (("opening", opens & (digs | ~renews)), ("resurfacing", renews)):
        part = table[where & known].assign(kind=kind)
        part["ledger_id"] = own_entry_id(part["source"], part["site_id"], kind)
        parts.append(part)
    both = pd.concat(parts).sort_index(kind="stable")
    shapes = np.asarray(rows.geometry.array, dtype=object)[both.index.to_numpy()]
    return gpd.GeoDataFrame(
        both[list(LEDGER_COLUMNS)].reset_index(drop=True), geometry=shapes, crs=sites.crs
    )


def checked_correction(entry: dict[str, Any], changes: dict[str, str]) -> dict[str, Any]:
    """Return the values that a correction sets, read and held to the other values of the row.

    Parameters
    ----------
    entry
        The row as it stands.
    changes
        New values as people write them, by name; an empty text takes a value away.

    Returns
    -------
    dict
        Codes and texts as they are, days as `datetime.date`, None for what is taken away.

    Raises
    ------
    UsageError
        ``ledger.error.field``, ``…code``, ``…day``, ``…needed`` or ``…order``.
    """
    codes: dict[str, tuple[str, ...]] = {
        "kind": LEDGER_KINDS, "surface": SURFACES,
        **{name: FIELD[name].codes for name in ("sector", "method", "work_type")},
    }  # fmt: skip
    values: dict[str, Any] = {}
    for name, text in changes.items():
        if name not in CORRECTABLE:
            raise UsageError("ledger.error.field", field=name, known=", ".join(CORRECTABLE))
        if not text:
            if name in {"kind", "day"}:
                raise UsageError("ledger.error.needed", field=name)
            values[name] = None
        elif name in {"day", "start", "finish"}:
            try:
                values[name] = date.fromisoformat(text)
            except ValueError:
                raise UsageError("ledger.error.day", field=name, found=text) from None
        elif name in codes and text not in codes[name]:
            known = ", ".join(codes[name])
            raise UsageError("ledger.error.code", field=name, found=text, known=known)
        else:
            values[name] = text
    if "day" in values and "finish" not in values:
        values["finish"] = values["day"]
    elif "finish" in values and "day" not in values and values["finish"] is not None:
        values["day"] = values["finish"]
    days = {name: values.get(name, entry.get(name)) for name in ("start", "finish")}
    first, last = (None if pd.isna(day) else pd.Timestamp(day) for day in days.values())
    if first is not None and last is not None and first > last:
        raise UsageError("ledger.error.order", start=str(first.date()), finish=str(last.date()))
    return values


def entries_where(
    ledger: gpd.GeoDataFrame | None,
    policy: Policy,
    *,
    road: str | None = None,
    kind: str | None = None,
    since: date | None = None,
) -> gpd.GeoDataFrame:
    """Return the rows of the ledger that are asked for, newest first, with how long they lock.

    Parameters
    ----------
    ledger
        `City.ledger`.
    policy
        ``no_dig``.
    road, kind
        Only of this road, only of this kind.
    since
        Only from this day on.

    Returns
    -------
    geopandas.GeoDataFrame
        The columns of the ledger and ``locked_until`` (date, inclusive; missing where a row locks
        nothing).
    """
    if ledger is None:
        columns = [*LEDGER_COLUMNS, "locked_until", "geometry"]
        return gpd.GeoDataFrame(pd.DataFrame(columns=columns), geometry="geometry")
    rows = ledger.reset_index(drop=True)
    kept = pd.Series(True, index=rows.index)
    if road is not None:
        kept &= rows["road"].eq(road)
    if kind is not None:
        kept &= rows["kind"].eq(kind)
    if since is not None:
        kept &= pd.to_datetime(rows["day"]) >= pd.Timestamp(since)
    rows = rows[kept].sort_values(["day", "ledger_id"], ascending=[False, True]).copy()
    rows["locked_until"] = _locked_until(rows, policy)
    return gpd.GeoDataFrame(rows.reset_index(drop=True), geometry="geometry", crs=ledger.crs)


def _locked_until(rows: pd.DataFrame, policy: Policy) -> pd.Series[Any]:
    road = rows["sector"].isna() | rows["sector"].eq("road")
    months = rows["work_type"].map(dict(policy.no_dig.months)).astype("float64")
    unknown = rows["work_type"].isna() & rows["kind"].eq("resurfacing")
    months = months.mask(unknown, policy.no_dig.unknown_months)
    days = day_numbers(pd.to_datetime(rows["day"]))
    until = np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[D]")
    locks = (road & months.notna()).to_numpy(dtype=bool) & (days != UNKNOWN_DAY)
    for number in np.unique(months.to_numpy()[locks]):
        of_them = locks & (months == number).to_numpy()
        until[of_them] = add_months(days[of_them], int(number)).astype("datetime64[D]")
    return pd.Series(until.astype("datetime64[us]"), index=rows.index)


@dataclass(frozen=True)
class Resurfacing:
    """A surface that somebody thinks of making.

    Attributes
    ----------
    code
        The project that would make it; None for a stretch of road.
    shapes
        Its ground, m, shape ``(n,)``.
    spans
        Where it lies along the roads, ``site`` a position in ``shapes``; None asks the network.
    road
        Name of its road per shape; may be missing.
    part
        Part of the road per shape (`coordination.surfaces.part_of_road`); may be missing.
    made_day
        Its last day per shape, days since 1970-01-01.
    months
        How long it locks.
    """

    code: str | None
    shapes: npt.NDArray[np.object_]
    spans: pd.DataFrame | None
    road: npt.NDArray[np.object_]
    part: npt.NDArray[np.object_]
    made_day: npt.NDArray[np.int64]
    months: int


def resurfacing_of_project(
    city: City, code: str, policy: Policy, *, day: date | None = None, kind: str | None = None
) -> Resurfacing:
    """Return the surface that a project would make on its sites.

    Parameters
    ----------
    city
        The tables.
    code
        Code of the project.
    policy
        ``no_dig``.
    day
        The day on which it is made; None takes the project's own last days.
    kind
        Kind of work; None takes the project's own, or where that locks nothing a major repair.

    Raises
    ------
    UsageError
        ``ledger.error.project``, ``…place`` or ``…no_day``.
    """
    works = works_table(city, policy, 0)
    sites = works[works["code"].eq(code) & ~works["ledger"].astype(bool)]
    if not len(sites):
        raise UsageError("ledger.error.project", code=code)
    sites = sites[sites["placed"]]
    if not len(sites):
        raise UsageError("ledger.error.place", code=code)
    own = sites["work_type"].iloc[0]
    if day is None:
        sites = sites[sites["dated"]]
        if not len(sites):
            raise UsageError("ledger.error.no_day", code=code)
    made = sites["finish_day"].to_numpy(dtype=np.int64) - 1 if day is None else _day(day, sites)
    return Resurfacing(
        code,
        sites.geometry.to_numpy(),
        None,
        sites["road"].to_numpy(dtype=object),
        part_of_road(sites["position"]),
        made,
        lock_months(kind or (own if own in policy.no_dig.months else "major_repair"), policy),
    )


def resurfacing_of_road(
    city: City,
    road: str,
    policy: Policy,
    *,
    day: date,
    kind: str = "major_repair",
    section_id: str | None = None,
) -> Resurfacing:
    """Return the surface that covers a road, or one section of it, from side to side.

    Parameters
    ----------
    city
        The tables.
    road
        Name of the road.
    policy
        ``no_dig``.
    day
        The day on which it is made.
    kind
        Kind of work.
    section_id
        Only this section.

    Raises
    ------
    UsageError
        ``ledger.error.network``, or ``ledger.error.road``.
    """
    if city.network is None:
        raise UsageError("ledger.error.network")
    sections = city.network.sections
    wanted = sections["road"].eq(road)
    if section_id is not None:
        wanted &= sections["section_id"].eq(section_id)
    rows = np.flatnonzero(wanted.to_numpy(dtype=bool))
    if not len(rows):
        raise UsageError("ledger.error.road", road=road, section=section_id or "–")
    length = shapely.length(sections.geometry.to_numpy()[rows])
    spans = pd.DataFrame(
        {"site": np.arange(len(rows)), "section": rows, "from_m": 0.0, "to_m": length,
         "side": "both"}
    )  # fmt: skip
    half = sections["width_m"].to_numpy(dtype=float)[rows] / 2
    ground = shapely.buffer(span_geometry(spans, sections), half, cap_style="flat")
    return Resurfacing(
        None, ground, spans, np.full(len(rows), road, dtype=object),
        np.full(len(rows), None, dtype=object), _day(day, spans), lock_months(kind, policy),
    )  # fmt: skip


def _day(day: date, rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    return np.full(len(rows), np.datetime64(day, "D").astype(np.int64), dtype=np.int64)


def lock_months(kind: str, policy: Policy) -> int:
    """Return how long the surface of a kind of work locks the ground.

    Raises
    ------
    UsageError
        ``ledger.error.kind`` when it locks nothing.
    """
    if kind not in policy.no_dig.months:
        raise UsageError("ledger.error.kind", kind=kind, known=", ".join(policy.no_dig.months))
    return int(policy.no_dig.months[kind])


LOCKED_COLUMNS = (
    "code", "name", "owner_unit", "site_id", "road", "place", "shared_m", "dug_m2", "start",
    "finish", "first_day", "last_day", "days", "free_from", "can_go_first", "emergency",
)  # fmt: skip


def locked_out_by(
    city: City, made: Resurfacing, policy: Policy, *, as_of: np.datetime64
) -> gpd.GeoDataFrame:
    """Return the digs that a surface would lock out: who is locked out if this is resurfaced.

    Parameters
    ----------
    city
        The tables.
    made
        The surface.
    policy
        What is shared ground.
    as_of
        Day of judgement: works that are finished on it are no longer asked.

    Returns
    -------
    geopandas.GeoDataFrame
        `LOCKED_COLUMNS`, one row per site and road, by first day: ``start``, ``finish`` of the
        work's window, ``first_day``, ``last_day`` and number of its ``days`` under lock,
        ``free_from`` (first day without lock), ``can_go_first`` (by its duration it can end before
        the surface is finished); ``geometry`` is where it opens the ground.
    """
    as_of_day = int(as_of.astype("datetime64[D]").astype(np.int64))
    works = works_table(city, policy, as_of_day)
    asked = digging(works) & (works["placed"] & works["dated"]).to_numpy(dtype=bool)
    near, _ = nearby_pairs(only(works.geometry.to_numpy(), asked), made.shapes, within_m=_NEAR_M)
    works = works.iloc[np.unique(near)].reset_index(drop=True)
    opened = np.asarray(works.geometry.to_numpy(), dtype=object).copy()
    bored = works["method"].eq("trenchless").to_numpy(dtype=bool)
    opened[bored] = pits(opened[bored], policy.pit_m)
    spans, of_surface = _spans(works, opened, made, city.network, policy)
    surface = _hypothetical(made, of_surface)
    pairs, _ = digs_under_lock(
        works, opened, spans, surface, city.network, policy,
        digs=np.ones(len(works), dtype=bool), locks=np.ones(len(made.shapes), dtype=bool),
    )  # fmt: skip
    work, laid = pairs["work"].to_numpy(), pairs["surface"].to_numpy()
    earliest_end = (works["first_start_day"] + works["duration_days"]).to_numpy()[work]
    names = city.projects.drop_duplicates("code").set_index("code")["name"].astype("object")
    found = pairs[["road", "place", "shared_m", "dug_m2", "first_day", "end_day"]].assign(
        code=works["code"].to_numpy(dtype=object)[work],
        owner_unit=works["owner_unit"].to_numpy(dtype=object)[work],
        site_id=works["site_id"].to_numpy(dtype=object)[work],
        start=works["start_day"].to_numpy()[work],
        finish=works["finish_day"].to_numpy()[work] - 1,
        last_day=pairs["end_day"] - 1,
        days=pairs["end_day"] - pairs["first_day"],
        free_from=surface.table["locked_until_day"].to_numpy()[laid],
        can_go_first=earliest_end <= made.made_day[laid] + 1,
        emergency=works["emergency"].to_numpy(dtype=bool)[work],
        geometry=opened[work],
    )
    found["name"] = found["code"].map(names)
    # A road is several sections: one site is told once per road.
    keys = ["code", "site_id", "road", "place"]
    total = found.groupby(keys, dropna=False)[["shared_m", "dug_m2"]].transform("sum")
    found["shared_m"] = total["shared_m"].where(found["shared_m"].notna())
    found["dug_m2"] = total["dug_m2"]
    found = found.sort_values(["first_day", *keys]).drop_duplicates(keys)
    for name in ("start", "finish", "first_day", "last_day", "free_from"):
        days = found[name].to_numpy(dtype=np.int64).astype("datetime64[D]")
        found[name] = days.astype("datetime64[us]")
    return gpd.GeoDataFrame(
        found[[*LOCKED_COLUMNS, "geometry"]].reset_index(drop=True),
        geometry="geometry",
        crs=city.crs,
    )


def _spans(
    works: gpd.GeoDataFrame,
    opened: npt.NDArray[np.object_],
    made: Resurfacing,
    network: RoadNetwork | None,
    policy: Policy,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return where the digs and the surface lie along the roads."""
    if network is None:
        none = np.empty(0, dtype=np.int64)
        empty = pd.DataFrame({"site": none, "section": none})
        return empty, empty
    rule = policy.network.assignment_rule()
    roads = works["road"].to_numpy(dtype=object)
    found = assign(
        np.concatenate([opened, made.shapes]), network, rule,
        road_hint=np.concatenate([roads, made.road]),
    ).spans  # fmt: skip
    of_surface = found[found["site"] >= len(works)]
    of_surface = of_surface.assign(site=of_surface["site"] - len(works))
    digs = found[found["site"] < len(works)].reset_index(drop=True)
    return digs, of_surface if made.spans is None else made.spans


def _hypothetical(made: Resurfacing, spans: pd.DataFrame) -> Surfaces:
    count = len(made.shapes)
    table = pd.DataFrame(
        {
            "code": np.full(count, made.code, dtype=object),
            "road": made.road,
            "part": made.part,
            LOCK_COLUMNS[0]: made.made_day + 1,
            LOCK_COLUMNS[1]: add_months(made.made_day, made.months) + 1,
            LOCK_COLUMNS[2]: add_months(made.made_day, made.months) + 1,
        }
    )
    return Surfaces(table, made.shapes, spans)
