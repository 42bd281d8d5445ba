"""The same tapes give the same digest in every build: both compilers, -O0 and -O2, with sanitizers."""

import os
import subprocess

import pytest

from conftest import ROOT

BUILDS = ("release", "debug", "asan", "release-clang")
TAPES = sorted(p.parent for p in (ROOT / "fixtures").glob("*/tape") if (p.parent / "truth.json").exists())


def digest(binary, tape, *options, env=None):
    done = subprocess.run(
        [binary, "replay", str(tape), "--bar", "1s,7s,1m", "--no-candles", "--digest", *options],
        capture_output=True, text=True, check=True, timeout=300, env={**os.environ, **(env or {})},
    )
    last = done.stdout.strip().split("\n")[-1]
    assert last.startswith("candle digest ")
    return last


@pytest.mark.parametrize("fixture", TAPES, ids=lambda p: p.name)
def test_every_build_gives_one_digest(fixture, root):
    binaries = [root / "build" / name / "rewick" for name in BUILDS]
    missing = [b.parent.name for b in binaries if not b.exists()]
    if missing and "CI" not in os.environ:
        pytest.skip(f"not built: {', '.join(missing)} (tests/run.py builds them all)")
    assert not missing
    digests = {digest(str(binary), fixture / "tape") for binary in binaries}
    assert len(digests) == 1


@pytest.mark.parametrize("fixture", TAPES[:1], ids=lambda p: p.name)
def test_settings_and_sinks_do_not_matter(fixture, rewick, tmp_path):
    plain = digest(rewick, fixture / "tape")
    assert digest(rewick, fixture / "tape", env={"TZ": "Asia/Kathmandu", "LC_ALL": "de_DE.UTF-8"}) == plain
    assert digest(rewick, fixture / "tape", "--speed", "20") == plain
    assert digest(rewick, fixture / "tape", "--db", str(tmp_path / "c.db")) == plain


def test_there_are_fixtures():
    assert len(TAPES) >= 3
