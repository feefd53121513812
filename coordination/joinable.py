"""Bundles that a project could join, and projects with which it could form one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.alternative_words import wan
from coordination.movable import start_limits
from coordination.policy import Policy
from coordination.rules.protocol import Context, Worded
from coordination.shared_openings import SHARED_COLUMNS, ground_in_common
from coordination.wording import LANGUAGES, text

JOINING_RULES = (
    "no_dig_lockout", "repeat_excavation", "concurrent_works", "wrong_order", "opportunity",
)  # fmt: skip
"""Findings that carrying out two projects as one would settle; the first says why."""
_MOST = 10
_WAN = list(SHARED_COLUMNS[2:])


@dataclass(frozen=True)
class Joinable:
    """A bundle that a project could join or form.

    Attributes
    ----------
    bundle_id
        Of an accepted bundle; None for one that does not exist yet.
    codes
        The projects that it would join.
    road
        Where, as findings name it; missing where none does.
    rule
        The rule behind it, a key of `JOINING_RULES`; None where only the ground is shared.
    finding_ids
        Findings that it would settle.
    moves
        Who has to move for it: ``nobody``, ``own``, ``other``, ``either``, ``both``.
    saves_wan
        What one opening would save: low, mid, high, 10,000 yuan; None where no ground is shared.
    reason
        In a sentence.
    """

    bundle_id: str | None
    codes: tuple[str, ...]
    road: str | None
    rule: str | None
    finding_ids: tuple[str, ...]
    moves: str
    saves_wan: tuple[float, float, float] | None
    reason: Worded


def joinable(
    context: Context, windows: pd.DataFrame, code: str, own: gpd.GeoDataFrame
) -> tuple[Joinable, ...]:
    """Return the bundles that a project could join or form, the most valuable first.

    Candidates are the unfinished projects that open ground in common with it or that a finding ties
    to it. They fit when both can lie, within the time left to each, in one opening of at most
    ``policy.max_opening_days`` in the works order: the lower layer is finished first. An emergency
    joins nothing, and a safety repair is never put off to join.

    Parameters
    ----------
    context
        What rules see of the part of the city around the project.
    windows
        `coordination.movable.movable_windows` of it.
    code
        The project.
    own
        Its findings.
    """
    if code not in windows.index or windows.loc[code, "why"] in {"emergency", "finished"}:
        return ()
    common = ground_in_common(context, code)
    ties = _ties(own, code)
    partners = [name for name in {*common.index, *ties["other"]} if name in windows.index]
    partners = [name for name in partners if _may_join(windows, name)]
    bundles = context.city.bundles
    mine = set(bundles.loc[bundles["code"] == code, "bundle_id"])
    held = bundles[bundles["code"].isin(partners) & ~bundles["bundle_id"].isin(mine)]
    bundle_of = dict(zip(held["code"], held["bundle_id"], strict=True))
    already = set(bundles.loc[bundles["bundle_id"].isin(mine), "code"])
    groups: dict[str, list[str]] = {}
    for name in sorted(set(partners) - already):
        groups.setdefault(bundle_of.get(name) or f"\x1f{name}", []).append(name)
    lowest = context.works.groupby("code")["layer"].min()
    layers = {str(name): int(layer) for name, layer in lowest.items()}
    found = []
    for group, names in groups.items():
        # Of a bundle all members are known to be one opening: their hull is its window.
        members = windows.loc[names]
        moves = _moves(windows.loc[[code]].iloc[0], members, layers, context.policy)
        if moves is None:
            continue
        bundle = None if group.startswith("\x1f") else group
        told = ties[ties["other"].isin(names)]
        worth = common.reindex(names)[_WAN].sum(min_count=1).to_numpy(dtype=float)
        found.append(
            _joined(code, bundle, names, ties=told, worth=worth, moves=moves, layers=layers)
        )
    found.sort(key=lambda one: (-(one.saves_wan or (0.0, 0.0, 0.0))[1], one.codes))
    return tuple(found[:_MOST])


def _ties(own: gpd.GeoDataFrame, code: str) -> pd.DataFrame:
    """Return the findings that tie the project to another one, the strongest rule first."""
    table = own[own["rule"].isin(JOINING_RULES) & own["kind_b"].eq("project")]
    other = table["project_a"].where(table["project_b"] == code, table["project_b"])
    ties = pd.DataFrame(table[["finding_id", "rule", "road"]]).assign(
        other=other, order=table["rule"].map({rule: at for at, rule in enumerate(JOINING_RULES)})
    )
    return ties.sort_values(["order", "finding_id"], ignore_index=True)


def _may_join(windows: pd.DataFrame, code: str) -> bool:
    return windows.loc[code, "why"] not in {"emergency", "finished"}


def _moves(
    own: pd.Series[Any], members: pd.DataFrame, layers: Mapping[str, int], policy: Policy
) -> str | None:
    """Return who has to move so that all are one opening, or None where no dates would do."""
    rows = [members.iloc[at] for at in range(len(members))]
    first, last = _starts(own)
    filed, length = int(own["start_day"]), _length(own)
    needed = []
    for one in rows:
        least, most = _steps(own, one, layers, policy)
        low, high = _starts(one)
        # Days between the two starts: what the order and the opening ask, what the windows leave.
        if least > most or low - last > most or high - first < least:
            return None
        now = int(one["start_day"]) - filed
        alone = max(least, int(one["start_day"]) - last) <= min(most, int(one["start_day"]) - first)
        there = max(least, low - filed) <= min(most, high - filed)
        needed.append(
            "nobody" if least <= now <= most
            else "either" if alone and there
            else "own" if alone
            else "other" if there
            else "both"
        )  # fmt: skip
    if length > policy.max_opening_days:
        return None
    return max(needed, key=("nobody", "either", "own", "other", "both").index)


def _steps(
    own: pd.Series[Any], other: pd.Series[Any], layers: Mapping[str, int], policy: Policy
) -> tuple[int, int]:
    """Return by how many days the other may start after the project so that they are one opening."""
    mine, its, link = _length(own), _length(other), policy.link_days - 1
    least, most = -(its + link), mine + link
    layer, its_layer = layers[str(own.name)], layers[str(other.name)]
    if layer < its_layer:
        least = max(least, mine - its)
    elif layer > its_layer:
        most = min(most, mine - its)
    # The whole opening: from the first start to the last finish.
    longest = policy.max_opening_days
    least, most = max(least, mine - longest), min(most, longest - its)
    return (1, 0) if its > longest else (least, most)


def _starts(movable: pd.Series[Any]) -> tuple[int, int]:
    filed = int(movable["start_day"])
    first, last = start_limits(movable, _length(movable))
    return (first, last) if first <= last else (filed, filed)


def _length(movable: pd.Series[Any]) -> int:
    """Return the days that a project takes: of a wide window only those of the work."""
    if movable["one_window"]:
        return int(movable["duration_days"])
    return int(movable["finish_day"] - movable["start_day"])


def _joined(
    code: str,
    bundle: str | None,
    names: list[str],
    *,
    ties: pd.DataFrame,
    worth: npt.NDArray[np.float64],
    moves: str,
    layers: Mapping[str, int],
) -> Joinable:
    roads = ties["road"].dropna()
    road = str(roads.iloc[0]) if len(roads) else None
    rule = str(ties["rule"].iloc[0]) if len(ties) else None
    low, mid, high = (round(float(value), 2) for value in np.nan_to_num(worth))
    saves = (low, mid, high) if high > 0 else None
    sentences = []
    for lang in LANGUAGES:
        partners = text("check.list", lang).join(names)
        kind = "accepted" if bundle else "new"
        parts = [text(f"check.join.{kind}", lang, bundle=bundle, partners=partners)]
        parts.append(text(f"check.join.why.{rule or 'ground'}", lang, road=road or ""))
        order = sorted([code, *names], key=lambda name: (layers[name], name))
        if layers[order[0]] != layers[order[-1]]:
            parts.append(
                text("check.join.order", lang, order=text("check.order", lang).join(order))
            )
        parts.append(text(f"check.join.moves.{moves}", lang))
        if saves:
            parts.append(text("check.saves", lang, wan=wan(saves[0], saves[2])))
        sentences.append(text("check.then", lang).join(parts) + text("check.stop", lang))
    return Joinable(
        bundle_id=bundle,
        codes=tuple(names),
        road=road,
        rule=rule,
        finding_ids=tuple(ties["finding_id"]),
        moves=moves,
        saves_wan=saves,
        reason=Worded(*sentences),
    )
