"""Which column names the same work in two editions of a list, and how well it does.

Lists get renumbered. A key (the code, unit and name, a permit number …) is judged by what is
independent of it: whether the two works that it joins lie at one place, or bear one name of one
unit that nobody else bears.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rapidfuzz import fuzz, process

from coordination.faults import Fault
from coordination.projects import FIELD
from coordination.remark_words import folded

KEYS: tuple[tuple[str, ...], ...] = (
    ("code",),
    ("owner_unit", "name"),
    ("external_id",),
    ("permit_no",),
    ("owner_unit", "road", "extent_text"),
    ("name", "road"),
    ("owner_unit", "place"),
)
"""Keys that are tried, in the order in which equally good ones are proposed. ``place`` is the
footprint itself: it finds a work again, but no column can be named for it."""

_TEXTS = ("owner_unit", "name", "external_id", "permit_no", "town")
_BETWEEN = "\x1f"
_BETWEEN_ROADS = re.compile(r"[、,，;；/]")

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Column = npt.NDArray[np.object_]
_CODE = ("code",)


@dataclass(frozen=True)
class EditionPolicy:
    """When two rows are the same work, and two lists editions of one.

    Attributes
    ----------
    near_m
        Footprints up to this far apart are at one place.
    alike
        Texts from this similarity on (0 to 100, normalised edit distance) are alike.
    fewest
        From so many judged codes on, a list can be found to be renumbered.
    codes_share
        … which it is when fewer than this share of them fits.
    shift_share, shift_m
        … unless at least this share of them is displaced by one and the same way, give or take this
        much: then the frame changed and not the codes.
    same_share
        A footprint did not move while both share this much of their common ground.
    list_share
        A stored file is the earlier edition when this share of the smaller of the two lists is in
        both.
    units_share
        … and this share of its units is found again.
    """

    near_m: float = 50.0
    alike: float = 80.0
    fewest: int = 5
    codes_share: float = 0.5
    shift_share: float = 0.8
    shift_m: float = 20.0
    same_share: float = 0.99
    list_share: float = 0.3
    units_share: float = 0.5


DEFAULT = EditionPolicy()


@dataclass(frozen=True)
class KeyFit:
    """How many projects of a list a key finds again at their place.

    Attributes
    ----------
    key
        Fields, as in `KEYS`.
    met
        Projects whose key is that of exactly one stored project.
    fits
        Of these: what else is known of both agrees.
    of
        Projects in the list.
    """

    key: tuple[str, ...]
    met: int
    fits: int
    of: int


@dataclass(frozen=True)
class KeyJudgement:
    """What the keys of a list say against a store.

    Attributes
    ----------
    fits
        One per key of `KEYS` that finds anything, best first; ``code`` is always there.
    renumbered
        Fewer than half of the codes fit.
    pairs
        ``now, stored, key, fits``: codes of both, one row per project of the list that was found
        again; by code where codes hold, else by the best key that finds it.
    swapped
        ``now, stored``: codes that hold for the list but not for these projects, and the stored
        code that each of them seems to be (missing where none is found).
    """

    fits: tuple[KeyFit, ...]
    renumbered: bool
    pairs: pd.DataFrame
    swapped: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"now": [], "stored": []}, dtype="object")
    )

    @property
    def better(self) -> KeyFit | None:
        """The best key other than the code that can be named in a mapping, or None."""
        return next(
            (fit for fit in self.fits if fit.fits and not {"code", "place"} & set(fit.key)), None
        )


def evidence(rows: pd.DataFrame) -> pd.DataFrame:
    r"""Return what is known of each project, one row per code, for finding it again.

    Parameters
    ----------
    rows
        One row per site: ``code`` and any of ``owner_unit, name, external_id, permit_no, town,
        road, extent_text, start, finish, geometry`` (m, missing where the place is unknown).

    Returns
    -------
    pandas.DataFrame
        ``code`` and texts as they are compared (empty where missing; several roads in one text),
        ``start``, ``finish``, ``geometry`` (all sites together) and ``place`` (a name for exactly
        this footprint). RangeIndex.

    Examples
    --------
    >>> rows = pd.DataFrame({"code": ["A", "A"], "road": ["乙路", "甲路"], "name": ["大 修", None]})
    >>> evidence(rows)[["code", "name", "road"]].to_dict("records")
    [{'code': 'A', 'name': '大修', 'road': '乙路\x1f甲路'}]
    """
    rows = rows[rows["code"].notna()]
    number, codes = pd.factorize(rows["code"])
    table = pd.DataFrame({"code": np.asarray(codes, dtype=object)})
    grouped = pd.Series(number, index=rows.index)
    for name in _TEXTS:
        table[name] = ""
        if name in rows:
            first = rows[name].groupby(grouped.to_numpy()).first()
            table[name] = _plain(first.reindex(range(len(codes))))
    for name in ("road", "extent_text"):
        table[name] = ""
        if name in rows:
            several = pd.DataFrame({"at": number, "text": _plain(rows[name])})
            if name == "road":  # one cell of a list names the roads that the store has by site
                several = several.assign(text=several["text"].str.split(_BETWEEN_ROADS)).explode(
                    "text"
                )
            several = several[several["text"] != ""].drop_duplicates().sort_values(["at", "text"])
            joined = several.groupby("at")["text"].agg(_BETWEEN.join)
            table[name] = joined.reindex(range(len(codes))).fillna("").to_numpy(dtype=object)
    for name, end in (("start", "min"), ("finish", "max")):
        days = pd.Series(pd.NaT, index=rows.index) if name not in rows else rows[name]
        table[name] = days.groupby(number).agg(end).reindex(range(len(codes))).to_numpy()
    shapes = np.full(len(rows), None, dtype=object)
    if "geometry" in rows:
        shapes = np.asarray(rows["geometry"].to_numpy(), dtype=object)
    table["geometry"] = pd.Series(united(shapes, number, len(codes)), dtype="object")
    table["place"] = _place_names(table["geometry"].to_numpy(dtype=object))
    return table


def united(
    shapes: npt.NDArray[np.object_], group: npt.NDArray[np.integer[Any]], groups: int
) -> npt.NDArray[np.object_]:
    """Return the union of each group of shapes; None for a group without any."""
    known = np.flatnonzero(shapely.is_geometry(shapes))
    known = known[~shapely.is_empty(shapes[known])]
    order = known[np.argsort(group[known], kind="stable")]
    result = np.full(groups, None, dtype=object)
    if not len(order):
        return result
    present, first, count = np.unique(group[order], return_index=True, return_counts=True)
    result[present[count == 1]] = shapes[order[first[count == 1]]]
    several = present[count > 1]
    if len(several):
        slot = np.searchsorted(several, group[order])
        slot = np.minimum(slot, len(several) - 1)
        among = several[slot] == group[order]
        together = shapely.geometrycollections(shapes[order[among]], indices=slot[among])
        result[several] = shapely.unary_union(together[:, None], axis=1)
    return result


@dataclass(frozen=True)
class _Pairs:
    """Pairs of a project of the list and a stored one, as rows of either table."""

    now: pd.DataFrame
    stored: pd.DataFrame
    i: Rows
    j: Rows

    @classmethod
    def by(cls, now: pd.DataFrame, stored: pd.DataFrame, key: tuple[str, ...]) -> _Pairs:
        """Join by a key, where it is complete and unique on either side."""
        ends = []
        for table in (now, stored):
            joined = table[key[0]].astype("object")
            whole = (joined != "").to_numpy(dtype=bool).copy()
            for name in key[1:]:
                whole &= (table[name] != "").to_numpy(dtype=bool)
                joined = joined + _BETWEEN + table[name].astype("object")
            at = np.flatnonzero(whole)
            at = at[~joined.iloc[at].duplicated(keep=False).to_numpy()]
            ends.append(pd.Series(at, index=joined.iloc[at].to_numpy(), dtype="int64"))
        common = ends[0].index.intersection(ends[1].index)
        return cls(now, stored, ends[0].loc[common].to_numpy(), ends[1].loc[common].to_numpy())

    def texts(self, name: str) -> tuple[Column, Column]:
        """Return both texts of each pair."""
        return (
            self.now[name].to_numpy(dtype=object)[self.i],
            self.stored[name].to_numpy(dtype=object)[self.j],
        )

    def both(self, name: str) -> Flags:
        """Tell which pairs know a text on both sides."""
        a, b = self.texts(name)
        return np.asarray((a != "") & (b != ""), dtype=np.bool_)

    def same(self, name: str) -> Flags:
        """Tell which pairs say the same."""
        a, b = self.texts(name)
        return np.asarray(a == b, dtype=np.bool_)

    def alike(self, name: str, at_least: float) -> Flags:
        """Tell which pairs say nearly the same."""
        if not len(self.i):
            return np.zeros(0, dtype=np.bool_)
        a, b = self.texts(name)
        score = process.cpdist(a.tolist(), b.tolist(), scorer=fuzz.ratio)
        return np.asarray(score >= at_least, dtype=np.bool_)

    def share_a_road(self) -> Flags:
        """Tell which pairs have a road in common."""
        a, b = self.texts("road")
        return np.array(
            [
                not set(one.split(_BETWEEN)).isdisjoint(two.split(_BETWEEN))
                for one, two in zip(a, b, strict=True)
            ],
            dtype=np.bool_,
        )

    def drawn(self) -> tuple[Flags, Column, Column]:
        """Return which pairs have a footprint on both sides, and these footprints."""
        a = self.now["geometry"].to_numpy(dtype=object)[self.i]
        b = self.stored["geometry"].to_numpy(dtype=object)[self.j]
        drawn = shapely.is_geometry(a) & shapely.is_geometry(b)
        return drawn, a[drawn], b[drawn]

    def at_one_place(self, policy: EditionPolicy) -> tuple[Flags, Flags]:
        """Tell which pairs are at one place, and of which that can be told at all."""
        drawn, a, b = self.drawn()
        roads, extents = self.both("road"), self.both("extent_text")
        near = np.where(roads, self.share_a_road(), self.alike("extent_text", policy.alike))
        near &= roads | extents
        near[drawn] = shapely.dwithin(a, b, policy.near_m)
        return near.astype(np.bool_), drawn | roads | extents

    def fit(self, policy: EditionPolicy) -> Flags:
        """Tell for each pair whether what is known of both agrees.

        At one place, or under one name of one unit that no other stored project bears. Where
        neither place is known the names decide, else the units.
        """
        near, known = self.at_one_place(policy)
        unit = self.same("owner_unit") | ~self.both("owner_unit")
        names = self.both("name")
        bears = self.stored["owner_unit"] + _BETWEEN + self.stored["name"]
        alone = ~bears.duplicated(keep=False).to_numpy()
        told = names & self.same("name") & alone[self.j] & unit
        elsewhere = self.now["name"].isin(self.stored["name"]).to_numpy()[self.i]
        alike = self.same("name") | (self.alike("name", policy.alike) & ~elsewhere)
        return np.where(known, near | told, np.where(names, alike, unit)).astype(np.bool_)

    def mean_another(self) -> Flags:
        """Tell where road and unit are both known and both differ."""
        known = self.both("owner_unit") & self.both("road")
        return known & ~self.same("owner_unit") & ~self.share_a_road()

    def shifted(self, policy: EditionPolicy) -> bool:
        """Tell whether one and the same way leads from nearly all places to the new ones."""
        drawn, a, b = self.drawn()
        if int(drawn.sum()) < policy.fewest:
            return False
        there, here = shapely.centroid(a), shapely.centroid(b)
        way = np.column_stack(
            [shapely.get_x(there) - shapely.get_x(here), shapely.get_y(there) - shapely.get_y(here)]
        )
        off = np.linalg.norm(way - np.median(way, axis=0), axis=1)
        return bool(np.mean(off <= policy.shift_m) >= policy.shift_share)


def adopted_codes(rows: pd.DataFrame, known: pd.DataFrame, fields: Sequence[str]) -> pd.Series[str]:
    """Return the stored code of each row that a key finds, missing where it finds none or several.

    Parameters
    ----------
    rows, known
        ``code`` (only of ``known``) and ``fields``, one row per site.
    fields
        The key, such as ``("owner_unit", "name")``.

    Returns
    -------
    pandas.Series of object
        Index of ``rows``.

    Examples
    --------
    >>> known = pd.DataFrame({"code": ["P7", "P8"], "name": ["甲路大修", "乙路大修"]})
    >>> adopted_codes(pd.DataFrame({"name": ["乙路大修", "丙路大修"]}), known, ["name"]).tolist()
    ['P8', None]
    """

    def key(table: pd.DataFrame) -> pd.Series[str]:
        parts = [_plain(table[name]) for name in fields]
        texts = [
            _BETWEEN.join(values) if all(values) else None for values in zip(*parts, strict=True)
        ]
        return pd.Series(texts, index=table.index, dtype="object")

    stored = pd.DataFrame({"code": known["code"], "key": key(known)}).dropna().drop_duplicates()
    stored = stored[~stored["key"].duplicated(keep=False)]
    found = key(rows).map(stored.set_index("key")["code"]).astype("object")
    return found.where(found.notna(), None)


def judge_keys(
    now: pd.DataFrame, stored: pd.DataFrame, policy: EditionPolicy = DEFAULT
) -> KeyJudgement:
    """Say which key finds the projects of a list again, and whether its codes do.

    Parameters
    ----------
    now, stored
        As `evidence` returns them.
    policy
        Distances and shares.

    Examples
    --------
    >>> stored = evidence(pd.DataFrame({"code": list("ABCDE"), "name": list("abcde"),
    ...     "owner_unit": "gas", "road": list("vwxyz")}))
    >>> now = stored.assign(code=list("BCDEA"))
    >>> told = judge_keys(now, stored)
    >>> told.renumbered, told.better
    (True, KeyFit(key=('owner_unit', 'name'), met=5, fits=5, of=5))
    """
    found = {key: _Pairs.by(now, stored, key) for key in KEYS}
    right = {key: pairs.fit(policy) for key, pairs in found.items()}
    fits = [KeyFit(key, len(right[key]), int(right[key].sum()), len(now)) for key in KEYS]
    fits = [fit for fit in fits if fit.met or fit.key == _CODE]
    fits.sort(key=lambda fit: -fit.fits)
    judged = len(right[_CODE])
    elsewhere = max(int(right[key].sum()) for key in KEYS if key != _CODE)
    renumbered = (
        judged >= policy.fewest
        and int(right[_CODE].sum()) < policy.codes_share * judged
        and (elsewhere >= policy.codes_share * judged or not found[_CODE].shifted(policy))
    )
    others = [fit.key for fit in fits if fit.key != _CODE and fit.fits]
    at_now = np.full(len(now), -1, dtype=np.int64)
    taken = np.zeros(len(stored), dtype=np.bool_)
    by = np.full(len(now), "", dtype=object)
    good = np.zeros(len(now), dtype=np.bool_)
    for key in others if renumbered else (_CODE, *others):
        i, j = found[key].i, found[key].j
        # A code joins whatever it names; any other key only what fits.
        use = (at_now[i] < 0) & ~taken[j] & (right[key] | (key == _CODE))
        at_now[i[use]], by[i[use]], good[i[use]] = j[use], " ".join(key), right[key][use]
        taken[j[use]] = True
    met = np.flatnonzero(at_now >= 0)
    pairs = pd.DataFrame(
        {
            "now": now["code"].to_numpy(dtype=object)[met],
            "stored": stored["code"].to_numpy(dtype=object)[at_now[met]],
            "key": by[met],
            "fits": good[met],
        }
    )
    return KeyJudgement(tuple(fits), renumbered, pairs, _swapped(found, right))


def renumbered_fault(keys: KeyJudgement, columns: Mapping[str, str]) -> Fault:
    """Return why a renumbered list is refused, with the better key and how well it fits.

    Parameters
    ----------
    keys
        As judged.
    columns
        What the source calls a field.
    """
    by_code = next(fit for fit in keys.fits if fit.key == ("code",))
    params: dict[str, str | int | float] = {
        "count": by_code.met - by_code.fits,
        "known": by_code.met,
    }
    better = keys.better
    if better is None or better.fits <= by_code.fits:
        return Fault("codes_renumbered", column=columns.get("code", "code"), params=params)
    theirs = [columns.get(name, FIELD[name].zh) for name in better.key]
    quoted = ", ".join(f'"{name}"' for column in theirs for name in column.split(" + "))
    params |= {
        "made_from": " + ".join(theirs), "quoted": quoted, "fits": better.fits, "of": better.of,
        "code_fits": by_code.fits,
    }  # fmt: skip
    return Fault("codes_renumbered_better", column=columns.get("code", "code"), params=params)


def _swapped(
    found: dict[tuple[str, ...], _Pairs], right: dict[tuple[str, ...], Flags]
) -> pd.DataFrame:
    """Return codes that mean another work: another key finds it elsewhere, or nothing agrees."""
    pairs = found[_CODE]
    seen = np.full(len(pairs.now), -1, dtype=np.int64)
    for key in reversed(KEYS[1:]):
        seen[found[key].i[right[key]]] = found[key].j[right[key]]
    seen = seen[pairs.i]
    elsewhere = ~right[_CODE] & (seen >= 0) & (seen != pairs.j)
    wrong = elsewhere | pairs.mean_another()
    codes = pairs.stored["code"].to_numpy(dtype=object)
    like = np.full(len(seen), None, dtype=object)
    like[elsewhere] = codes[seen[elsewhere]]
    return pd.DataFrame(
        {
            "now": pairs.now["code"].to_numpy(dtype=object)[pairs.i[wrong]],
            "stored": pd.Series(like[wrong], dtype="object"),
        }
    )


def _plain(texts: pd.Series[str]) -> npt.NDArray[np.object_]:
    """Return texts as they are compared; each different one is folded once."""
    number, different = pd.factorize(texts.astype("object"))
    plain = [folded(str(text)).replace(" ", "").casefold() for text in different]
    return np.array([*plain, ""], dtype=object)[number]  # -1, the missing one, is the last


def _place_names(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    names = np.full(len(shapes), "", dtype=object)
    known = shapely.is_geometry(shapes)
    if known.any():
        box = np.round(shapely.bounds(shapes[known])).astype(np.int64)
        area = np.round(shapely.area(shapes[known])).astype(np.int64)
        names[known] = [" ".join(map(str, row)) for row in np.column_stack([box, area]).tolist()]
    return names
