"""Two editions of a real list, and a real list whose codes were dealt out anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coordination import Policy
from coordination.edition_answers import edition_questions
from coordination.editions import compare
from coordination.project_checks import check_known, known_projects
from data.read_projects import ReadProjects, read_projects

pytestmark = pytest.mark.real_data

MAPPINGS = Path(__file__).resolve().parents[2] / "docs" / "mappings"


def read(path: Path, mapping: str, like: ReadProjects | None = None) -> ReadProjects:
    return read_projects(
        path, mapping=MAPPINGS / f"{mapping}.toml", policy=Policy(),
        working_crs=None if like is None else like.crs,
    )  # fmt: skip


def test_paris_in_2025_is_another_list_that_kept_fourteen_works(real_data: Path) -> None:
    folder = real_data / "paris_chantiers"
    stored = read(folder / "chantiers_2024-03.geojson", "paris")
    now = read(folder / "chantiers_2025-12.geojson", "paris", stored)
    sources = pd.DataFrame({"project_code": stored.projects["code"], "source_file": "2024"})
    edition = compare(
        now.projects, now.sites, stored.projects, stored.sites, sources=sources,
        edition_of="2024", as_of=date(2025, 12, 1),
    )  # fmt: skip
    assert edition.counts == {
        "new": 2914, "renumbered": 0, "moved": 11, "changed": 0, "gone": 950, "unchanged": 3,
    }  # fmt: skip
    by_code = next(fit for fit in edition.keys.fits if fit.key == ("code",))
    assert (by_code.met, by_code.fits, edition.keys.renumbered) == (14, 14, False)
    # Of 950 that are gone the windows of 949 were over: one question.
    assert int(edition.table["past"].sum()) == 949
    assert [question.reason.code for question in edition_questions(edition)] == [
        "editions.ask.gone"
    ]


def test_new_taipei_dealt_out_anew_is_refused(real_data: Path) -> None:
    (source,) = (real_data / "taiwan_roaddig").glob("*ewtaipei*.geojson")
    stored = read(source, "newtaipei")
    known = known_projects(stored.projects, stored.sites)
    assert check_known(known.assign(row=np.arange(len(known)) + 1), known, {}) == []
    codes = stored.projects["code"].to_numpy()
    new = dict(zip(codes, np.random.default_rng(7).permutation(codes), strict=True))
    rows = known.assign(code=known["code"].map(new), row=np.arange(len(known)) + 1)
    (fault,) = check_known(rows, known, {})
    assert fault.level == "refused"
    assert (fault.code, fault.params.get("made_from")) == (
        "codes_renumbered_better",
        "项目单位 + 项目名称",
    )
