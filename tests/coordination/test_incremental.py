"""What an update says of the rules that ran, and which parts it looks at: literal cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coordination import City, Policy, detect
from coordination.findings import Findings
from coordination.incremental import edit_between, update
from coordination.rules.concurrent_works import ConcurrentWorks
from coordination.rules.permit_exceeded import PermitExceeded
from coordination.rules.protocol import Candidates, Context, Reach, Rule, RuleWords, candidates

AS_OF = date(2026, 1, 1)
FAR = (400.0, 1001.0, 500.0, 1004.0)
MakeCity, MakeWork = Callable[..., City], Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Lacking:
    """Finds nothing, and lacks something where a project of one name takes part."""

    code: str = "lacking"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return nothing."""
        missing = ("dates",) if (context.works["code"] == "LACKS").any() else ()
        return candidates(pd.DataFrame({"code_left": np.empty(0, dtype=object)}), missing=missing)


def updated(before: City, after: City, rules: tuple[Rule, ...]) -> tuple[Findings, Findings]:
    """Return what an update ends with, and a full run."""
    policy = Policy()
    first = detect(before, policy, as_of=AS_OF, rules=rules)
    edit = edit_between(before, after)
    assert not edit.whole
    return (
        update(first, after, edit, policy, as_of=AS_OF, rules=rules),
        detect(after, policy, as_of=AS_OF, rules=rules),
    )


def ran(findings: Findings, rule: str) -> Any:
    (run,) = [run for run in findings.rules_run if run.rule == rule]
    return run.ran, run.missing, run.found


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("2026-03-01", None, (False, ("permits",), 0)),
        (None, "2026-03-01", (True, (), 1)),
    ],
)
def test_the_last_permit_that_goes_and_the_first_that_comes(
    make_city: MakeCity, work: MakeWork, first: str | None, second: str | None, told: Any
) -> None:
    def city(finish: str | None) -> City:
        made = make_city(
            work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-10", "2026-04-30", box=FAR)
        )
        until = pd.Series([pd.NaT, pd.Timestamp(finish) if finish else pd.NaT])
        return replace(made, projects=made.projects.assign(permit_finish=until))

    rules = (ConcurrentWorks(), PermitExceeded())
    again, full = updated(city(first), city(second), rules)
    assert ran(again, "permit_exceeded") == told
    assert again.rules_run == full.rules_run


def test_a_permit_far_from_the_edit_lets_the_rule_run(make_city: MakeCity, work: MakeWork) -> None:
    def city(finish: str) -> City:
        made = make_city(
            work("A", "2026-03-01", finish), work("B", "2026-03-10", "2026-04-30", box=FAR)
        )
        until = pd.Series([pd.NaT, pd.Timestamp("2026-03-01")])
        return replace(made, projects=made.projects.assign(permit_finish=until))

    again, full = updated(city("2026-03-31"), city("2026-04-30"), (PermitExceeded(),))
    assert ran(again, "permit_exceeded") == (True, (), 1)
    assert again.rules_run == full.rules_run


@pytest.mark.parametrize("goes", ["LACKS", "A"])
def test_what_a_rule_lacked_elsewhere_is_told_by_the_whole_city(
    make_city: MakeCity, work: MakeWork, goes: str
) -> None:
    works = [
        work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-01", "2026-03-31"),
        work("LACKS", "2026-03-10", "2026-04-30", box=FAR),
    ]  # fmt: skip
    before, after = make_city(*works), make_city(*(one for one in works if one["code"] != goes))
    after = replace(after, network=before.network)
    again, full = updated(before, after, (ConcurrentWorks(), Lacking()))
    assert ran(again, "lacking") == (True, () if goes == "LACKS" else ("dates",), 0)
    assert again.rules_run == full.rules_run
