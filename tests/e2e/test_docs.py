"""Every command in a ```sh block of the documentation runs, as written, in a scratch folder.

Commands that record from a real exchange get the addresses of `rewick serve` and an end added; nothing else is changed.
"""

import os
import re
import shutil
import signal
import subprocess

import pytest

from conftest import ROOT

PAGES = sorted(
    [p for p in ROOT.glob("*.md")] + [p for p in (ROOT / "docs").glob("**/*.md")] + [ROOT / "fixtures/README.md"]
)

# What the pages assume to be there.
CAPTURE = (
    '2019-06-01T00:00:10.426Z {"type":"match","trade_id":7,"maker_order_id":"a","taker_order_id":"b","side":"sell",'
    '"size":"0.5","price":"90.34","product_id":"ZEC-USDC","sequence":1,"time":"2019-06-01T00:00:10.382000Z"}\n'
)


def commands(page):
    """The commands of each sh block of a page, continuation lines joined."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), flags=re.S | re.M):
        yield [line for line in block.replace("\\\n", " ").split("\n") if line.strip() and not line.startswith("#")]


@pytest.fixture(scope="module")
def exchanges(rewick, root):
    """The fixture tapes played as exchanges: options that send `rewick record` there."""
    tapes = [str(root / "fixtures" / name / "tape") for name in ("binance-trade", "coinbase-matches", "kraken-trade")]
    server = subprocess.Popen(
        [rewick, "serve", *tapes, "--listen", "127.0.0.1:0", "--speed", "max"], stdout=subprocess.PIPE, text=True
    )
    urls = [server.stdout.readline().split() for _ in tapes]
    yield {venue: f" --url {venue}={url}" for venue, url in urls}
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=20) == 0


def adapted(command, exchanges):
    if "rewick record" not in command:
        return command
    used = [option for venue, option in exchanges.items() if f"{venue}:" in command]
    return command + "".join(used) + " --for 4s"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_of_page(page, rewick, root, exchanges, tmp_path):
    blocks = list(commands(page))
    if not blocks:
        pytest.skip("no sh block on this page")
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    (bin_dir / "rewick").symlink_to(os.path.realpath(rewick))
    work = tmp_path / "work"
    work.mkdir()
    shutil.copytree(root / "fixtures", work / "fixtures")
    (work / "capture.raw").write_text(CAPTURE)
    env = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    for block in blocks:
        for command in block:
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", adapted(command, exchanges)],
                cwd=work, env=env, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
            )
            assert done.returncode == 0, f"{page.name}: {command}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"


def test_make_targets_in_the_documentation_exist(root):
    targets = set(re.findall(r"^([a-z0-9-]+):", (root / "Makefile").read_text(), flags=re.M))
    targets |= set(re.search(r"\.PHONY: (.*?)\n\n", (root / "Makefile").read_text(), flags=re.S).group(1).split())
    named = set()
    for page in PAGES:
        named |= set(re.findall(r"(?:`|    )make ([a-z0-9-]+)", page.read_text()))
    assert named and named <= targets, named - targets


def test_links_in_the_documentation_lead_somewhere(root):
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def members(header, struct):
    """The names of a struct's members, in a header without nested structs."""
    body = re.search(rf"^struct {struct} {{(.*?)^}};", header, flags=re.S | re.M).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    functions = re.findall(r"\(\*(\w+)\)", body)
    plain = re.sub(r"[^;]*\(\*\w+\)[^;]*;", "", body)
    return set(functions) | set(re.findall(r"(\w+)[,;]", plain))


def test_the_page_on_venues_names_every_member(root):
    header = (root / "engine/venue/venue.h").read_text()
    page = (root / "docs/venues.md").read_text()
    for struct in ("venue", "venue_recording", "venue_rest", "venue_serving"):
        names = members(header, struct)
        assert len(names) >= 6
        missing = [name for name in names if f"`{name}`" not in page]
        assert not missing, (struct, missing)


def test_the_page_on_recording_names_every_key(root, run):
    page = (root / "docs/recording.md").read_text()
    instead = {"venue", "channel", "url", "rest-url", "instruments", "redundant", "config", "help"}  # of keys
    for option in run("record", "--help=words").stdout.split():
        name = option.removeprefix("--")
        assert name in instead or f"`{name.replace('-', '_')}`" in page, name


def test_every_command_explains_itself(run):
    listing = run("--help").stdout
    names = re.findall(r"^  ([a-z]+(?: [a-z]+)?) {2,}\S", listing, flags=re.M)
    assert {"record", "replay", "serve", "import", "tape verify", "candles", "simulate"} <= set(names)
    for name in names:
        text = run(*name.split(), "--help").stdout
        assert f"usage: rewick {name}" in text and "examples:" in text, name


def test_help_man_page_and_completion_name_the_same_options(run):
    for name in run("--help=words").stdout.splitlines():
        helped = set(re.findall(r"^  (--[a-z-]+)", run(*name.split(), "--help").stdout, flags=re.M))
        words = set(run(*name.split(), "--help=words").stdout.split())
        page = run(*name.split(), "--help=man").stdout
        manual = {o.replace("\\", "") for o in re.findall(r"^\.B (\\-\\-[a-z\\-]+)", page, flags=re.M)} | {"--help"}
        assert helped == words == manual, name
