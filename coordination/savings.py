"""What coordinating two works is worth: an estimate as a range, never a basis for accounts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.policy import Policy

YUAN_PER_WAN = 10_000.0
FOOTWAYS = ("footway",)


def surface_of(position: pd.Series[str]) -> npt.NDArray[np.object_]:
    """Return the kind of surface that a work opens: ``footway`` by its position, else ``asphalt``.

    Examples
    --------
    >>> surface_of(pd.Series(["footway", "full", None])).tolist()
    ['footway', 'asphalt', 'asphalt']
    """
    return np.where(position.isin(FOOTWAYS).to_numpy(), "footway", "asphalt").astype(object)


def rates_of(surface: npt.ArrayLike, policy: Policy) -> npt.NDArray[np.float64]:
    """Return the rate of reinstatement of surfaces, yuan/m²: low, mid, high; shape ``(n, 3)``.

    Examples
    --------
    >>> rates_of(["footway"], Policy()).tolist()
    [[80.0, 190.0, 300.0]]
    """
    kinds = list(policy.reinstatement_yuan_m2)
    codes = pd.Index(kinds).get_indexer(pd.Index(np.asarray(surface, dtype=object)))
    return np.array([policy.reinstatement_yuan_m2[kind] for kind in kinds], dtype=float)[codes]


def saved_wan(
    area_twice_m2: npt.ArrayLike,
    surface: npt.ArrayLike,
    cost_both_wan: npt.ArrayLike,
    policy: Policy,
) -> npt.NDArray[np.float64]:
    """Return what one opening instead of two saves in reinstatement, low, mid and high.

    Reinstatement of an opening is ``length × the widest member's dig × rate``; saved is the two
    apart minus both together, which leaves ``length × the narrower dig × rate``: the ground that
    would be opened twice. Rates are those of the policy (Zhejiang fee table, old prices). The
    saving never passes ``most_saved_share`` of what both cost, where that is known.

    Parameters
    ----------
    area_twice_m2
        Shared length × narrower dig, m², shape ``(n,)``; missing gives missing.
    surface
        ``asphalt``, ``concrete`` or ``footway``, shape ``(n,)``.
    cost_both_wan
        Cost of both projects, 10,000 yuan, shape ``(n,)``; missing sets no limit.
    policy
        Rates.

    Returns
    -------
    numpy.ndarray of float64
        Shape ``(n, 3)``, 10,000 yuan.

    Examples
    --------
    >>> saved_wan([100.0], ["asphalt"], [np.nan], Policy()).tolist()
    [[1.4, 2.2, 3.0]]
    >>> saved_wan([100.0], ["asphalt"], [4.0], Policy()).tolist()
    [[1.4, 1.4, 1.4]]
    """
    rate = rates_of(surface, policy)
    saved = np.asarray(area_twice_m2, dtype=float)[:, None] * rate / YUAN_PER_WAN
    most = np.asarray(cost_both_wan, dtype=float)[:, None] * policy.most_saved_share
    limited: npt.NDArray[np.float64] = np.where(np.isnan(most), saved, np.minimum(saved, most))
    return limited.round(4)
