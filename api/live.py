"""The city around some tentative projects, without loading the whole store.

Which projects lie near is asked of one of two indexes, which a test holds to the same answers: the
service keeps a live index in x, y and days (`data.live_index`), fed from the log; a single command
asks the R-tree of the store's layer, which is always there and costs nothing to build. Roads,
restrictions, boundaries and assets are read once and again when the log says that they changed.

Rules of reach ``place`` need no more than the neighbourhood. A rule of reach ``city`` needs more only
where it looks at a work of the tentative projects (its ``concerns``): then every project whose days
meet those in which they may be at work and with a work that the rule looks at comes along, and the
whole network. Otherwise nothing it could find names a tentative project, and only whether it can run
is told, from a run on no works at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import NamedTuple, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination import City, Policy
from coordination.check import CheckAnswer, with_tentative
from coordination.detection import look, run_rules
from coordination.findings import RuleRun
from coordination.found_parts import Concerns
from coordination.movable import movable_windows
from coordination.neighbourhood import reach_m
from coordination.rules.protocol import Rule
from coordination.works import works_table
from data.edits import FOLLOWING
from data.live_index import LiveIndex
from data.store import Store
from geo.network_parts import NetworkParts
from geo.spacetime_index import EVER

_WORKS = ("projects", "sites", "ledger")
Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Surroundings:
    """What of a store is not works: read once, shared by threads.

    Attributes
    ----------
    city
        Network, restrictions, boundaries, assets and aliases; no works.
    parts
        Cuts small networks out of its network; None without one.
    revision
        Of the log, up to which nothing of it changed.
    """

    city: City
    parts: NetworkParts | None
    revision: int


@dataclass(frozen=True)
class Around:
    """A part of a city for a check.

    Attributes
    ----------
    city
        To be judged with the tentative projects in it.
    rules
        The rules that have to be run on it.
    others
        What is told of the others: none of them can name a tentative project.
    """

    city: City
    rules: tuple[Rule, ...]
    others: tuple[RuleRun, ...]

    def told(self, answer: CheckAnswer) -> CheckAnswer:
        """Return a check on the part with every rule in its list, also those left out here.

        Parameters
        ----------
        answer
            `coordination.check.check` of ``city`` by ``rules``.
        """
        others = {run.rule: run for run in self.others}
        runs = {run.rule: run for run in answer.findings.rules_run} | others
        return replace(answer, findings=replace(answer.findings, rules_run=tuple(runs.values())))


class _Told(NamedTuple):
    """Whether rules of reach ``city`` can run, and what that rests on."""

    whole: City
    rests_on: tuple[object, ...]
    runs: tuple[RuleRun, ...]


class LiveCity:
    """One store as checks see it; threads may share it.

    Parameters
    ----------
    indexed
        Keep a live index in memory; without it the R-tree of the store's layer is asked.
    """

    def __init__(self, *, indexed: bool) -> None:
        self._indexed = indexed
        self._lock = Lock()
        self._surroundings: Surroundings | None = None
        self._index: LiveIndex | None = None
        self._told: _Told | None = None

    def surroundings(self, store: Store) -> Surroundings:
        """Return what is not works, as it is now.

        Parameters
        ----------
        store
            The store; every call with the same one.
        """
        with self._lock:
            known = self._surroundings
            revision = store.info().log_revision
            if known is not None and known.revision <= revision:
                changed = store.changes(known.revision, besides=(*FOLLOWING, *_WORKS))
                if all(change.table == "meta" for change in changed):
                    self._surroundings = replace(known, revision=revision)
                    return self._surroundings
            city = store.read_surroundings()
            parts = None if city.network is None else NetworkParts(city.network)
            self._surroundings = Surroundings(city, parts, revision)
            return self._surroundings

    def index(self, store: Store) -> LiveIndex | None:
        """Return the live index as of now, or None where none is kept.

        Parameters
        ----------
        store
            The store; every call with the same one.
        """
        if not self._indexed:
            return None
        with self._lock:
            if self._index is None:
                self._index = LiveIndex(store)
            index = self._index
        index.catch_up(store)
        return index

    def around(
        self,
        store: Store,
        projects: pd.DataFrame,
        sites: gpd.GeoDataFrame,
        policy: Policy,
        rules: Sequence[Rule],
        *,
        as_of: np.datetime64,
    ) -> Around:
        """Return the city in which tentative projects are judged as in the whole one.

        Parameters
        ----------
        store
            The store.
        projects, sites
            The tentative projects, as in `coordination.City`.
        policy, rules
            By which they are judged.
        as_of
            Day of judgement.
        """
        known, index = self.surroundings(store), self.index(store)
        shapes = sites.geometry.to_numpy(dtype=object)
        boxes = _boxes(shapes, reach_m(policy))
        near = store.codes_in(boxes) if index is None else index.codes(boxes)
        codes = near | set(projects["code"])
        numbers = set(projects["external_id"].dropna())
        whole = known.city
        far = tuple(rule for rule in rules if rule.reach == "city")
        local = store.read_part(codes, boxes=boxes, numbers=numbers)
        day = int(as_of.astype("datetime64[D]").astype(np.int64))
        own = replace(local, projects=projects, sites=sites)
        looking = _looking(far, own, policy, day)
        runs: tuple[RuleRun, ...] = ()
        network = whole.network
        if looking:
            codes |= self._looked_at(store, index, looking, own, policy, day)
            local = store.read_part(codes, boxes=boxes, numbers=numbers)
        elif far:
            runs = self._told_of(whole, local.ledger, policy, far, as_of)
        if not looking and known.parts is not None:
            tentative = with_tentative(local, projects, sites)
            places = [tentative.sites.geometry.to_numpy(dtype=object)]
            if local.ledger is not None:
                places.append(local.ledger.geometry.to_numpy(dtype=object))
            network = known.parts.part(np.concatenate(places))
        city = replace(
            local, network=network, restrictions=whole.restrictions,
            boundaries=whole.boundaries, assets=whole.assets, aliases=whole.aliases,
            permits=store.has_permits(besides=set(projects["code"])),
        )  # fmt: skip
        kept = tuple(rules) if looking else tuple(rule for rule in rules if rule.reach == "place")
        return Around(city, kept, runs)

    def _told_of(
        self,
        whole: City,
        ledger: gpd.GeoDataFrame | None,
        policy: Policy,
        rules: tuple[Rule, ...],
        as_of: np.datetime64,
    ) -> tuple[RuleRun, ...]:
        """Return whether rules that look at no tentative work can run, from a run on no works."""
        with self._lock:
            told = self._told
        rests_on = (policy, rules, as_of, ledger is None)
        if told is None or told.whole is not whole or told.rests_on != rests_on:
            city = replace(whole, ledger=None if ledger is None else ledger.iloc[0:0])
            runs = {run.rule: run for run in run_rules(city, look(city, policy, as_of), rules)[1]}
            told = _Told(whole, rests_on, tuple(runs[rule.code] for rule in rules))
            with self._lock:
                self._told = told
        return told.runs

    @staticmethod
    def _looked_at(  # noqa: PLR0917 - one step of `around`
        store: Store,
        index: LiveIndex | None,
        rules: Sequence[Rule],
        own: City,
        policy: Policy,
        day: int,
    ) -> set[str]:
        """Return the projects at which rules look, and that they may judge with the tentative."""
        days = _days(replace(own, ledger=None), rules, policy, day)
        plane = np.array([[-1e9, -1e9, 1e9, 1e9]])
        codes = store.codes_between(*days) if index is None else index.codes(plane, *days)
        part = store.read_part(codes, boxes=np.empty((0, 4)))
        works = works_table(part, policy, day)
        mask = np.zeros(len(works), dtype=np.bool_)
        for rule in rules:
            concerns = _concerns(rule)
            mask |= True if concerns is None else concerns(works, policy)
        return set(works["code"].to_numpy(dtype=object)[mask])


def _concerns(rule: Rule) -> Concerns | None:
    return cast("Concerns | None", getattr(rule, "concerns", None))


def _looking(rules: Sequence[Rule], own: City, policy: Policy, day: int) -> list[Rule]:
    """Return the rules that look at a work of these projects."""
    if not rules:
        return []
    works = works_table(replace(own, ledger=None), policy, day)
    every = [(rule, _concerns(rule)) for rule in rules]
    return [rule for rule, looks in every if looks is None or looks(works, policy).any()]


def _boxes(shapes: npt.NDArray[np.object_], within_m: float) -> Boxes:
    boxes = shapely.bounds(shapes).reshape(-1, 4)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    return np.asarray(boxes + np.array([-within_m, -within_m, within_m, within_m]))


def _days(own: City, rules: Sequence[Rule], policy: Policy, day: int) -> tuple[int, int]:
    """Return the days of works that rules may judge together with some projects, half-open.

    Rules that judge by month look at the months in which the projects lie, or may be moved to.
    """
    if not all(getattr(rule, "by_month", False) for rule in rules):
        return EVER
    windows = movable_windows(
        own.projects, own.sites, works_table(own, policy, day), policy, as_of_day=day
    )
    if not len(windows):
        return 0, 0
    first = windows[["start_day", "earliest_day"]].to_numpy(dtype=np.int64).min()
    last = windows[["finish_day", "latest_day"]].to_numpy(dtype=np.int64).max() - 1
    months = np.array([first, last]).astype("datetime64[D]").astype("datetime64[M]")
    begin, end = (months + np.array([0, 1])).astype("datetime64[D]").astype(np.int64)
    return int(begin), int(end)
