"""Several processes on one store: one writer at a time, readers beside it, and sudden death.

Every test starts one Python process of its own and forks from there, so that no two SQLite handles
on one file share a process and none is carried across a fork.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from coordination.faults import StoreError
from data.geopackage_store import GeopackageStore, create_store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

PREPARE = """
import json, os, signal, sys, time
import geopandas as gpd, numpy as np, pandas as pd, shapely
from pyproj import CRS
from coordination.faults import StoreError
from data.geopackage_store import GeopackageStore, open_store

def rows(first, count, remark):
    codes = [f"P{number:04d}" for number in range(first, first + count)]
    east = 520_000 + 10.0 * np.arange(count)
    sites = gpd.GeoDataFrame({"project_code": codes, "site_id": "1", "hours": remark},
        geometry=shapely.box(east, 3.47e6, east + 5, 3.47e6 + 5), crs=CRS(4549))
    return (pd.DataFrame({"code": codes, "remark": remark}), sites,
            pd.DataFrame({"project_code": codes, "row_json": "x" * 500}))
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "town.gpkg"
    create_store(path, crs=CRS(4549)).close()
    with GeopackageStore(path) as store:
        put(store, 0, 5, "first")
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(original, tmp_path / "town.gpkg"))


def put(store: GeopackageStore, first: int, count: int, remark: str) -> int:
    codes = [f"P{number:04d}" for number in range(first, first + count)]
    east = 520_000 + 10.0 * np.arange(count)
    sites = gpd.GeoDataFrame(
        {"project_code": codes, "site_id": "1", "hours": remark},
        geometry=shapely.box(east, 3.47e6, east + 5, 3.47e6 + 5),
        crs=CRS(4549),
    )
    projects = pd.DataFrame({"code": codes, "remark": remark})
    with store.transaction("tester") as transaction:
        filings = pd.DataFrame({"project_code": codes})
        return transaction.put_projects(projects, sites, filings).revision


@contextmanager
def running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PREPARE + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.flush()


# ---- sudden death --------------------------------------------------------------------------------

DIE_WHILE_WRITING = """
import shutil
original, folder = sys.argv[1], sys.argv[2]
data = rows(0, 400, "second")
for point in sys.argv[3:]:
    path = os.path.join(folder, f"{point}.gpkg")
    shutil.copyfile(original, path)
    child = os.fork()
    if child == 0:
        store = GeopackageStore(path)
        connection = store._idle[0]
        connection.execute("PRAGMA cache_size = 10")  # pages reach the disk before the commit
        die = lambda: os.kill(os.getpid(), signal.SIGKILL)
        if point.isdigit():
            left = [int(point)]
            def step():
                left[0] -= 1
                if left[0] == 0:
                    die()
            connection.set_progress_handler(step, 1000)
        else:
            connection.set_trace_callback(lambda sql: sql.startswith(point) and die())
        with store.transaction("x") as transaction:
            transaction.put_projects(*data)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    wal = path + "-wal"
    print(json.dumps([point, os.WIFSIGNALED(status) and os.WTERMSIG(status),
                      os.path.getsize(wal) if os.path.exists(wal) else 0]))
"""


def test_death_in_the_middle_of_an_import_changes_nothing(original: Path, tmp_path: Path) -> None:
    points = ["1", "30", "100", "200", "COMMIT"]
    with running(DIE_WHILE_WRITING, original, tmp_path, *points) as process:
        reports = [json.loads(said(process)) for _ in points]
    assert [(point, killed) for point, killed, _ in reports] == [(point, 9) for point in points]
    assert reports[-1][2] > 100_000, "the last one died with most of its pages on disk"
    for point in points:
        with GeopackageStore(tmp_path / f"{point}.gpkg") as store:
            store.verify()
            info = store.info()
            assert (info.data_revision, info.log_revision) == (1, 1)
            projects = store.read_city().projects
            assert projects["remark"].tolist() == ["first"] * 5
            assert len(store.changes()) == 5
            assert put(store, 0, 7, "third") == 2
            store.verify()


DIE_WHILE_CLOSING = """
import shutil
original, folder = sys.argv[1], sys.argv[2]
data = rows(0, 400, "second")
for delay in sys.argv[3:]:
    path = os.path.join(folder, f"{delay}.gpkg")
    shutil.copyfile(original, path)
    ready, mark = os.pipe()
    child = os.fork()
    if child == 0:
        store = GeopackageStore(path)
        store._idle[0].execute("PRAGMA wal_autocheckpoint = 0")
        with store.transaction("x") as transaction:
            transaction.put_projects(*data)
        os.write(mark, b"!")
        store.close()
        time.sleep(10)
    os.read(ready, 1)
    time.sleep(float(delay))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print("done")
"""


