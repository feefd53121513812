"""What the map of a plan holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from api.planning import Planned, map_of
from maps.conflict_map import SCRIPTS as OF_CONFLICTS
from maps.schedule_map import SCRIPTS

STATIC = Path(__file__).resolve().parents[2] / "maps" / "static"


def data_of(html: str) -> dict:
    found = re.search(r'id="digonce-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_no_address_and_equal_text_for_equal_plans(planned: Planned) -> None:
    html = map_of(planned, lang="zh")
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[\w./-]*", html)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in html
    assert html == map_of(planned, lang="zh")


def test_every_work_has_its_days_before_and_after(planned: Planned) -> None:
    data = data_of(map_of(planned, lang="en"))
    works = data["works"]
    filed, best = (
        planned.problem.work_days(planned.plan.schedules[name].start_day)
        for name in ("as_filed", "optimised")
    )
    assert works["filed_start"] == filed[0].tolist()
    assert works["finish"] == (best[1] - 1).tolist()
    assert len(works["shape"]["rings"]) == len(planned.problem.works)
    assert data["bundles"]["id"] == [one.bundle_id for one in planned.compared.bundles]
    assert set(data["words"]["zh"]) == set(data["words"]["en"])


def test_a_confidential_project_leaves_no_trace(planned: Planned) -> None:
    one = planned.compared.bundles[0].members[0]
    projects = planned.city.projects.copy()
    projects.loc[projects["code"] == one.code, "confidential"] = True
    html = map_of(replace(planned, city=replace(planned.city, projects=projects)), lang="zh")
    assert one.code not in html
    data = data_of(html)
    assert data["bundles"]["unnamed"][0] == 1
    own = (planned.problem.works["project"] == one.project).sum()
    assert len(data["works"]["project"]) == len(planned.problem.works) - own


def test_every_word_of_its_own_scripts_is_in_both_catalogues(planned: Planned) -> None:
    words = data_of(map_of(planned, lang="zh"))["words"]
    own = [name for name in SCRIPTS if name not in OF_CONFLICTS]
    scripts = "".join((STATIC / name).read_text(encoding="utf-8") for name in own)
    markup = (STATIC / "plan_map.html").read_text(encoding="utf-8")
    said = set(re.findall(r'say\("([\w.]+)"[,)]', scripts))
    said |= set(re.findall(r'data-word(?:-label|-placeholder)?="(\w+)"', markup))
    assert len(said) > 30
    for lang in ("zh", "en"):
        assert said - words[lang].keys() == set()
