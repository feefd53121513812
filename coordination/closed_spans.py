"""The union of spans along lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.intervals import elementary_pieces


def closed_spans(
    line: npt.NDArray[np.int64], from_m: npt.NDArray[np.float64], to_m: npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Return the union of spans on each line as the fewest spans: overlaps and seams closed.

    Parameters
    ----------
    line
        Number of the line of each span, shape ``(n,)``.
    from_m, to_m
        Metres along it, shape ``(n,)``.

    Returns
    -------
    pandas.DataFrame
        ``line, from_m, to_m``, sorted.

    Examples
    --------
    >>> closed_spans(np.array([0, 0]), np.array([0.0, 5.0]), np.array([5.0, 9.0])).to_numpy().tolist()
    [[0.0, 0.0, 9.0]]
    """
    pieces = elementary_pieces(line, from_m, to_m, tolerance=1e-6)
    fresh = np.ones(len(pieces.group), dtype=bool)
    fresh[1:] = (pieces.group[1:] != pieces.group[:-1]) | (
        pieces.start[1:] > pieces.finish[:-1] + 1e-6
    )
    table = pd.DataFrame(
        {
            "line": pieces.group,
            "from_m": pieces.start,
            "to_m": pieces.finish,
            "run": np.cumsum(fresh),
        }
    )
    return table.groupby("run", as_index=False).agg(
        {"line": "first", "from_m": "first", "to_m": "last"}
    )[["line", "from_m", "to_m"]]
