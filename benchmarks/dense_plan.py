"""A city's year of road works, as dense as real plans are: the problem of the schedule, made directly.

Straight into `ScheduleProblem`, so that nothing but the schedule is measured; the stretches are cut by
`geo.intervals.elementary_pieces` as those of a real city are. What it is like:

- Streets of 4 to 20 sections of about 180 m; some streets are worked on more often than others
  (log-normal, sigma 0.6). `SECTIONS_PER_PROJECT` is set so that about 2.7 works lie on a stretch that
  several share.
- A work lies along one street, 60 to 1,500 m (median 300), on the left, on the right or on both sides.
  One project in ten has a second site on a street nearby, begun up to 20 days later.
- Kinds as in a year's list: sewers, water, gas, power, telecom, and road works of the upper layers,
  30 % of these. Durations: log-normal about 40 days for 300 m, 7 to 240.
- Windows: 60 % move by 90 days either way (annual plan), 17 % by 30 (approved), 15 % within the year,
  8 % not at all. Filed days over the whole year. A day of moving weighs 100 yuan, as in the sample policy.
- The works order of every pair on common ground, the road ends `SURFACE_LAG_DAYS` after what digs below
  it (or as many as it takes); each overlay locks the ground for 36 months; a fair
  of 10 days on 10 % of the streets, a rest of 15 days at the Spring Festival on 20 %, surfaces still
  under a lock on 3 % of the sections; one work in 25 closes its road in full.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_problem import BARRED_COLUMNS, LOCK_COLUMNS, ScheduleProblem
from geo.intervals import elementary_pieces

SECTIONS_PER_PROJECT = 1.75
YEAR = 365
SURFACE_LAG_DAYS = 7
AS_OF_DAY = int(np.datetime64("2026-01-01", "D").astype(np.int64))
_LAYERS = np.array([1, 2, 3, 4, 5, 6, 7, 8])
_SHARE = np.array([0.14, 0.16, 0.14, 0.14, 0.12, 0.05, 0.07, 0.18])
_WIDTH_M = np.array([4.0, 2.5, 2.0, 1.8, 1.5, 6.0, 6.0, 7.0])
_YUAN_M2 = (140.0, 220.0, 300.0)
_CLASSES = {"arterial": (5.0, 0.15), "secondary": (3.0, 0.3), "local": (1.0, 0.55)}

Array = npt.NDArray[np.int64]


def dense_plan(projects: int, seed: int = 1) -> ScheduleProblem:
    """Return the problem of a plan of so many projects."""
    rng = np.random.default_rng(seed)
    sections = _streets(rng, max(round(projects * SECTIONS_PER_PROJECT), 20))
    table = _projects(rng, projects)
    works, spans = _works(rng, table, sections)
    pieces = elementary_pieces(
        spans["line"].to_numpy(),
        spans["from_m"].to_numpy(),
        spans["to_m"].to_numpy(),
        tolerance=2.0,
    )
    span_work = spans["work"].to_numpy()
    member = pd.DataFrame({"stretch": pieces.piece, "work": span_work[pieces.span]})
    member = member.drop_duplicates().sort_values(["stretch", "work"], ignore_index=True)
    section = np.asarray(pieces.group) // 2
    length = np.asarray(pieces.finish - pieces.start)
    weight = sections["weight"].to_numpy()[section]
    stretches = pd.DataFrame(
        {
            "ground": np.arange(len(length)), "place": "road",
            "road": sections["road"].to_numpy()[section], "section": section,
            "from_m": pieces.start, "to_m": pieces.finish,
            "side": np.where(np.asarray(pieces.group) % 2 == 0, "left", "right"),
            "length_m": length, "day_fen": np.round(length * weight * 100).astype(np.int64),
            "day_weight": weight,
        }
    )  # fmt: skip
    at = member["stretch"].to_numpy()
    dug = length[at] * works["width_m"].to_numpy()[member["work"].to_numpy()]
    for name, rate in zip(("low_fen", "mid_fen", "high_fen"), _YUAN_M2, strict=True):
        member[name] = np.round(dug * rate * 100).astype(np.int64)
    order, locks, apart = _pairs(member, works)
    none = np.full(len(works), -1, dtype=np.int64)
    return ScheduleProblem(
        projects=table, works=works.drop(columns=["width_m", "reach_m"]), stretches=stretches,
        members=member, bundle=none, dependent=none, as_of_day=AS_OF_DAY,
        barred=_barred(rng, member, stretches, works), order=order, locks=locks, apart=apart,
    )  # fmt: skip


def _streets(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Return sections of streets, and how busy each street is."""
    sizes: list[int] = []
    while sum(sizes) < count:
        sizes.append(int(rng.integers(4, 21)))
    street = np.repeat(np.arange(len(sizes)), sizes)[:count]
    names = list(_CLASSES)
    kind = rng.choice(len(names), len(sizes), p=[share for _, share in _CLASSES.values()])
    busy = np.exp(rng.normal(0.0, 0.6, len(sizes)))
    return pd.DataFrame(
        {
            "street": street, "road": [f"S{number}" for number in street],
            "length_m": np.clip(rng.normal(180.0, 50.0, count), 60.0, 400.0).round(1),
            "weight": np.array([_CLASSES[name][0] for name in names])[kind[street]],
            "busy": busy[street],
        }
    )  # fmt: skip


