"""From digs under a lock to candidates: one per pair and road, with what early digging costs."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.policy import Policy
from coordination.rules.protocol import Candidates, Context, Worded, candidates, nothing
from coordination.savings import YUAN_PER_WAN, surface_of
from coordination.works import own_entry_id

_TEXTS = "findings.no_dig"


def digging(works: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Return which works will dig: filed, not finished, open cut or trenchless (at its pits)."""
    return np.asarray(works["digs"] & ~works["finished"] & ~works["ledger"], dtype=bool)


def early_dig_fee_wan(
    dug_m2: npt.ArrayLike, surface: npt.ArrayLike, policy: Policy
) -> npt.NDArray[np.float64]:
    """Return the fee for digging a young surface: low, mid and high, 10,000 yuan.

    ``dug area × rate × factor``, the rates of `coordination.policy` and the factors of
    ``no_dig.fee_factor`` (national regulation on city roads: one to five times the reinstatement);
    mid takes the factor half way between.

    Parameters
    ----------
    dug_m2
        Area dug, m², shape ``(n,)``; missing gives missing.
    surface
        ``asphalt``, ``concrete`` or ``footway``, shape ``(n,)``.
    policy
        Rates and factors.

    Returns
    -------
    numpy.ndarray of float64
        Shape ``(n, 3)``.

    Examples
    --------
    >>> early_dig_fee_wan([100.0], ["asphalt"], Policy()).tolist()
    [[1.4, 6.6, 15.0]]
    """
    kinds = list(policy.reinstatement_yuan_m2)
    codes = pd.Index(kinds).get_indexer(pd.Index(np.asarray(surface, dtype=object)))
    rate = np.array([policy.reinstatement_yuan_m2[kind] for kind in kinds])[codes]
    least, most = policy.no_dig.fee_factor
    factor = np.array([least, (least + most) / 2, most])
    fee: npt.NDArray[np.float64] = np.asarray(dug_m2, dtype=float)[:, None] * rate * factor
    return (fee / YUAN_PER_WAN).round(4)


def as_candidates(
    pairs: pd.DataFrame, spans: pd.DataFrame, context: Context, *, missing: tuple[str, ...] = ()
) -> Candidates:
    """Return candidates that say surface, lock, days and fee.

    Parameters
    ----------
    pairs
        `coordination.surfaces.digs_under_lock`, with ``level, steps, variant``.
    spans
        Of the same; ``pair`` is the index of ``pairs``.
    context
        Where names and footprints come from.
    missing
        What the rule lacked.
    """
    if not len(pairs):
        return nothing(missing)
    works, made = context.works, context.surfaces
    table = made.table.iloc[pairs["surface"].to_numpy()].reset_index(drop=True)
    found = pairs.reset_index(names="pair")
    work = found["work"].to_numpy()
    found["code_left"] = works["code"].to_numpy(dtype=object)[work]
    found["code_right"] = table["code"].to_numpy(dtype=object)
    found["left"], found["right"] = work, _makers(table, works)
    recorded = table["entry"].to_numpy(dtype=np.int64) >= 0
    own = table["code"].isin(set(context.projects["code"])).to_numpy()
    found["kind_right"] = np.where(recorded & ~own, "ledger", "project")
    dug, laid = context.opened[work], made.shapes[found["surface"].to_numpy()]
    common = shapely.intersection(dug, laid)
    found["distance_m"] = shapely.distance(dug, laid)
    found["opened"] = True
    found["apart"] = shapely.area(common) == 0
    # Where they only share a stretch, the place is the dig.
    found["geometry"] = np.where(found["apart"], dug, common)
    # What two works have in common is worked out for every rule in one way.
    alone = (found["right"] < 0).to_numpy()
    found["geometry"] = found["geometry"].where(alone, None)
    found["apart"] &= alone
    filed = table["surface"].where(table["surface"].isin(context.policy.reinstatement_yuan_m2))
    found["material"] = filed.where(filed.notna(), surface_of(works["position"])[work])
    # The sites of a pair on one road are one finding: days and fee are those of all of them.
    keys = ["code_left", "code_right", "place", "road"]
    together = found.groupby(keys, dropna=False, sort=False)
    found["days"] = found["end_day"] - found["first_day"]
    found["group"] = together.ngroup()
    found["total_m2"] = _dug_together_m2(found, common)
    longest = found.sort_values(
        ["group", "level", "days", "surface"], ascending=[True, False, False, True]
    )
    one = longest.drop_duplicates("group").set_index("group")
    fee = early_dig_fee_wan(one["total_m2"], one["material"], context.policy)
    exempt = one["variant"].eq("emergency").to_numpy()
    amounts = [
        None if out or not amount[2] > 0 else tuple(amount.tolist())
        for amount, out in zip(fee, exempt, strict=True)
    ]
    one["saving_wan"] = pd.Series(amounts, index=one.index, dtype="object")
    one["facts"] = pd.Series(_facts(one, context), index=one.index, dtype="object")
    for name in ("saving_wan", "facts", "variant"):
        found[name] = found["group"].map(one[name]).astype("object")
    found["first_day"] = together["first_day"].transform("min")
    found["end_day"] = together["end_day"].transform("max")
    spans = spans.rename(columns={"pair": "candidate"})
    return candidates(found.set_index("pair"), spans, missing=missing)


