"""What a schedule says to people: why a project moves, why it is in a bundle, what stays broken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.bundle_groups import opened_together
from coordination.bundling import Bundle, Member
from coordination.not_bundled import NotBundled
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_problem import FEN_PER_WAN, ScheduleProblem
from coordination.schedule_starts import Starts
from coordination.wording import text
from coordination.works import UNDERGROUND

_NAMED = 4
_LEAST_FEN = 10_000


def day_text(day: int) -> str:
    """Return a day as people write it.

    Examples
    --------
    >>> day_text(0)
    '1970-01-01'
    """
    return str(np.datetime64(int(day), "D"))


def listed(codes: Sequence[str], lang: str) -> str:
    """Return some codes in one phrase, the first few by name."""
    if len(codes) > _NAMED:
        shown = text("plan.list", lang).join(codes[: _NAMED - 1])
        return text("check.more", lang, shown=shown, rest=len(codes) - _NAMED + 1)
    return text("plan.list", lang).join(codes)


def wan_text(low: float, high: float) -> str:
    """Return an estimate in 10,000 yuan as a range; equal ends as one number.

    Examples
    --------
    >>> wan_text(1.44, 3.0), wan_text(2.0, 2.0)
    ('1.4–3.0', '2.0')
    """
    one, other = f"{low:.1f}", f"{high:.1f}"
    return one if one == other else f"{one}–{other}"


def broken_texts(problem: ScheduleProblem, broken: pd.DataFrame, lang: str) -> list[str]:
    """Return a sentence per row of `ScheduleCheck.broken`."""
    codes = np.append(problem.projects["code"].to_numpy(dtype=object), "")
    sentences = []
    for row in broken.to_dict("records"):
        first, end, lag = (int(row[name]) for name in ("first_day", "end_day", "lag_days"))
        # The lower of two works in order is finished before the lag, which ends with the break.
        between = first - (end - lag)
        key = "order_lag" if row["rule"] == "order" and between >= 0 else row["rule"]
        sentences.append(
            text(
                f"plan.broken.{key}", lang, code=codes[int(row["project"])],
                other=codes[int(row["other"])], name=row["name"], start=day_text(first),
                finish=day_text(end - lag - 1), before=day_text(first - 1), days=between, needed=lag,
            )
        )  # fmt: skip
    return sentences


def moved_reasons(  # noqa: PLR0917 - the plan in full
    problem: ScheduleProblem,
    check: ScheduleCheck,
    filed: ScheduleCheck,
    free: Starts,
    of_project: Mapping[int, tuple[Bundle, Member]],
    lang: str,
) -> list[str]:
    """Return, per project, why it stands where it stands in a schedule.

    Parameters
    ----------
    problem, check, filed
        The problem, the schedule, and the plan as filed.
    free
        Starts of the problem.
    of_project
        Bundle and member by row of the project.
    lang
        ``zh`` or ``en``.
    """
    moved = check.start_day - problem.filed()
    before = _breaks_of(filed.broken)
    after = _breaks_of(check.broken)
    pinned = set(problem.pins["project"].tolist())
    joined = set(opened_together(problem, check)["project"].tolist())
    sentences = []
    for project, days in enumerate(moved.tolist()):
        why = problem.projects["why"].iloc[project]
        if isinstance(why, str):
            sentences.append(text(f"plan.why.{why}", lang))
            continue
        if free.kept[project]:
            sentences.append(text("plan.why.no_day", lang))
            continue
        parts = []
        if project in pinned:
            parts.append(text("plan.why.pinned", lang))
        if days:
            direction = "later" if days > 0 else "earlier"
            parts.append(text(f"plan.why.{direction}", lang, days=abs(days)))
        if project in of_project:
            parts += _sharing(*of_project[project], lang)
        elif days and project in joined:
            parts.append(text("plan.why.beside", lang))
        mended = before.get(project, set()) - after.get(project, set())
        if days and mended:
            names = text("plan.list", lang).join(
                text(f"plan.rule.{rule}", lang) for rule in sorted({rule for rule, _, _ in mended})
            )
            parts.append(text("plan.why.avoids", lang, broken=names))
        if days and len(parts) == 1:
            parts.append(text("plan.why.room", lang))
        if not days:
            parts.insert(0, text("plan.why.kept", lang))
        sentences.append(text("plan.then", lang).join(parts) + text("plan.stop", lang))
    return sentences


def _breaks_of(broken: pd.DataFrame) -> dict[int, set[tuple[str, int, str]]]:
    found: dict[int, set[tuple[str, int, str]]] = {}
    for row in broken.to_dict("records"):
        one, other = int(row["project"]), int(row["other"])
        for mine, partner in ((one, other), (other, one)):
            if mine >= 0:
                found.setdefault(mine, set()).add((str(row["rule"]), partner, str(row["name"])))
    return found


def _sharing(bundle: Bundle, member: Member, lang: str) -> list[str]:
    if bundle.mode == "traffic_management":
        others = [one for one in bundle.codes if one != member.code]
        return [
            text("plan.member.managed", lang, partners=listed(others, lang),
                 place=place_text(bundle.roads, lang))
        ]  # fmt: skip
    parts = [
        text("plan.why.share", lang, partners=listed(member.shares, lang),
             place=place_text(member.roads, lang))
    ]  # fmt: skip
    if member.lost_fen >= _LEAST_FEN:
        parts.append(
            text("plan.why.saves", lang, metres=f"{member.length_m:.0f}",
                 wan=f"{member.lost_fen / FEN_PER_WAN:.1f}")
        )  # fmt: skip
    return parts


def place_text(roads: Sequence[str], lang: str) -> str:
    """Return where a bundle, or a member of it, lies."""
    if not roads:
        return text("plan.off_road", lang)
    return listed(roads, lang)


def layer_text(layers: tuple[int, int], lang: str) -> str:
    """Return the layers of the works order that a member makes.

    Examples
    --------
    >>> layer_text((2, 2), "en"), layer_text((6, 9), "en")
    ('water', 'road base to signs and markings')
    """
    low, high = (text(f"plan.layer.{one}", lang) for one in layers)
    return low if low == high else text("plan.layers", lang, low=low, high=high)


def member_texts(bundle: Bundle, lang: str, hidden: Collection[int] = ()) -> list[tuple[str, str]]:
    """Return, per member, why it belongs to a bundle and what breaks if it leaves.

    Nothing is told of a project that stays ``hidden``, and no metres and no money of a bundle with one.
    """
    told = []
    for one in bundle.members:
        if one.project in hidden:
            told.append((text("report.confidential.reason", lang), ""))
            continue
        if bundle.mode == "traffic_management":
            others = [code for code in bundle.codes if code != one.code]
            why = text("plan.member.managed", lang, partners=listed(others, lang),
                       place=place_text(bundle.roads, lang))  # fmt: skip
            told.append((why, text("plan.member.leaves_managed", lang)))
            continue
        if bundle.veiled:
            shares = text("plan.why.share", lang, partners=listed(one.shares, lang),
                          place=place_text(one.roads, lang))  # fmt: skip
            told.append((shares, ""))
            continue
        why = text(
            "plan.member.share", lang, partners=listed(one.shares, lang),
            place=place_text(one.roads, lang), metres=f"{one.length_m:.0f}",
            order=one.works_order, layer=layer_text(one.layers, lang),
        )  # fmt: skip
        leaves = text("plan.member.leaves", lang, metres=f"{one.length_m:.0f}",
                      wan=f"{one.lost_fen / FEN_PER_WAN:.1f}")  # fmt: skip
        if len(bundle.members) == 2:
            leaves = text("plan.then", lang).join((leaves, text("plan.member.ends", lang)))
        elif one.alone:
            alone = text("plan.member.alone", lang, codes=listed(one.alone, lang))
            leaves = text("plan.then", lang).join((leaves, alone))
        told.append((why, leaves))
    return told


def value_text(bundle: Bundle, lang: str) -> str:
    """Return what a bundle is worth, with the formula and its figures."""
    if bundle.mode == "traffic_management":
        return text("plan.value.none", lang)
    if bundle.veiled:
        return text("report.confidential.reason", lang)
    low, mid, high = bundle.saved_wan
    apart, together = (fen[1] / FEN_PER_WAN for fen in (bundle.apart_fen, bundle.together_fen))
    limited = bundle.saved_fen[1] < bundle.apart_fen[1] - bundle.together_fen[1]
    return text(
        "plan.value.limited" if limited else "plan.value.formula", lang, low=f"{low:.2f}",
        mid=f"{mid:.2f}", high=f"{high:.2f}", apart=f"{apart:.2f}", together=f"{together:.2f}",
        less=f"{apart - together:.2f}",
    )  # fmt: skip


def bundle_warnings(
    bundle: Bundle, problem: ScheduleProblem, check: ScheduleCheck, lang: str
) -> list[str]:
    """Return what to look at in a bundle.

    Rules that stay broken within it, one surface made twice, pipes and road that end on one day.
    """
    own = {one.project for one in bundle.members}
    rows = check.broken[check.broken["project"].isin(own) & check.broken["other"].isin(own)]
    twice = [
        text("plan.twice", lang, a=one.code, b=other.code, layer=layer_text(both, lang))
        for one, other in combinations(bundle.members, 2)
        for both in [_both_make(one, other)]
        if both is not None and other.code in one.shares
    ]
    one_day = [
        text("plan.hand_over", lang, day=day_text(day - 1))
        for day in sorted(
            {
                one.finish_day
                for one, other in combinations(bundle.members, 2)
                if one.layers[1] <= UNDERGROUND < other.layers[0] and other.code in one.shares
                if one.finish_day == other.finish_day
            }
        )
    ]
    return broken_texts(problem, rows, lang) + twice + one_day


def _both_make(one: Member, other: Member) -> tuple[int, int] | None:
    """Return the layers from the road base up that both make; pipes may lie beside one another."""
    low = max(one.layers[0], other.layers[0], UNDERGROUND + 1)
    high = min(one.layers[1], other.layers[1])
    return (low, high) if low <= high else None


def not_bundled_text(problem: ScheduleProblem, one: NotBundled, lang: str) -> str:
    """Return why two projects are not bundled."""
    codes: npt.NDArray[np.object_] = problem.projects["code"].to_numpy(dtype=object)
    return text(
        f"plan.not_bundled.{one.why}", lang, a=codes[one.left], b=codes[one.right], days=one.days,
        metres=f"{one.length_m:.0f}",
    )  # fmt: skip
