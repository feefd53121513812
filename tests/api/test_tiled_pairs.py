"""Pairs in tiles on a cluster: the answer of one process, whatever happens to the workers."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from distributed import Client, LocalCluster
from typer.testing import CliRunner

from api import tiled_pairs
from api.cli import app
from api.pairs import Columns, Questions, run_pairs
from api.tiled_pairs import Job, run_tiled_pairs
from coordination.faults import InputRefusedError, UsageError
from data.read_layers import read_layer

COLUMNS = Columns("name", "start", "finish")


def write(path: Path, count: int, *, crs: int = 4549, seed: int = 0) -> Path:
    """Write strips of streets, among them a district, rows without dates, and one that crosses itself."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 3_000, (2, count))
    x, y = 600_000 + np.round(x / 60) * 60, 3_470_000 + y
    shapes = shapely.box(x, y, x + rng.uniform(1, 9, count), y + rng.uniform(5, 250, count))
    shapes[0] = shapely.box(599_990, 3_469_990, 603_010, 3_473_010)
    shapes[1] = shapely.Polygon([(600_000, 3_470_000), (600_020, 3_470_020), (600_020, 3_470_000), (600_000, 3_470_020)])  # fmt: skip
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, count), unit="D")
    table = gpd.GeoDataFrame(
        {
            "name": [f"=P{number}" for number in range(count)],
            "start": start.strftime("%Y-%m-%d"),
            "finish": (start + pd.to_timedelta(rng.integers(0, 60, count), unit="D")).strftime("%Y-%m-%d"),
        },
        geometry=shapes,
        crs=4549,
    ).to_crs(crs)  # fmt: skip
    table.loc[[5, 6], "start"] = None
    table.loc[7, "finish"] = "2019-01-01"
    table.to_parquet(path, row_group_size=max(1, count // 4))
    return path


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("crs", [4549, 4326])
@pytest.mark.parametrize(
    "asked", [Questions(), Questions(within_m=6.0, gap_days=10), Questions(min_shared_m=3.0)]
)
def test_tiles_give_the_pairs_of_one_process(
    tmp_path: Path, client: Client, crs: int, asked: Questions
) -> None:
    file = write(tmp_path / "works.parquet", 400, crs=crs)
    job = Job(str(file), str(tmp_path / "scratch"), COLUMNS, asked)
    tiled = run_tiled_pairs(client, job, tile_rows=60)
    alone = run_pairs(
        read_layer(file), id_column="name", start_column="start", finish_column="finish",
        **vars(asked),
    )  # fmt: skip
    assert len(tiled.tiles) >= 7
    assert len(alone.table) > 50
    pd.testing.assert_frame_equal(tiled.table, alone.table)
    assert (tiled.rows, tiled.rows_left_out) == (400, 3)
    assert tiled.rows_left_out == alone.rows_left_out
    assert [fault.text("en") for fault in tiled.faults if fault.level == "refused"] == [
        fault.text("en") for fault in alone.left_out
    ]
    assert tiled.crs == alone.crs
    assert sum(tile.pairs for tile in tiled.tiles) == len(alone.table)


def test_without_dates_and_names_rows_are_called_by_their_number(
    tmp_path: Path, client: Client
) -> None:
    file = write(tmp_path / "works.parquet", 200)
    job = Job(str(file), str(tmp_path / "scratch"), Columns(), Questions())
    tiled = run_tiled_pairs(client, job, tile_rows=50)
    pd.testing.assert_frame_equal(tiled.table, run_pairs(read_layer(file)).table)


def test_a_worker_that_is_killed_costs_time_and_nothing_else(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "works.parquet", 300)
    job = Job(str(file), str(tmp_path / "scratch"), COLUMNS, Questions())
    in_order, killed = tiled_pairs._in_order, []

    def with_a_death(client: Client, task: Any, arguments: Any) -> Any:
        if task is not tiled_pairs._enter:
            return in_order(client, task, arguments)
        victim = next(iter(client.run(os.getpid).values()))
        killed.append(victim)
        timer = threading.Timer(0.3, os.kill, (victim, signal.SIGKILL))
        timer.start()
        try:
            return in_order(client, slowly, [(task, *given) for given in arguments])
        finally:
            timer.join()

    monkeypatch.setattr(tiled_pairs, "_in_order", with_a_death)
    tiled = run_tiled_pairs(client, job, tile_rows=60)
    assert len(killed) == 1
    assert killed[0] not in client.run(os.getpid).values()
    alone = run_pairs(
        read_layer(file), id_column="name", start_column="start", finish_column="finish"
    )
    pd.testing.assert_frame_equal(tiled.table, alone.table)


def slowly(task: Any, *given: Any) -> Any:
    time.sleep(0.3)
    return task(*given)


def test_what_cannot_be_asked_is_refused_before_any_work(tmp_path: Path, client: Client) -> None:
    file = write(tmp_path / "works.parquet", 20)
    text = tmp_path / "works.csv"
    text.write_text("a,b\n1,2\n", encoding="utf-8")
    for path, columns, words in (
        (text, Columns(), "works.csv is no readable Parquet file"),
        (file, Columns(start="begin"), "--start: there is no column begin"),
    ):
        job = Job(str(path), str(tmp_path), columns, Questions())
        with pytest.raises(UsageError) as refused:
            run_tiled_pairs(client, job)
        assert words in refused.value.text("en")
    undecided = gpd.read_parquet(file).assign(start="03/04/2024", finish="05/04/2024")
    undecided.to_parquet(file)
    job = Job(str(file), str(tmp_path), COLUMNS, Questions())
    with pytest.raises(InputRefusedError) as asked:
        run_tiled_pairs(client, job)
    assert {fault.code for fault in asked.value.faults} == {"pairs.date_style"}


def test_the_command_gives_one_file_whatever_the_engine(tmp_path: Path) -> None:
    file = write(tmp_path / "works.parquet", 120)
    names = ["--id", "name", "--start", "start", "--finish", "finish", "--json"]
    alone, tiled = tmp_path / "alone.csv", tmp_path / "tiled.csv"
    runner = CliRunner()
    done = runner.invoke(app, ["pairs", str(file), *names, "--out", str(alone)])
    assert done.exit_code == 0, done.output
    done = runner.invoke(
        app,
        ["pairs", str(file), *names, "--out", str(tiled), "--engine", "dask", "--workers", "1",
         "--tile-rows", "40"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert alone.read_bytes() == tiled.read_bytes()
    told = json.loads(done.stdout)
    assert told["rows_left_out"] == 3
    assert len(told["tiles"]) >= 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "alone.csv", "tiled.csv", "works.parquet",
    ]  # fmt: skip


def test_a_scheduler_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cluster._WAIT_S", 0.2)
    file = write(tmp_path / "works.parquet", 20)
    done = CliRunner().invoke(
        app,
        ["pairs", str(file), "--out", str(tmp_path / "out.csv"), "--engine", "dask", "--lang",
         "en", "--scheduler", "tcp://127.0.0.1:9"],
    )  # fmt: skip
    assert done.exit_code == 2
    assert "The scheduler at tcp://127.0.0.1:9 does not answer" in done.stderr
