"""The wheel: its top-level names, and the command beside a folder that has its own api/ and data/."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(folder),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_has_the_five_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert top == {"geo", "coordination", "api", "data", "maps", "digonce-0.1.0.dist-info"}
    assert "coordination/locales/zh/labels.toml" in names
    assert "digonce-0.1.0.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_command_runs_beside_folders_of_the_same_names(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    # The pinned libraries are shared; only digonce itself comes from the wheel.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (site,) = (environment / "lib").glob("python*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--disable-pip-version-check", "--target", str(site), str(wheel)],
        check=True,
    )  # fmt: skip
    outer = Path(next(p for p in sys.path if p.endswith("site-packages")))
    (site / "zz_outer.pth").write_text(str(outer) + "\n", encoding="utf-8")
    work = tmp_path / "work"
    for name in ("api", "data", "maps"):
        (work / name).mkdir(parents=True)
        (work / name / "__init__.py").write_text("raise SystemExit('shadowed')\n", encoding="utf-8")
    launch = (
        "import sys; from importlib.metadata import entry_points;"
        "command, = entry_points(group='console_scripts', name='digonce');"
        "sys.argv = ['digonce', '--version']; command.load()()"
    )
    script = environment / "bin" / "digonce"
    script.write_text(f"#!{environment}/bin/python\n{launch}\n", encoding="utf-8")
    script.chmod(0o755)
    result = subprocess.run([str(script)], cwd=work, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "digonce 0.1.0", result.stderr
    assert result.returncode == 0
