"""The tables of projects and sites: every column once, with its kind, unit and names.

Readers match headers against `FIELDS`, stores make their columns from it, pages and reports take
their labels from it. A *project* is one row of `PROJECT_FIELDS`; each of its *sites* (one footprint
and one time window) is one row of `SITE_FIELDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Kind = Literal["text", "number", "integer", "date", "flag", "code"]
Scope = Literal["project", "site"]

STAGES = (
    "proposed", "preliminary", "reserve", "annual_plan", "approved", "permitted", "in_progress",
    "completed", "emergency", "withdrawn", "carried_over",
)  # fmt: skip
SECTORS = (
    "road", "drainage", "greening", "fire", "traffic", "lighting", "pipeline", "civil_defence",
    "river",
)  # fmt: skip
METHODS = ("open_cut", "trenchless", "surface", "none")
WORK_TYPES = (
    "new", "rebuild", "widen", "major_repair", "medium_repair", "minor_repair", "upkeep",
    "renovation", "emergency",
)  # fmt: skip
LEVELS = ("city", "district", "town")
UTILITIES = (
    "sewer", "storm", "water", "gas", "power", "telecom", "heat", "signal", "lighting", "other",
)  # fmt: skip
LINE_KINDS = ("hard", "soft")
POSITIONS = (
    "carriageway", "cycleway", "footway", "verge", "full", "half", "up", "down", "east_side",
    "west_side", "south_side", "north_side",
)  # fmt: skip
TRAFFIC_IMPACTS = ("none", "footway", "lane", "half", "full")
PRECISIONS = ("day", "month", "quarter", "half", "year", "unknown")


@dataclass(frozen=True)
class Field:
    """One column of the tables of projects and sites.

    Attributes
    ----------
    name
        The column, in English, with its unit.
    kind
        ``code`` takes one of `codes`; ``date`` is a calendar day (``datetime64[us]`` at midnight,
        missing is NaT), inclusive as people write it; ``number`` is float64 (missing is NaN);
        ``integer`` is nullable Int64; ``flag`` is nullable boolean; ``text`` and ``code`` are str
        (missing is None/NaN).
    scope
        Whether the column belongs to a project as a whole or to one of its sites.
    zh, en
        What people call it.
    headers
        Further headers that lists use for it (exact match after trimming and width folding).
    codes
        Admissible values of a ``code`` column.
    private
        Left out of every file made for others (contacts).
    """

    name: str
    kind: Kind
    scope: Scope
    zh: str
    en: str
    headers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    private: bool = False


FIELDS: tuple[Field, ...] = (
    Field("code", "text", "project", "项目编号", "project code", ("项目编码", "编号")),
    Field("name", "text", "project", "项目名称", "project name", ("名称", "工程名称")),
    Field("name_en", "text", "project", "英文名称", "English name"),
    Field("owner_unit", "text", "project", "项目单位", "owner unit",
          ("建设单位", "申报单位", "权属单位", "单位")),
    Field("department", "text", "project", "行业主管部门", "department", ("主管部门",)),
    Field("sector", "code", "project", "行业", "sector", ("设施类别",), SECTORS),
    Field("work_type", "code", "project", "项目类别", "work type", ("工程类别", "类别"), WORK_TYPES),
    Field("stage", "code", "project", "项目阶段", "stage", ("阶段",), STAGES),
    Field("level", "code", "project", "级别", "level", ("项目级别",), LEVELS),
    Field("town", "text", "project", "街镇", "town", ("所属街镇", "镇")),
    Field("funding", "text", "project", "资金来源", "funding"),
    Field("cost_wan", "number", "project", "估算投资(万元)", "cost (10,000 yuan)",
          ("总投资", "概算", "估算投资", "总投资(万元)", "投资")),
    Field("utility", "code", "project", "管线类型", "utility", (), UTILITIES),
    Field("line_kind", "code", "project", "硬线/软线", "line kind", (), LINE_KINDS),
    Field("diameter_mm", "number", "project", "管径", "diameter (mm)"),
    Field("depth_m", "number", "project", "埋深", "depth (m)"),
    Field("fixed", "flag", "project", "时间固定", "fixed"),
    Field("safety_critical", "flag", "project", "安全隐患", "safety critical", ("安全", "隐患")),
    Field("priority", "integer", "project", "优先级", "priority"),
    Field("depends_on", "text", "project", "依赖项目", "depends on"),
    Field("facility_codes", "text", "project", "设施编码", "facility codes", ("设施编号",)),
    Field("external_id", "text", "project", "外部编号", "external id", ("案卷号",)),
    Field("permit_no", "text", "project", "许可证号", "permit number", ("许可证编号",)),
    Field("permit_start", "date", "project", "许可起始", "permit start"),
    Field("permit_finish", "date", "project", "许可截止", "permit finish"),
    Field("permit_area_m2", "number", "project", "许可面积", "permit area (m²)"),
    Field("confidential", "flag", "project", "涉密", "confidential"),
    Field("contact", "text", "project", "联系人", "contact", ("联系方式", "联系电话"), private=True),
    Field("remark", "text", "project", "备注", "remark"),
    Field("plan_year", "integer", "project", "计划年度", "plan year", ("年度计划年份",)),
    Field("papers_on", "date", "project", "补办手续日期", "papers filed on", ("补办日期",)),
    Field("site_id", "text", "site", "工点", "site id", ("工点编号",)),
    Field("road", "text", "site", "道路名称", "road", ("路名", "道路")),
    Field("extent_text", "text", "site", "起讫点", "extent", ("起止点", "路段", "地点", "起讫")),
    Field("position", "code", "site", "位置", "position", ("施工位置",), POSITIONS),
    Field("method", "code", "site", "施工工艺", "method", ("是否开挖", "工艺"), METHODS),
    Field("length_m", "number", "site", "长度", "length (m)", ("长度(m)", "长度(米)")),
    Field("width_m", "number", "site", "宽度", "width (m)", ("宽度(m)", "宽度(米)")),
    Field("area_m2", "number", "site", "面积", "area (m²)", ("面积(㎡)", "面积(m2)", "工程量")),
    Field("start", "date", "site", "计划开工", "start", ("开工日期", "开工时间", "计划开工时间")),
    Field("finish", "date", "site", "计划竣工", "finish",
          ("竣工日期", "竣工时间", "计划竣工时间", "完工时间")),
    Field("start_precision", "code", "site", "开工精度", "start precision", (), PRECISIONS),
    Field("finish_precision", "code", "site", "竣工精度", "finish precision", (), PRECISIONS),
    Field("duration_days", "integer", "site", "工期(天)", "duration (days)", ("工期",)),
    Field("earliest_start", "date", "site", "最早开工", "earliest start"),
    Field("latest_finish", "date", "site", "最晚竣工", "latest finish"),
    Field("actual_start", "date", "site", "实际开工", "actual start"),
    Field("actual_finish", "date", "site", "实际竣工", "actual finish"),
    Field("hours", "text", "site", "作业时段", "hours", ("施工时段",)),
    Field("traffic_impact", "code", "site", "交通影响", "traffic impact", (), TRAFFIC_IMPACTS),
)  # fmt: skip

PROJECT_FIELDS = tuple(field for field in FIELDS if field.scope == "project")
SITE_FIELDS = tuple(field for field in FIELDS if field.scope == "site")
FIELD = {field.name: field for field in FIELDS}

_DTYPES: dict[Kind, Any] = {
    "text": "str", "code": "str", "number": "float64", "integer": "Int64",
    "date": "datetime64[us]", "flag": "boolean",
}  # fmt: skip


def as_fields(table: pd.DataFrame, fields: tuple[Field, ...]) -> pd.DataFrame:
    """Return ``table`` with exactly the columns of ``fields``, in their order and dtypes.

    Parameters
    ----------
    table
        Any table; columns that it lacks come out missing, further columns are left out.
    fields
        `PROJECT_FIELDS` or `SITE_FIELDS`.

    Returns
    -------
    pandas.DataFrame
        Same index as ``table``.

    Examples
    --------
    >>> as_fields(pd.DataFrame({"code": ["A1"]}), PROJECT_FIELDS[:2])
      code name
    0   A1  NaN
    """
    columns = {
        field.name: (
            table[field.name].astype(_DTYPES[field.kind])
            if field.name in table
            else pd.Series(pd.NA, index=table.index, dtype="object").astype(_DTYPES[field.kind])
            if field.kind in ("integer", "flag")
            else pd.Series(None, index=table.index, dtype=_DTYPES[field.kind])
        )
        for field in fields
    }
    return pd.DataFrame(columns, index=table.index)


UNKNOWN_DAY = np.iinfo(np.int64).min
"""Stands for a missing day in arrays of integer days."""


def day_numbers(dates: pd.Series[pd.Timestamp]) -> npt.NDArray[np.int64]:
    """Return days since 1970-01-01 of a date column; missing gives `UNKNOWN_DAY`.

    Examples
    --------
    >>> day_numbers(pd.Series(pd.to_datetime(["1970-01-02", None]))).tolist()
    [1, -9223372036854775808]
    """
    days = dates.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), UNKNOWN_DAY, days.astype(np.int64))
