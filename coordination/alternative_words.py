"""What the search for other windows says to people, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.other_windows import Alternative
from coordination.policy import Policy
from coordination.rules.protocol import Worded
from coordination.weighing import Told
from coordination.wording import LANGUAGES, table, text

_NAMED = 3
_LEAST_WAN = 0.005


def reason(
    found: Alternative,
    sharing: pd.DataFrame,
    before: pd.DataFrame,
    fees: npt.NDArray[np.float64],
    policy: Policy,
) -> tuple[Worded, Worded]:
    """Return how the saving of an alternative was reckoned, and the alternative in a sentence.

    Parameters
    ----------
    found
        The alternative.
    sharing, before
        `coordination.shared_openings.shared_openings` in its window and in the filed one.
    fees
        Fees for digging early that it avoids, low, mid and high, 10,000 yuan.
    policy
        Rates.
    """
    formulas = [_formula(sharing, before, fees, policy, lang) for lang in LANGUAGES]
    return Worded(*formulas), Worded(*(_sentence(found, sharing, lang) for lang in LANGUAGES))


def why_none(
    why: str,
    *,
    stage: str | None = None,
    until: date | None = None,
    limits: tuple[date, date] | None = None,
) -> Worded:
    """Return why there is no other window.

    Parameters
    ----------
    why
        Code, a key of ``check.none``.
    stage
        Stage of the project.
    until
        Last day of what shuts its place.
    limits
        The first and the last day between which it may lie.
    """
    key = (
        f"check.none.{why}" if limits or why not in {"locked", "restricted"} else "check.none.shut"
    )
    earliest, latest = limits or (None, None)
    told = []
    for lang in LANGUAGES:
        name = table("labels.stage", lang).get(stage or "", stage or "")
        told.append(text(key, lang, stage=name, until=until, earliest=earliest, latest=latest))
    return Worded(*told)


def wan(low: float, high: float) -> str:
    """Return an amount of 10,000 yuan as a range.

    Examples
    --------
    >>> wan(1.4, 3.0), wan(2.0, 2.0)
    ('1.4–3', '2')
    """
    first, last = f"{low:.2f}".rstrip("0").rstrip("."), f"{high:.2f}".rstrip("0").rstrip(".")
    return first if first == last else f"{first}–{last}"


def listed(found: Iterable[Told], lang: str) -> str:
    """Return findings by rule and partner, the first few of them."""
    labels = table("labels.rule", lang)
    names = []
    for one in found:
        label = labels.get(one.rule, one.rule)
        names.append(
            text("check.finding", lang, rule=label, project=one.project) if one.project else label
        )
    names = list(dict.fromkeys(names))
    shown = text("check.list", lang).join(names[:_NAMED])
    rest = len(names) - _NAMED
    return shown if rest <= 0 else text("check.more", lang, shown=shown, rest=rest)


def _sentence(found: Alternative, sharing: pd.DataFrame, lang: str) -> str:
    parts = [
        text("check.window", lang, start=found.start, finish=found.finish, move=_move(found, lang))
    ]
    if found.avoids:
        parts.append(text("check.avoids", lang, findings=listed(found.avoids, lang)))
    if found.eases:
        parts.append(text("check.eases", lang, findings=listed(found.eases, lang)))
    if found.shares_with:
        partners = text("check.list", lang).join(found.shares_with[:_NAMED])
        parts.append(
            text("check.shares", lang, partners=partners, length=round(sharing["length_m"].max()))
        )
    low, _, high = found.saves_wan
    if high >= _LEAST_WAN:
        parts.append(text("check.saves", lang, wan=wan(low, high)))
    elif low <= -_LEAST_WAN:
        parts.append(text("check.costs", lang, wan=wan(-high, -low)))
    # Where two share an opening, that it is also an opportunity says nothing new.
    adds = [one for one in found.adds if one.rule != "opportunity"]
    if adds:
        parts.append(text("check.adds", lang, findings=listed(adds, lang)))
    left = [one for one in found.remains if one.undecided and one.rule != "opportunity"]
    if left:
        parts.append(text("check.remains", lang, findings=listed(left, lang)))
    return text("check.then", lang).join(parts) + text("check.stop", lang)


def _move(found: Alternative, lang: str) -> str:
    days = found.moved_days
    if found.narrowed:
        length = (found.finish - found.start).days + 1
        kind = "narrow" if days == 0 else "narrow_later" if days > 0 else "narrow_earlier"
        return text(f"check.move.{kind}", lang, days=abs(days), length=length)
    return text(f"check.move.{'later' if days > 0 else 'earlier'}", lang, days=abs(days))


def _formula(
    sharing: pd.DataFrame,
    before: pd.DataFrame,
    fees: npt.NDArray[np.float64],
    policy: Policy,
    lang: str,
) -> str:
    parts = []
    if sharing["area_m2"].sum() == before["area_m2"].sum():
        sharing = before = sharing.iloc[0:0]
    for found, kind in ((sharing, "shared"), (before, "shared_before")):
        area = found["area_m2"].sum()
        if area > 0:
            partners = text("check.list", lang).join(found.index[found["area_m2"] > 0])
            low, high = found["low_wan"].sum(), found["high_wan"].sum()
            parts.append(
                text(
                    f"check.formula.{kind}", lang, partners=partners, area=f"{area:.0f}",
                    length=f"{found['length_m'].max():.0f}", wan=wan(low, high),
                    share=f"{policy.most_saved_share:.0%}",
                )
            )  # fmt: skip
    if fees[2] > 0:
        parts.append(text("check.formula.fees", lang, wan=wan(fees[0], fees[2])))
    if not parts:
        return text("check.formula.nothing", lang)
    return text("check.then", lang).join(parts) + text("check.formula.estimate", lang)
