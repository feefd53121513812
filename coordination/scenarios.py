"""Plans that are kept side by side, and what accepting one of them asks of the owners.

Accepting overwrites nothing: bundles become accepted ones, and every project in question gets a proposal
that its owner answers. Only an owner's agreement gives a project other dates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from coordination.bundling import TRAFFIC_ONLY
from coordination.faults import UsageError
from coordination.schedule_wishes import Wishes

ANSWERS = ("agreed", "declined")
"""What an owner may say to a proposal."""
_NAMED = 5


@dataclass(frozen=True)
class Scenario:
    """What is known of a plan that is kept.

    Attributes
    ----------
    scenario_id, name
        Given by the store, and by a person; each unique.
    actor, at
        Who kept it, and when (RFC 3339).
    data_revision, policy_version, software_version, as_of
        On what it rests.
    parent
        Id of the scenario from which was planned again; None for none.
    wishes
        What the coordinator asked for, with what the parent had been asked for.
    seed, reproducible
        As of the search.
    comparison
        What ``comparison.json`` holds.
    """

    scenario_id: str
    name: str
    actor: str
    at: str
    data_revision: int
    policy_version: str
    software_version: str
    as_of: date
    parent: str | None
    wishes: Wishes
    seed: int
    reproducible: bool
    comparison: Mapping[str, Any]


@dataclass(frozen=True)
class KeptPlan:
    """A scenario with its tables.

    Attributes
    ----------
    scenario
        What is known of it.
    schedule
        ``code, unit, filed_start, filed_finish, start, finish, moved_days, bundle_id, works_order,
        reason_zh, reason_en`` and ``sites`` (JSON: ``site_id, start, finish`` of each site that moves,
        last day included).
    bundles
        ``bundle_id, mode, codes`` (with blanks between), ``lead_unit, partner_units, roads, start, finish,
        length_m, metres_saved, saving_low_wan, saving_mid_wan, saving_high_wan, formula_zh, formula_en,
        members_zh, members_en``.
    """

    scenario: Scenario
    schedule: pd.DataFrame
    bundles: pd.DataFrame

    def first_days(self) -> dict[str, int]:
        """Return the first day of each project, by code, days since 1970-01-01."""
        days = self.schedule["start"].to_numpy(dtype="datetime64[D]").astype("int64")
        return dict(zip(self.schedule["code"].astype(str), days.tolist(), strict=True))

    def members(self) -> dict[str, tuple[str, ...]]:
        """Return the codes of each bundle."""
        return {
            str(one): tuple(str(codes).split())
            for one, codes in zip(self.bundles["bundle_id"], self.bundles["codes"], strict=True)
        }


@dataclass(frozen=True)
class Acceptance:
    """What accepting writes.

    Attributes
    ----------
    bundles
        Rows of `KeptPlan.bundles` that become accepted ones.
    proposals
        Rows of `KeptPlan.schedule` that are proposed to their owners.
    withdrawn
        Ids of accepted bundles that give way to larger ones.
    """

    bundles: pd.DataFrame
    proposals: pd.DataFrame
    withdrawn: tuple[str, ...]


def acceptance(
    kept: KeptPlan,
    chosen: Collection[str] | None,
    accepted: Mapping[str, Collection[str]],
    changed: Collection[str],
    others: Sequence[str] = (),
) -> Acceptance:
    """Return what accepting a scenario, or some of its bundles, writes.

    Parameters
    ----------
    kept
        The scenario.
    chosen
        Ids of bundles; None takes all, and the projects that move without one.
    accepted
        Members of the bundles that are accepted already.
    changed
        Codes of projects that changed since the scenario was made.
    others
        Names of other tables that changed since, on which a plan rests.

    Raises
    ------
    coordination.faults.UsageError
        ``scenarios.accept.no_bundle``; ``stale`` (with the projects) or ``stale_tables`` where the data
        moved on; ``in_bundle`` where a project is in another accepted bundle; ``nothing`` where nothing
        is left to accept.
    """
    members = kept.members()
    unknown = sorted(set(chosen or ()) - members.keys())
    if unknown:
        raise UsageError("scenarios.accept.no_bundle", bundle=unknown[0], name=kept.scenario.name)
    taken = {one: codes for one, codes in members.items() if chosen is None or one in chosen}
    taken = {one: codes for one, codes in taken.items() if one not in accepted}
    schedule = kept.schedule
    concerned = {code for codes in taken.values() for code in codes}
    if chosen is None:
        moved = schedule.loc[schedule["moved_days"] != 0, "code"].astype(str)
        concerned |= set(moved) - {code for codes in accepted.values() for code in codes}
    stale = sorted(set(changed) & concerned) if chosen is not None else sorted(changed)
    if stale:
        shown = ", ".join(stale[:_NAMED]) + (" …" if len(stale) > _NAMED else "")
        raise UsageError("scenarios.accept.stale", count=len(stale), codes=shown)
    if others:
        raise UsageError("scenarios.accept.stale_tables", tables=", ".join(others))
    if not concerned:
        raise UsageError("scenarios.accept.nothing", name=kept.scenario.name)
    withdrawn = _given_way(taken, accepted, kept.scenario.wishes.dropped)
    return Acceptance(
        kept.bundles[kept.bundles["bundle_id"].isin(taken)].reset_index(drop=True),
        schedule[schedule["code"].isin(concerned)].reset_index(drop=True),
        withdrawn,
    )


def _given_way(
    taken: Mapping[str, Collection[str]],
    accepted: Mapping[str, Collection[str]],
    dropped: Collection[str],
) -> tuple[str, ...]:
    """Return the accepted bundles whose members all come along, or leave as was asked."""
    out: list[str] = []
    for one, codes in taken.items():
        for earlier, members in accepted.items():
            if set(members).isdisjoint(codes):
                continue
            if set(members) - set(codes) - set(dropped):
                code = min(set(members) & set(codes))
                raise UsageError(
                    "scenarios.accept.in_bundle", code=code, bundle=earlier, wanted=one
                )
            out.append(earlier)
    return tuple(dict.fromkeys(out))


def left_in_bundle(members: Collection[str], code: str) -> tuple[str, ...]:
    """Return who stays in a bundle when one declines; nobody where only one would be left.

    Examples
    --------
    >>> left_in_bundle(["A", "B", "C"], "B"), left_in_bundle(["A", "B"], "A")
    (('A', 'C'), ())
    """
    rest = tuple(sorted(set(members) - {code}))
    return rest if len(rest) > 1 else ()


def joins_openings(mode: str) -> bool:
    """Tell whether members of a bundle of this mode are one opening.

    Examples
    --------
    >>> joins_openings("shared_trench"), joins_openings("traffic_management")
    (True, False)
    """
    return mode != TRAFFIC_ONLY
