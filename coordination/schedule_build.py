"""From what the rules see of a city to the problem that the schedule solves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.common_ground import Lying, common_ground, only
from coordination.movable import movable_windows, start_limits
from coordination.openings import depended_codes, joined_labels
from coordination.rules.protocol import Context
from coordination.rules.restricted_period import barred_days
from coordination.rules.wrong_order import layer_pairs
from coordination.savings import rates_of, surface_of
from coordination.schedule_problem import (
    BARRED_COLUMNS,
    FEN_PER_WAN,
    FEN_PER_YUAN,
    LOCK_COLUMNS,
    ScheduleProblem,
)
from coordination.surfaces import digs_on_surfaces
from coordination.under_lock import digging, early_dig_fee_wan
from coordination.works import ROAD_BASE_LAYER, SURFACE_LAYER, UNDERGROUND

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

_RATES = ("low_fen", "mid_fen", "high_fen")
_SIDES = {"left": 1, "right": 2}


def schedule_problem(context: Context) -> ScheduleProblem:
    """Return the schedule's problem: every project with an unfinished, dated, placed work.

    Of a window that is wider than its work, the work as filed begins with the window. What is over
    takes no part but for the surfaces that it leaves behind.

    Parameters
    ----------
    context
        `coordination.detection.look` at the city on the day of judgement.
    """
    projects, works, row_of = _projects(context)
    stretches, members = _stretches(context, works, row_of)
    tables = _tied(context, works, row_of)
    names: dict[str, str] = {}
    crews, crews_most = _crews(context, projects, names)
    corridors, corridors_most = _corridors(context, works, row_of, names)
    at = works["row"].to_numpy(dtype=np.int64)
    codes = context.works["code"].iloc[at].reset_index(drop=True)
    bundles = context.city.bundles
    links = [
        (first, other)
        for _, held in bundles.groupby("bundle_id")["code"]
        for first, other in zip(sorted(held), sorted(held)[1:], strict=False)
    ]
    policy = context.policy
    return ScheduleProblem(
        projects=projects,
        works=works,
        stretches=stretches,
        members=members,
        bundle=joined_labels(codes, links),
        dependent=joined_labels(codes, _named_links(context)),
        as_of_day=context.as_of_day,
        link_days=policy.link_days,
        max_opening_days=policy.max_opening_days,
        order_months=policy.order.months,
        barred=tables["barred"],
        order=tables["order"],
        locks=tables["locks"],
        apart=tables["apart"],
        depends=_depends(context, projects),
        crews=crews,
        crews_most=crews_most,
        corridors=corridors,
        corridors_most=corridors_most,
        names=names,
    )


def _projects(context: Context) -> tuple[pd.DataFrame, pd.DataFrame, Rows]:
    """Return projects, works, and the work of each row of the working table (-1 for none)."""
    city, policy, table = context.city, context.policy, context.works
    taking = (table["dated"] & table["placed"] & ~table["finished"] & ~table["ledger"]).to_numpy(
        dtype=bool
    )
    rows = np.flatnonzero(taking)
    windows = movable_windows(city.projects, city.sites, table, policy, as_of_day=context.as_of_day)
    codes, project = np.unique(table["code"].to_numpy(dtype=object)[rows], return_inverse=True)
    first = table["first_start_day"].to_numpy(dtype=np.int64)[rows]
    days = table["duration_days"].to_numpy(dtype=np.int64)[rows]
    filed = np.full(len(codes), np.iinfo(np.int64).max)
    np.minimum.at(filed, project, first)
    offset = first - filed[project]
    length = np.zeros(len(codes), dtype=np.int64)
    np.maximum.at(length, project, offset + days)
    told = windows.reindex(codes)
    limits = np.array(
        [
            start_limits(told.iloc[at], int(length[at])) if code in windows.index else (0, -1)
            for at, code in enumerate(codes)
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    why = told["why"].to_numpy(dtype=object)
    shut = (limits[:, 0] > limits[:, 1]) & pd.isna(why)
    why = np.where(shut, "no_room", why)
    stays = pd.notna(why)
    of_city = city.projects.drop_duplicates("code").set_index("code").reindex(codes)
    projects = pd.DataFrame(
        {
            "code": codes,
            "owner_unit": of_city["owner_unit"].to_numpy(dtype=object),
            "filed_day": filed,
            "first_day": np.where(stays, filed, limits[:, 0]),
            "last_day": np.where(stays, filed, limits[:, 1]),
            "length_days": length,
            "why": only(why, stays),
            "never_later": told["never_later"].fillna(value=False).to_numpy(dtype=bool),
            "move_fen_day": round(policy.plan.move_yuan_day * FEN_PER_YUAN),
            "wish_day": filed,
        }
    )
    works = pd.DataFrame(
        {
            "project": project.astype(np.int64),
            "row": rows,
            "offset_days": offset,
            "days": days,
            "layer_low": table["layer_low"].to_numpy(dtype=np.int64)[rows],
            "layer_high": table["layer_high"].to_numpy(dtype=np.int64)[rows],
            "digs": table["digs"].to_numpy(dtype=bool)[rows],
            "closes": table["traffic_impact"].isin(policy.closure.impacts).to_numpy()[rows],
        }
    )
    row_of = np.full(len(table), -1, dtype=np.int64)
    row_of[rows] = np.arange(len(rows))
    return projects, works, row_of


def _stretches(
    context: Context, works: pd.DataFrame, row_of: Rows
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the stretches that unfinished works open, and which works open each."""
    pieces, policy = context.grounds.pieces, context.policy
    members = context.grounds.members[["ground", "work"]]
    members = members.assign(work=row_of[members["work"].to_numpy(dtype=np.int64)])
    members = members[members["work"] >= 0]
    ends = pieces[["left", "right"]].to_numpy(dtype=np.int64)
    about_two = ends[members["ground"].to_numpy()]
    row = works["row"].to_numpy(dtype=np.int64)[members["work"].to_numpy()]
    named = (about_two[:, 0] < 0) | (about_two == row[:, None]).any(axis=1)
    members = members[named].drop_duplicates().sort_values(["ground", "work"], ignore_index=True)
    lone = pieces["section"].to_numpy() < 0
    counts = members["ground"].value_counts()
    several = members["ground"].map(counts).to_numpy() > 1
    # Ground off the roads is about two works: with one of them over there is nothing to share.
    members = members[several | ~lone[members["ground"].to_numpy()]].reset_index(drop=True)
    stretch_of, halves = _both_sides(pieces, members)
    kept = np.flatnonzero(stretch_of >= 0)
    number = np.unique(stretch_of[kept], return_inverse=True)
    grounds = number[0]
    table = pieces.iloc[grounds].reset_index(drop=True)
    double = halves[grounds]
    area = _common_m2(context, table)
    length = table["length_m"].to_numpy(dtype=float)
    # Off the roads the common ground counts as a strip of its area.
    off = np.isnan(length)
    length = np.where(off, np.sqrt(area), length)
    weight = _weights(context, table["section"].to_numpy(dtype=np.int64))
    local = policy.plan.closed_day_yuan_m["local"]
    stretches = pd.DataFrame(
        {
            "ground": grounds,
            "place": table["place"].to_numpy(dtype=object),
            "road": table["road"].to_numpy(dtype=object),
            "section": table["section"].to_numpy(dtype=np.int64),
            "from_m": table["from_m"].to_numpy(dtype=float),
            "to_m": table["to_m"].to_numpy(dtype=float),
            "side": np.where(double, "both", table["side"].to_numpy(dtype=object)),
            "length_m": length,
            "day_fen": np.round(length * weight * FEN_PER_YUAN).astype(np.int64),
            "day_weight": weight / local if local > 0 else np.ones(len(weight)),
        }
    )
    of = stretch_of[members["ground"].to_numpy()]
    first = of == members["ground"].to_numpy()
    members = members[first].reset_index(drop=True)
    members["stretch"] = np.searchsorted(grounds, members["ground"].to_numpy())
    _add_reinstatement(context, works, stretches, members, pieces, area)
    columns = ["stretch", "work", *_RATES]
    return stretches, members[columns].sort_values(["stretch", "work"], ignore_index=True)