def test_death_while_closing_keeps_what_was_committed(original: Path, tmp_path: Path) -> None:
    delays = ["0", "0.0005", "0.001", "0.002", "0.004", "0.008"]
    with running(DIE_WHILE_CLOSING, original, tmp_path, *delays) as process:
        assert said(process) == "done"
    for delay in delays:
        with GeopackageStore(tmp_path / f"{delay}.gpkg") as store:
            store.verify()
            assert store.info().data_revision == 2
            assert set(store.read_city().projects["remark"]) == {"second"}


# ---- writers and readers -------------------------------------------------------------------------

WRITE_AND_WAIT = """
store = GeopackageStore(sys.argv[1])
with store.transaction("other") as transaction:
    transaction.put_projects(*rows(0, 5, "second"))
    print("writing", flush=True)
    sys.stdin.readline()
print("written", flush=True)
sys.stdin.readline()
store.close()
"""


def test_a_second_writer_is_told_who_reads_goes_on(path: Path) -> None:
    with running(WRITE_AND_WAIT, path) as process:
        assert said(process) == "writing"
        with GeopackageStore(path, wait_s=0.1) as store:
            with pytest.raises(StoreError) as locked:
                put(store, 0, 5, "third")
            assert locked.value.key == "store.locked"
            assert str(path) in locked.value.text("zh")
            assert set(store.read_city().projects["remark"]) == {"first"}
            tell(process)
            assert said(process) == "written"
            assert set(store.read_city().projects["remark"]) == {"second"}
            assert put(store, 0, 5, "third") == 3
        tell(process)
    with GeopackageStore(path) as store:
        assert [change.actor for change in store.changes()[::5]] == ["tester", "other", "tester"]
        store.verify()


def test_a_second_writer_waits_for_the_first(path: Path) -> None:
    with running(WRITE_AND_WAIT, path) as process, GeopackageStore(path, wait_s=30) as store:
        assert said(process) == "writing"
        timer = threading.Timer(0.3, tell, [process])
        timer.start()
        assert put(store, 0, 5, "third") == 3
        timer.join()
        tell(process)


READ_ON_AND_ON = """
path, count = sys.argv[1], int(sys.argv[2])
children = []
for _ in range(count):
    child = os.fork()
    if child == 0:
        seen = set()
        with GeopackageStore(path) as store:
            while True:
                city = store.read_city()
                remarks = set(city.projects["remark"]) | set(city.sites["hours"])
                if len(remarks) != 1 or len(city.projects) != len(city.sites):
                    os._exit(1)
                seen |= remarks
                if remarks == {"end"}:
                    os._exit(0 if len(seen) > 1 else 2)
    children.append(child)
print("reading", flush=True)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def test_readers_see_one_snapshot_each_while_a_writer_writes(path: Path) -> None:
    with running(READ_ON_AND_ON, path, 3) as process, GeopackageStore(path) as store:
        assert said(process) == "reading"
        for turn in range(30):
            put(store, 0, 5 + turn, f"turn {turn}")
        put(store, 0, 34, "end")
        assert said(process) == "[0, 0, 0]"


def test_threads_may_share_a_store(path: Path) -> None:
    failures: list[BaseException] = []
    with GeopackageStore(path, wait_s=30) as store:

        def work(number: int) -> None:
            try:
                for turn in range(5):
                    put(store, number * 10, 3, f"{number}-{turn}")
                    store.read_city()
            except BaseException as error:  # noqa: BLE001 - handed to the test
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.info().data_revision == 1 + 20
        assert len(store.read_city().projects) == 5 + 12
        store.verify()


OPEN_AS_NOBODY = """
if os.getuid() == 0:
    os.setuid(65534)
for path in sys.argv[1:]:
    try:
        open_store(path)
    except StoreError as error:
        print(error.key)
"""


def test_a_store_that_cannot_be_written_is_refused(original: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        file = Path(shutil.copyfile(original, folder / "town.gpkg"))
        file.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        with running(OPEN_AS_NOBODY, file) as process:
            assert said(process) == "store.read_only"
