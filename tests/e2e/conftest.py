"""What every behaviour test gets: the binary, the repository's root, the optional captures."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURES = ROOT.parent / "shared" / "captures"


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def rewick():
    """Path of the binary; REWICK names another build."""
    path = os.environ.get("REWICK", str(ROOT / "build" / "rewick"))
    assert os.path.exists(path), f"{path} is not built; run make"
    return path


@pytest.fixture(scope="session")
def captures():
    """Real recordings, where somebody has put them beside the checkout."""
    if not CAPTURES.is_dir():
        pytest.skip("no ../shared/captures here: this test needs real recordings")
    return CAPTURES


@pytest.fixture(scope="session")
def run(rewick):
    """run("tape", "info", path): runs rewick, checks the exit status, gives the finished process."""

    def call(*args, status=0, **kwargs):
        kwargs.setdefault("timeout", 120)
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        result = subprocess.run(
            [rewick, *map(str, args)], capture_output=True, text=True, check=False, **kwargs
        )
        assert result.returncode == status, (
            f"rewick {' '.join(map(str, args))}: exit {result.returncode}, not {status}\n"
            f"{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
        )
        return result

    return call