def _both_sides(pieces: pd.DataFrame, members: pd.DataFrame) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """Return the ground that stands for each one (-1: it has no work), and which stand for two sides.

    Two sides of the same metres with the same works count once.
    """
    stands = np.full(len(pieces), -1, dtype=np.int64)
    double = np.zeros(len(pieces), dtype=bool)
    works = members.groupby("ground")["work"].agg(tuple)
    grounds = works.index.to_numpy(dtype=np.int64)
    stands[grounds] = grounds
    table = pieces.iloc[grounds][["section", "from_m", "to_m"]].reset_index(drop=True)
    table["works"], table["ground"] = works.to_numpy(), grounds
    on_road = table[table["section"] >= 0]
    key = ["section", "from_m", "to_m", "works"]
    first = on_road.groupby(key, sort=False)["ground"].transform("min").to_numpy()
    other = first != on_road["ground"].to_numpy()
    stands[on_road["ground"].to_numpy()[other]] = first[other]
    double[first[other]] = True
    return stands, double


def _common_m2(context: Context, table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the common ground of the two works of pieces off the roads; NaN on roads."""
    area = np.full(len(table), np.nan)
    off = np.flatnonzero(table["section"].to_numpy() < 0)
    left, right = (table[name].to_numpy(dtype=np.int64)[off] for name in ("left", "right"))
    area[off] = shapely.area(shapely.intersection(context.opened[left], context.opened[right]))
    return area


def _weights(context: Context, section: Rows) -> npt.NDArray[np.float64]:
    """Return what a closed day of one metre weighs, yuan."""
    table = dict(context.policy.plan.closed_day_yuan_m)
    weight = np.full(len(section), table["default"])
    if context.network is not None:
        on = section >= 0
        classes = context.network.sections["road_class"].to_numpy(dtype=object)[section[on]]
        weight[on] = [table.get(str(one), table["default"]) for one in classes]
    return weight


def _add_reinstatement(  # noqa: PLR0917 - the tables side by side
    context: Context,
    works: pd.DataFrame,
    stretches: pd.DataFrame,
    members: pd.DataFrame,
    pieces: pd.DataFrame,
    area_m2: npt.NDArray[np.float64],
) -> None:
    """Set what each work's opening of each stretch would cost alone: length × dig × rate."""
    row = works["row"].to_numpy(dtype=np.int64)[members["work"].to_numpy()]
    stretch = members["stretch"].to_numpy()
    width = np.nan_to_num(context.works["width_m"].to_numpy(dtype=float)[row])
    # A work on both sides has half of its dig on each.
    spans = context.grounds.members[["ground", "work"]].copy()
    at = pieces.iloc[spans["ground"].to_numpy()]
    spans["section"] = at["section"].to_numpy()
    spans["from_m"], spans["to_m"] = at["from_m"].to_numpy(), at["to_m"].to_numpy()
    spans = spans[spans["section"] >= 0]
    sides = spans.groupby(["work", "section", "from_m", "to_m"]).size()
    own = pd.MultiIndex.from_arrays(
        [row, stretches["section"].to_numpy()[stretch], stretches["from_m"].to_numpy()[stretch],
         stretches["to_m"].to_numpy()[stretch]]
    )  # fmt: skip
    two = sides.reindex(own).fillna(1).to_numpy() > 1
    halved = two & (stretches["side"].to_numpy(dtype=object)[stretch] != "both")
    dug = np.where(halved, width / 2, width) * stretches["length_m"].to_numpy()[stretch]
    dug = np.where(np.isnan(area_m2[stretch]), dug, area_m2[stretch])
    rates = rates_of(surface_of(context.works["position"])[row], context.policy)
    for name, rate in zip(_RATES, rates.T, strict=True):
        members[name] = np.round(dug * rate * FEN_PER_YUAN).astype(np.int64)


def _tied(context: Context, works: pd.DataFrame, row_of: Rows) -> dict[str, pd.DataFrame]:
    """Return what bars works, and which works are tied by the works order, locks and closures."""
    table, policy = context.works, context.policy
    taking = row_of >= 0
    codes = table["code"].to_numpy(dtype=object)
    # Locks: of surfaces that exist, and of those that works will make.
    digs = digging(table) & taking & ~table["emergency"].to_numpy(dtype=bool)
    found = context.surfaces.table
    of_work = found["work"].to_numpy(dtype=np.int64)
    planned = (of_work >= 0) & (np.append(row_of, -1)[of_work] >= 0)
    pairs, _ = digs_on_surfaces(
        table, context.opened, context.opening_spans, context.surfaces, context.network, policy,
        digs=digs, locks=np.ones(len(found), dtype=bool),
    )  # fmt: skip
    surface = pairs["surface"].to_numpy(dtype=np.int64)
    kind = found["surface"].astype("object").fillna("asphalt").to_numpy(dtype=object)[surface]
    known = np.isin(kind, list(policy.reinstatement_yuan_m2))
    fee = early_dig_fee_wan(pairs["dug_m2"], np.where(known, kind, "asphalt"), policy)
    fees = np.round(np.nan_to_num(fee) * FEN_PER_WAN).astype(np.int64)
    pairs = pairs.assign(**dict(zip(_RATES, fees.T, strict=True)))
    coming = planned[surface]
    locks = pd.DataFrame(
        {
            "dig": row_of[pairs["work"].to_numpy(dtype=np.int64)],
            "surface": np.append(row_of, -1)[of_work[surface]],
            "months": found["months"].to_numpy(dtype=np.int64)[surface],
            **{name: pairs[name].to_numpy() for name in _RATES},
        }
    )
    barred = pd.DataFrame(
        {
            "work": row_of[pairs["work"].to_numpy(dtype=np.int64)],
            "start_day": found["locked_from_day"].to_numpy(dtype=np.int64)[surface],
            "end_day": found["locked_until_day"].to_numpy(dtype=np.int64)[surface],
            "rule": "no_dig",
            "pause": False,
            "name": found["code"].astype("object").to_numpy()[surface],
            **{name: pairs[name].to_numpy() for name in _RATES},
        }
    )
    restricted = barred_days(context, np.flatnonzero(taking))
    restricted = pd.DataFrame(
        {
            "work": row_of[restricted["work"].to_numpy(dtype=np.int64)],
            "start_day": restricted["start_day"].to_numpy(dtype=np.int64),
            "end_day": restricted["end_day"].to_numpy(dtype=np.int64),
            "rule": "restricted",
            "pause": restricted["pause"].to_numpy(dtype=bool),
            "name": restricted["name"].to_numpy(dtype=object),
            **dict.fromkeys(_RATES, 0),
        }
    )
    both = pd.concat([barred[~coming], restricted], ignore_index=True)
    locks = (
        locks[coming]
        .groupby(["dig", "surface"], as_index=False)
        .agg({"months": "max", **dict.fromkeys(_RATES, "sum")})
    )
    order = layer_pairs(context, taking)
    full = works["closes"].to_numpy(dtype=bool)
    closing = np.zeros(len(table), dtype=bool)
    closing[works["row"].to_numpy(dtype=np.int64)[full]] = True
    trench = (table["digs"] & (table["layer_high"] <= UNDERGROUND)).to_numpy(dtype=bool)
    lies = Lying(table.geometry.to_numpy(), context.spans, table["road"].to_numpy(dtype=object))

    def wanted(one: Rows, other: Rows) -> npt.NDArray[np.bool_]:
        asked: npt.NDArray[np.bool_] = closing[one] & closing[other] & (one < other)
        asked &= (codes[one] != codes[other]) & ~(trench[one] & trench[other])
        return asked

    apart, _ = common_ground(lies, lies, context.network, policy, wanted=wanted)
    return {
        "barred": both[list(BARRED_COLUMNS)].drop_duplicates(ignore_index=True),
        "order": _lagged(
            _pairs(order, ("lower", "upper"), row_of), works, policy.plan.surface_lag_days
        ),
        "locks": locks[list(LOCK_COLUMNS)].reset_index(drop=True),
        "apart": _pairs(apart, ("left", "right"), row_of),
    }


def _lagged(order: pd.DataFrame, works: pd.DataFrame, lag_days: int) -> pd.DataFrame:
    """Add by how many days a dig below the road ends before the road that is made above it.

    Once the last trench is filled, base, footway and surface still need days; never more than they take
    in all. Pipes may share a trench, signs and trees wait for nothing.
    """
    lower, upper = (order[name].to_numpy(dtype=np.int64) for name in ("lower", "upper"))
    low, high, days = (
        works[name].to_numpy(dtype=np.int64) for name in ("layer_low", "layer_high", "days")
    )
    road = (low[upper] >= ROAD_BASE_LAYER) & (low[upper] <= SURFACE_LAYER)
    below = works["digs"].to_numpy(dtype=bool)[lower] & (high[lower] <= UNDERGROUND)
    return order.assign(lag_days=np.where(road & below, np.minimum(lag_days, days[upper]), 0))


def _pairs(table: pd.DataFrame, names: Sequence[str], row_of: Rows) -> pd.DataFrame:
    pairs = pd.DataFrame({name: row_of[table[name].to_numpy(dtype=np.int64)] for name in names})
    return pairs.drop_duplicates().sort_values(list(names), ignore_index=True)


def _named_links(context: Context) -> list[tuple[str, str]]:
    """Return who depends on whom, by code."""
    depends = context.projects[context.projects["depends_on"].notna()]
    return [
        (code, other)
        for code, named in zip(depends["code"], depends["depends_on"], strict=True)
        for other in depended_codes(named)
    ]


def _depends(context: Context, projects: pd.DataFrame) -> pd.DataFrame:
    row = {code: at for at, code in enumerate(projects["code"])}
    pairs = [
        (row[later], row[earlier])
        for later, earlier in _named_links(context)
        if later in row and earlier in row and later != earlier
    ]
    return pd.DataFrame(pairs, columns=["later", "earlier"], dtype="int64").drop_duplicates(
        ignore_index=True
    )


def _crews(
    context: Context, projects: pd.DataFrame, names: dict[str, str]
) -> tuple[pd.DataFrame, Rows]:
    """Return which projects need a crew of a unit that the policy gives a number of crews."""
    units = sorted(context.policy.plan.crews)
    owner = pd.Index(units, dtype="object").get_indexer(pd.Index(projects["owner_unit"]))
    at = np.flatnonzero(owner >= 0)
    names.update({f"unit:{number}": unit for number, unit in enumerate(units)})
    most = np.array([int(context.policy.plan.crews[unit]) for unit in units], dtype=np.int64)
    return pd.DataFrame({"unit": owner[at].astype(np.int64), "project": at}), most


def _corridors(
    context: Context, works: pd.DataFrame, row_of: Rows, names: dict[str, str]
) -> tuple[pd.DataFrame, Rows]:
    """Return which works close a road of a corridor of parallel roads."""
    rows = context.policy.plan.corridors
    most = np.array([one.most_closures for one in rows], dtype=np.int64)
    names.update({f"corridor:{number}": one.id for number, one in enumerate(rows)})
    found = [pd.DataFrame({"corridor": np.empty(0, dtype=np.int64), "work": most[:0]})]
    if context.network is not None:
        road = context.network.sections["road"].to_numpy(dtype=object)
        spans = context.spans
        work = row_of[spans["site"].to_numpy(dtype=np.int64)]
        name = road[spans["section"].to_numpy(dtype=np.int64)]
        closes = np.append(works["closes"].to_numpy(dtype=bool), False)[work]
        for number, one in enumerate(rows):
            inside = np.unique(work[closes & np.isin(name, one.roads)])
            found.append(pd.DataFrame({"corridor": number, "work": inside}))
    return pd.concat(found, ignore_index=True).astype("int64"), most
