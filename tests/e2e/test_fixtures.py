"""The fixture tapes in git are those that fixtures/make.sh makes from their seeds, record for record."""

import shutil
import subprocess

import pytest


def records(run, tape):
    return run("tape", "cat", tape).stdout


@pytest.fixture(scope="module")
def remade(rewick, root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fixtures")
    subprocess.run([root / "fixtures" / "make.sh", rewick, folder], check=True, capture_output=True, timeout=120)
    return folder


def tapes(folder):
    return sorted(str(path.parent.relative_to(folder)) for path in folder.glob("**/tape"))


def test_fixtures_follow_from_their_seeds(run, root, remade):
    names = tapes(root / "fixtures")
    assert len(names) >= 7 and names == tapes(remade)
    for name in names:
        here, there = root / "fixtures" / name, remade / name
        assert (here / "truth.json").read_bytes() == (there / "truth.json").read_bytes(), name
        assert (here / "trades.csv").read_bytes() == (there / "trades.csv").read_bytes(), name
        assert records(run, here / "tape") == records(run, there / "tape"), name


def test_fixtures_are_whole_and_small(run, root):
    for name in tapes(root / "fixtures"):
        tape = root / "fixtures" / name / "tape"
        run("tape", "verify", tape)
        assert sum(path.stat().st_size for path in tape.iterdir()) < 100_000
        for segment in tape.glob("*.rwk.zst"):
            subprocess.run(["zstd", "-qt", segment], check=True)


@pytest.mark.parametrize("name", ("flipped-bit", "zeroed", "empty-segment", "not-a-tape"))
def test_bad_tapes_are_bad(run, root, name):
    run("replay", root / "fixtures" / "bad" / name, "--no-candles", status=3)


def test_what_repair_keeps_of_the_bad_ones_is_whole(run, root, tmp_path):
    whole = records(run, root / "fixtures" / "bad" / "whole" / "tape").splitlines()
    for name in ("torn-tail", "flipped-bit", "zeroed"):
        shutil.copytree(root / "fixtures" / "bad" / name, tmp_path / name)
        run("tape", "repair", tmp_path / name, "--out", tmp_path / (name + ".repaired"))
        kept = records(run, tmp_path / (name + ".repaired")).splitlines()
        assert 0 < len(kept) < len(whole), name
        assert set(line for line in kept if '"type":"gap"' not in line) < set(whole), name