def _projects(rng: np.random.Generator, count: int) -> pd.DataFrame:
    filed = AS_OF_DAY + rng.integers(10, YEAR - 20, count)
    how = rng.choice(4, count, p=[0.60, 0.17, 0.15, 0.08])
    reach = np.array([90, 30, 0, 0])[how]
    within = how == 2
    first = np.where(within, AS_OF_DAY + 1, np.maximum(filed - reach, AS_OF_DAY + 1))
    last = np.where(within, AS_OF_DAY + YEAR - 30, filed + reach)
    last = np.maximum(last, filed)
    return pd.DataFrame(
        {
            "code": [f"P{number:05d}" for number in range(count)],
            "owner_unit": [f"U{number}" for number in rng.integers(0, 30, count)],
            "filed_day": filed, "first_day": first, "last_day": last, "length_days": 0,
            "why": np.where(how == 3, "fixed", None), "never_later": False, "move_fen_day": 10_000,
            "wish_day": filed,
        }
    )  # fmt: skip


def _works(
    rng: np.random.Generator, table: pd.DataFrame, sections: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return works and the spans of lines (a side of a section) that they lie on; sets lengths."""
    count = len(table)
    second = np.flatnonzero(rng.random(count) < 0.1)
    project = np.concatenate([np.arange(count), second])
    kind = rng.choice(len(_LAYERS), count, p=_SHARE)
    reach = np.clip(np.exp(rng.normal(np.log(300.0), 0.8, len(project))), 60.0, 1_500.0)
    reach = np.where(_LAYERS[kind[project]] >= 6, np.minimum(reach * 1.5, 1_500.0), reach)
    days = np.exp(rng.normal(np.log(40.0), 0.5, len(project))) * (reach / 300.0) ** 0.4
    days = np.clip(np.round(days), 7, 240).astype(np.int64)
    offset = np.where(np.arange(len(project)) < count, 0, rng.integers(0, 21, len(project)))
    length = np.zeros(count, dtype=np.int64)
    np.maximum.at(length, project, offset + days)
    table["length_days"] = length
    street = sections["street"].to_numpy()
    end_m = sections["length_m"].cumsum().to_numpy()
    start_m = end_m - sections["length_m"].to_numpy()
    chance = sections["busy"].to_numpy() * sections["length_m"].to_numpy()
    seed = rng.choice(len(sections), len(project), p=chance / chance.sum())
    # A second site lies on one of the next streets.
    beside = np.minimum(street[seed[second]] + rng.integers(1, 4, len(second)), street[-1])
    seed[count:] = rng.integers(
        np.searchsorted(street, beside), np.searchsorted(street, beside, "right")
    )
    first_of = np.searchsorted(street, street[seed], "left")
    last_of = np.searchsorted(street, street[seed], "right") - 1
    middle = start_m[seed] + rng.random(len(project)) * (end_m - start_m)[seed]
    low = np.maximum(middle - reach / 2, start_m[first_of])
    high = np.minimum(middle + reach / 2, end_m[last_of])
    side = rng.choice(3, len(project), p=[0.3, 0.3, 0.4])
    rows = []
    for work in range(len(project)):
        a, b = np.searchsorted(end_m, low[work], "right"), np.searchsorted(start_m, high[work])
        for section in range(a, b):
            from_m, to_m = max(low[work], start_m[section]), min(high[work], end_m[section])
            if to_m - from_m < 5.0:
                continue
            # Most works go to the corner when they come near it.
            from_m = start_m[section] if from_m - start_m[section] < 30.0 else from_m
            to_m = end_m[section] if end_m[section] - to_m < 30.0 else to_m
            rows += [
                (2 * section + one, work, from_m - start_m[section], to_m - start_m[section])
                for one in (0, 1)
                if side[work] in (one, 2)
            ]
    spans = pd.DataFrame(rows, columns=["line", "work", "from_m", "to_m"])
    of = kind[project]
    works = pd.DataFrame(
        {
            "project": project, "row": np.arange(len(project)), "offset_days": offset, "days": days,
            "layer_low": _LAYERS[of], "layer_high": _LAYERS[of], "digs": _LAYERS[of] <= 6,
            "closes": rng.random(len(project)) < 0.04,
            "width_m": np.where(side == 2, _WIDTH_M[of] / 2, _WIDTH_M[of]), "reach_m": reach,
        }
    )  # fmt: skip
    return works, spans


def _pairs(
    member: pd.DataFrame, works: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return works order, locks and closures of works of different projects on common ground."""
    both = member[["stretch", "work"]].merge(member[["stretch", "work"]], on="stretch")
    pairs = both.loc[both["work_x"] != both["work_y"], ["work_x", "work_y"]].drop_duplicates()
    a, b = pairs["work_x"].to_numpy(), pairs["work_y"].to_numpy()
    project, layer = works["project"].to_numpy(), works["layer_low"].to_numpy()
    closes, digs = works["closes"].to_numpy(), works["digs"].to_numpy()
    other = project[a] != project[b]
    below = other & (layer[a] < layer[b])
    lag = np.where((layer[b] >= 6) & (layer[a] <= 5), SURFACE_LAG_DAYS, 0)
    lag = np.minimum(lag, works["days"].to_numpy()[b])
    order = pd.DataFrame({"lower": a[below], "upper": b[below], "lag_days": lag[below]})
    locked = other & digs[a] & (layer[b] == 8)
    locks = pd.DataFrame({"dig": a[locked], "surface": b[locked], "months": 36})
    locks = locks.assign(low_fen=100_000, mid_fen=200_000, high_fen=500_000)[list(LOCK_COLUMNS)]
    shut = other & closes[a] & closes[b] & (a < b)
    shut &= ~((layer[a] <= 5) & (layer[b] <= 5))
    apart = pd.DataFrame({"left": a[shut], "right": b[shut]})
    return (
        order.sort_values(["lower", "upper"], ignore_index=True),
        locks.sort_values(["dig", "surface"], ignore_index=True),
        apart.sort_values(["left", "right"], ignore_index=True),
    )


def _barred(
    rng: np.random.Generator, member: pd.DataFrame, stretches: pd.DataFrame, works: pd.DataFrame
) -> pd.DataFrame:
    """Return fairs, the rest at the Spring Festival, and surfaces that are still under a lock."""
    at = member["stretch"].to_numpy()
    road = stretches["road"].to_numpy()[at]
    roads = np.unique(road)
    draw = dict(zip(roads, rng.random(len(roads)), strict=True))
    chance = np.array([draw[one] for one in road])
    work = member["work"].to_numpy()
    section = stretches["section"].to_numpy()[at]
    young = rng.random(int(section.max()) + 1) < 0.03
    until = AS_OF_DAY + rng.integers(10, 200, len(young))
    digs = works["digs"].to_numpy()[work]
    parts = []
    for rows, rule, pause, name, begin, end, fee in (
        (chance < 0.1, "restricted", False, "fair", AS_OF_DAY + 308, AS_OF_DAY + 318, 0),
        (chance > 0.8, "restricted", True, "Spring Festival", AS_OF_DAY + 40, AS_OF_DAY + 55, 0),
        (young[section] & digs, "no_dig", False, "overlay", AS_OF_DAY - 800, None, 500_000),
    ):
        found = np.flatnonzero(rows)
        parts.append(
            pd.DataFrame(
                {
                    "work": work[found], "start_day": begin,
                    "end_day": until[section[found]] if end is None else end,
                    "rule": rule, "pause": pause, "name": name,
                    "low_fen": fee // 2, "mid_fen": fee, "high_fen": fee * 2,
                }
            )
        )  # fmt: skip
    barred = pd.concat(parts, ignore_index=True)
    return barred.drop_duplicates(ignore_index=True)[list(BARRED_COLUMNS)]
