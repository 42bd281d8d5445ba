"""peer_setup: installs the peers at their pinned versions into build/bench/peers and runs them.

Each is kept by itself, so that one that cannot be installed costs only itself; why it could not is kept too, and
shown in its place.
"""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from harness import ROOT, WORK, Failed, last_line, measure, run, say

PEERS = Path("bench/peers")
HOME = WORK / "peers"
PYTHON = "/usr/bin/python3"
INSTALL_SECONDS = 600

# What a peer's candles are made of, and where what it does differs from what is asked for.
WHAT = {
    "tardis-dev": "JSON.parse, normalizeTrades, computeTradeBars",
    "ccxt": "JSON.parse, parseWsTrade, buildOHLCVC",
    "cryptofeed": "its JSON parser, trade handler of Binance, values of its OHLCV aggregate",
    "nautilus_trader": "msgspec schemas, TradeTick, TimeBarAggregator",
    "polars": "read_csv, filter, json_decode, group_by_dynamic",
}
CANNOT = {
    "tardis-dev": "give the candle that is forming when the frames end",
    "cryptofeed": "take 'trade' frames (only aggTrade), cut candles at whole minutes (it goes by the clock on the "
    "wall), or count trades; here trade frames go to its aggTrade handler, and windows end with the trades' minute",
    "nautilus_trader": "count trades in a bar, or give the candle that is forming when the frames end",
    "polars": "take frames one by one as they come: it reads whole files",
}


class Peer:
    def __init__(self, name, command, locks):
        self.name, self.command, self.locks = name, command, locks
        self.fault = None
        self.version = None

    def run(self, operands):
        """What the peer says, with its memory and its time added."""
        took = measure([*self.command, *operands])
        said = json.loads(took["stdout"])
        self.version = said["version"]
        return {**said, "process_seconds": took["seconds"], "peak_kib": took["peak_kib"]}


def stamp(locks):
    return hashlib.sha256(b"".join((ROOT / lock).read_bytes() for lock in locks)).hexdigest()


def once(folder, locks, install):
    """Installs into folder unless it holds just this already."""
    mark = ROOT / folder / ".installed"
    if mark.is_file() and mark.read_text() == stamp(locks):
        return
    shutil.rmtree(ROOT / folder, ignore_errors=True)
    (ROOT / folder).mkdir(parents=True)
    say(f"peers: installing into {folder}")
    install()
    mark.write_text(stamp(locks))


def tool(command):
    """An installer's run; its fault in one line."""
    try:
        done = subprocess.run(
            [*map(str, command)], capture_output=True, text=True, check=False, cwd=ROOT, timeout=INSTALL_SECONDS
        )
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror.lower()}") from error
    if done.returncode != 0:
        lines = re.findall(r"^\s*(?:npm )?error\b[:!]?\s*(.+)$", done.stderr, re.M | re.I) or [last_line(done.stderr)]
        why = re.sub(r"https?://\S+", "(address)", lines[0].strip())[:200]
        raise Failed(f"{Path(command[0]).name} ended with {done.returncode}: {why}")


def install_node(folder, locks):
    def install():
        for lock in locks:
            shutil.copy(ROOT / lock, ROOT / folder)
        tool(["npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])

    once(folder, locks, install)


def install_python(folder, locks):
    def install():
        tool([PYTHON, "-m", "venv", folder])
        for lock in locks:
            # What is built from source is built with the tools of the lock before it, not with whatever is newest.
            tool(
                [
                    f"{folder}/bin/pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--require-hashes",
                    "--no-build-isolation",
                    "-r",
                    lock,
                ]
            )

    once(folder, locks, install)


def prepare(peer, install, folder):
    try:
        install(folder, peer.locks)
    except (Failed, OSError, subprocess.TimeoutExpired) as error:
        peer.fault = f"not installed: {error}"
        say(f"peers: {peer.name} {peer.fault}")
    return peer


def node_peer(name, script):
    locks = [PEERS / "node/package.json", PEERS / "node/package-lock.json"]
    folder = HOME / "node"
    command = ["env", f"NODE_PATH={folder}/node_modules", "node", PEERS / "node" / script]
    return prepare(Peer(name, command, locks), install_node, folder)


def python_peer(name, lock_names, script):
    locks = [PEERS / "python" / f"{lock}.txt" for lock in lock_names]
    folder = HOME / lock_names[-1]
    return prepare(Peer(name, [f"{folder}/bin/python", PEERS / "python" / script], locks), install_python, folder)


def candle_peers():
    return [
        node_peer("tardis-dev", "tardis_candles.js"),
        node_peer("ccxt", "ccxt_candles.js"),
        python_peer("cryptofeed", ["cryptofeed_build", "cryptofeed"], "cryptofeed_candles.py"),
        python_peer("nautilus_trader", ["nautilus"], "nautilus_candles.py"),
        python_peer("polars", ["polars"], "polars_candles.py"),
    ]


def parquet_peer():
    return python_peer("pyarrow", ["pyarrow"], "parquet_size.py")


def parquet_bytes(peer, paths):
    """path -> {level: bytes}"""
    said = json.loads(run([*peer.command, *paths]))
    peer.version = said["version"]
    return said["bytes"]
