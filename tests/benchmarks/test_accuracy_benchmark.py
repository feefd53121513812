"""A small labelled benchmark: without noise every rule finds what is due and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from coordination.detection import RULE_CODES


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    import bench_accuracy

    yield bench_accuracy
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def streets(bench: ModuleType) -> object:
    return bench.made_streets(24, np.random.default_rng(11))


@pytest.mark.parametrize("density", ["sparse", "city", "dense"])
def test_every_rule_finds_what_is_due_and_nothing_else(
    bench: ModuleType, streets: object, density: str
) -> None:
    world = getattr(bench, density)(1, streets, np.random.default_rng(12))
    found = bench.found_in(world, bench.NO_NOISE, 0)
    assert bench.why(world, found) == []
    planted = {rule for rule, _, _ in world.planted.keys() & world.truth.found.keys()}
    assert planted == set(RULE_CODES)
    assert {rule for rule, _, _ in world.near} == set(RULE_CODES)


@pytest.mark.parametrize("density", ["sparse", "city"])
def test_what_a_case_claims_follows_from_the_definitions(
    bench: ModuleType, streets: object, density: str
) -> None:
    world = getattr(bench, density)(2, streets, np.random.default_rng(13))
    assert bench.contradictions(world) == []


def test_dense_worlds_are_as_dense_as_they_say(bench: ModuleType, streets: object) -> None:
    world = bench.dense(1, streets, np.random.default_rng(14))
    assert 2.4 < bench.projects_per_stretch(world) < 3.0


def test_a_missed_and_a_false_finding_are_counted(bench: ModuleType, streets: object) -> None:
    world = bench.sparse(1, streets, np.random.default_rng(15))
    due = sorted(key for key in world.truth.found if key[0] == "duplicate_project")
    found = dict.fromkeys(due[1:], 1) | {("duplicate_project", "no", "such"): 1}
    row = bench.shares(bench.counts(world, found, ["duplicate_project"]))[0]
    assert (row["due"], row["found"], row["missed"], row["false"]) == (5, 4, 1, 1)
    assert (row["recall"], row["precision"]) == (0.8, 0.8)
