"""What a reader may not see leaves a trace and nothing finer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from coordination.audience import ANYBODY, COORDINATOR, Audience, for_audience, hidden_codes
from data.export_tables import export_table


def test_the_coordinator_sees_everything_but_contacts(meeting: Any) -> None:
    city, findings = for_audience(meeting.city, meeting.findings, COORDINATOR)
    assert findings is meeting.findings
    assert city.projects["contact"].isna().all()
    assert meeting.city.projects["contact"].notna().all()
    assert "机密光缆" in city.projects["name"].tolist()


def test_anybody_sees_someone_this_quarter_this_road(meeting: Any) -> None:
    city, findings = for_audience(meeting.city, meeting.findings, ANYBODY)
    trace = city.projects.set_index("code").loc["confidential-1"]
    assert trace.dropna().to_dict() == {"confidential": True, "revision": 1}
    site = city.sites[city.sites["project_code"] == "confidential-1"].iloc[0]
    assert site["road"] == "博园路"
    assert (site["start"], site["finish"]) == (pd.Timestamp(2025, 4, 1), pd.Timestamp(2025, 6, 30))
    assert site.geometry is None
    finding = findings.table[findings.table["project_b"] == "confidential-1"].iloc[0]
    known = finding.dropna().drop(["reason_zh", "reason_en"]).to_dict()
    assert known.keys() == {
        "finding_id", "case_id", "rule", "severity", "status", "project_a", "project_b", "road",
        "start", "finish",
    }  # fmt: skip
    assert (known["start"], known["finish"]) == (
        pd.Timestamp(2025, 4, 1),
        pd.Timestamp(2025, 6, 30),
    )
    assert "owned" not in finding["reason_zh"] + finding["reason_en"]
    assert finding["finding_id"] == "confidential-c2-3"
    known_id = meeting.findings.table["finding_id"].iloc[3]
    assert known_id in set(meeting.findings.spans["finding_id"])
    assert known_id not in set(findings.spans["finding_id"])
    spot = findings.hotspots[findings.hotspots["road"] == "博园路"].iloc[0]
    assert spot["project_codes"] == "confidential-1 T1"
    assert pd.isna(spot["from_m"])


def test_nothing_secret_is_left_anywhere(meeting: Any) -> None:
    city, findings = for_audience(meeting.city, meeting.findings, ANYBODY)
    frames = (city.projects, city.sites, findings.table, findings.spans, findings.hotspots)
    words = "\n".join(frame.astype("str").to_csv() for frame in map(pd.DataFrame, frames))
    for secret in ("机密", "机要", "S1-1", "13800000000", "2025-05-10", "2025-06-10"):
        assert secret not in words
    assert "S1" not in set(findings.table["project_b"].dropna())


def test_the_pipe_beside_a_hidden_project_would_tell_its_place(meeting: Any) -> None:
    table = meeting.findings.table.copy()
    table.loc[3, ["project_a", "project_b", "kind_b"]] = ["S1", "m11", "asset"]
    changed = replace(meeting.findings, table=table)
    _, findings = for_audience(meeting.city, changed, ANYBODY)
    row = findings.table.iloc[3]
    assert row["project_a"] == "confidential-1"
    assert pd.isna(row["project_b"])
    assert pd.isna(row["kind_b"])
    _, everything = for_audience(meeting.city, changed, COORDINATOR)
    assert everything.table.iloc[3]["project_b"] == "m11"


def test_a_unit_sees_its_own(meeting: Any) -> None:
    assert hidden_codes(meeting.city, Audience(unit="机要处")) == {}
    assert hidden_codes(meeting.city, Audience(unit="给水公司")) == {"S1": "confidential-1"}


def test_what_is_open_stays_as_it_is(meeting: Any) -> None:
    _, findings = for_audience(meeting.city, meeting.findings, ANYBODY)
    before = meeting.findings.table[meeting.findings.table["case_id"] == "c1"]
    after = findings.table[findings.table["case_id"] == "c1"]
    pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(after), check_dtype=False)


def test_the_ledger_does_not_tell_what_a_hidden_project_built(meeting: Any) -> None:
    ledger = gpd.GeoDataFrame(
        {
            "ledger_id": ["S1/S1-1/opening", "L1"],
            "source": ["S1", "history.xlsx"],
            "owner_unit": ["机要处", "市政"],
        },
        geometry=[shapely.box(0, 0, 9, 9), shapely.box(20, 0, 29, 9)],
        crs=meeting.city.crs,
    )
    whole = replace(meeting.city, ledger=ledger)
    shown, _ = for_audience(whole, meeting.findings, ANYBODY)
    assert shown.ledger is not None
    assert shown.ledger["ledger_id"].tolist() == ["L1"]
    own, _ = for_audience(whole, meeting.findings, Audience(unit="机要处"))
    assert own.ledger is not None
    assert len(own.ledger) == 2
    for findings in (meeting.findings, None):
        rows = export_table("ledger", whole, findings, audience=ANYBODY).rows
        assert rows["ledger_id"].tolist() == ["L1"]