def _makers(table: pd.DataFrame, works: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    """Return the work that made each surface, -1 where only the ledger knows it.

    A row that a completed project wrote is about one of its sites.
    """
    sites = works[~works["ledger"].to_numpy(dtype=bool)]
    row = pd.Series(
        sites.index.to_numpy(),
        index=own_entry_id(sites["code"], sites["site_id"], "resurfacing"),
    )
    row = row[~row.index.duplicated()]
    written = table["site_id"].map(row).fillna(-1).astype("int64")
    made = table["work"].to_numpy(dtype=np.int64)
    return np.where(made >= 0, made, written.to_numpy(dtype=np.int64))


def _dug_together_m2(
    found: pd.DataFrame, common: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Return what the sites of each group dig, at most the ground that they and the surfaces share."""
    groups = found.groupby("group")
    total: npt.NDArray[np.float64] = groups["dug_m2"].transform("sum").to_numpy(copy=True)
    for rows in groups.indices.values():
        if len(rows) > 1:
            total[rows] = np.minimum(total[rows], shapely.area(shapely.union_all(common[rows])))
    return total


def _facts(one: pd.DataFrame, context: Context) -> list[dict[str, Any]]:
    works, policy = context.works, context.policy
    table = context.surfaces.table.iloc[one["surface"].to_numpy()]
    names = context.projects.drop_duplicates("code").set_index("code")
    careful = names["safety_critical"].astype("object").eq(True).to_dict()
    started = works["started"].to_numpy(dtype=bool)[one["work"].to_numpy()]
    filed = frozenset(context.projects["code"])
    words = project_words([*one["code_left"], *table["code"]], context.projects)
    start = works["start_day"].to_numpy()[one["work"].to_numpy()]
    last = works["finish_day"].to_numpy()[one["work"].to_numpy()] - 1
    facts = []
    for row, surface, begins, ends, begun in zip(
        one.to_dict("records"), table.to_dict("records"), start, last, started, strict=True
    ):
        code = row["code_left"]
        remedy = "safety" if careful.get(code, False) else "started" if begun else "wait"
        facts.append(
            {
                "dig": words[code],
                "maker": _maker(surface, filed, words),
                "surface_kind": _kind(surface),
                "surface_day": _day(surface["made_day"]),
                "lock_from": _day(surface["locked_from_day"]),
                "lock_until": _day(surface["locked_until_day"] - 1),
                "free_from": _day(surface["locked_until_day"]),
                "months": int(surface["months"]),
                "window": f"{_day(begins)}–{_day(ends)}",
                "days": int(row["days"]),
                "fee": _fee(row, policy),
                "remedy": Worded.of(
                    f"{_TEXTS}.{remedy}", free_from=_day(surface["locked_until_day"])
                ),
            }
        )
    return facts


def project_words(codes: Iterable[str], projects: pd.DataFrame) -> dict[str, Worded]:
    """Return code, name and unit of each project; of a past work, the ledger id.

    Parameters
    ----------
    codes
        Their codes, each as often as you like.
    projects
        ``code, name, owner_unit``.

    Returns
    -------
    dict
        Words by code.
    """
    own = projects.drop_duplicates("code").set_index("code")[["name", "owner_unit"]]
    known = own.astype("object").to_dict("index")
    return {code: _project(code, known.get(code)) for code in set(codes)}


def _project(code: str, known: dict[Any, Any] | None) -> Worded:
    if known is None:
        return Worded.of("findings.project.history", code=code)
    name, unit = known["name"], known["owner_unit"]
    plain = pd.isna(name) or name == code
    words = Worded.of(
        f"findings.project.{'plain' if plain else 'named'}", code=code, name=None if plain else name
    )
    if pd.isna(unit):
        return words
    of_unit = Worded.of("findings.project.unit", unit=unit)
    return Worded(words.zh + of_unit.zh, words.en + of_unit.en)


def _maker(surface: dict[Any, Any], filed: AbstractSet[str], words: dict[str, Worded]) -> Worded:
    if surface["code"] in filed:
        return words[surface["code"]]
    return Worded.of(f"{_TEXTS}.ledger", code=surface["code"])


def _kind(surface: dict[Any, Any]) -> Worded:
    if not surface["kind_known"]:
        return Worded.of(f"{_TEXTS}.kind_unknown")
    return Worded.of(f"labels.work_type.{surface['work_type']}")


def _fee(row: dict[Any, Any], policy: Policy) -> Worded:
    """Return the fee with its formula, or that it cannot be computed."""
    amount = row["saving_wan"]
    if not isinstance(amount, tuple):
        return Worded.of(f"{_TEXTS}.no_fee")
    rate = policy.reinstatement_yuan_m2[row["material"]]
    return Worded.of(
        f"{_TEXTS}.fee",
        low=f"{amount[0]:.2f}",
        high=f"{amount[2]:.2f}",
        area=f"{row['total_m2']:.0f}" if row["total_m2"] >= 10 else f"{row['total_m2']:.1f}",
        rate=f"{rate[0]:g}–{rate[2]:g}",
        factor="–".join(f"{one:g}" for one in policy.no_dig.fee_factor),
    )


def _day(number: int) -> str:
    return str(np.datetime64(int(number), "D"))
