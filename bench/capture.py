#!/usr/bin/python3
"""capture: what recording costs, and how much it takes. `make bench-capture` runs it.

    bench/capture.py REWICK FLOOD [--seconds N] [--only NAME]

Scenarios (flood_venue sends, rewick records to a disk, candles of one minute are made):
  sustained   40,000 frames/s over 10 venues: dropped, share of one core, resident memory
  highest     the highest rate on one connection without a drop, plain
  highest-tls the same through TLS
  stall       ten times a usual 2,000 frames/s while every sync of the disk takes 5 s
Prints one line each and exits with 1 when a promise is broken. Figures are of this machine, with the sender
on the same cores.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEN = ["binance", "coinbase", "coinbase-advanced", "kraken", "okx", "bybit", "bybit-linear", "bitstamp", "deribit", "kucoin"]
HZ = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def memory_mib(pid, what="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


class Flood:
    def __init__(self, flood, rate, seconds, venues, tls=None):
        args = [flood, "--rate", str(rate), "--seconds", str(seconds)]
        if tls:
            args += ["--cert", tls / "cert.pem", "--key", tls / "key.pem"]
        self.process = subprocess.Popen([*map(str, args), *venues], stdout=subprocess.PIPE, text=True)
        self.venues = [self.process.stdout.readline().split() for _ in venues]

    def result(self):
        return json.loads(self.process.stdout.readline())


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out",
         folder / "cert.pem"],
        check=True, capture_output=True)


def record(rewick, flood, tape, tls=None, env=None, wrapper=()):
    args = [rewick, "record", "--out", tape, "--no-candles"]
    for name, port, instrument in flood.venues:
        scheme, host = ("wss", "localhost") if tls else ("ws", "127.0.0.1")
        args += ["--venue", f"{name}:{instrument}", "--url", f"{name}={scheme}://{host}:{port}"]
    if tls:
        args += ["--ca-file", tls / "cert.pem"]
    return subprocess.Popen([*wrapper, *map(str, args)], stderr=subprocess.PIPE, text=True, env=env)


def status(rewick, tape):
    answer = subprocess.run([rewick, "status", tape, "--format", "json"], capture_output=True, text=True, check=False)
    return json.loads(answer.stdout) if answer.stdout else None


def run(rewick, flood_path, rate, seconds, venues, tls=None, env=None, look=None):
    """Returns what was sent, what was taken, and what it cost; look(tape) is called before the tape is removed."""
    with tempfile.TemporaryDirectory(prefix="rewick-bench-") as folder:
        folder = Path(folder)
        if tls:
            make_certificate(folder)
        tape = folder / "tape"
        flood = Flood(flood_path, rate, seconds, venues, folder if tls else None)
        recorder = record(rewick, flood, tape, folder if tls else None, env)
        peak, warm = 0.0, None
        begin = time.monotonic()
        while flood.process.poll() is None:
            time.sleep(0.5)
            if not warm and time.monotonic() - begin > min(3, seconds / 4):
                warm = (time.monotonic(), cpu_seconds(recorder.pid))
            peak = max(peak, memory_mib(recorder.pid))
            if select_ready(flood.process.stdout):
                break
        sent = flood.result()
        cost = (cpu_seconds(recorder.pid) - warm[1]) / (time.monotonic() - warm[0])
        seen = wait_for(rewick, tape, sent["frames"])
        recorder.terminate()
        log = recorder.communicate()[1]
        flood.process.wait()
        if look:
            look(tape)
    return sent, seen, cost, peak, log


def select_ready(stream):
    import select

    return bool(select.select([stream], [], [], 0)[0])


def wait_for(rewick, tape, frames):
    """The recorder may have some still in its queues."""
    seen = None
    for _ in range(200):
        seen = status(rewick, tape)
        taken = sum(v["trades"] for v in seen["venues"]) if seen else 0
        if seen and taken + seen["network"]["dropped"] >= frames:
            break
        time.sleep(0.1)
    return seen


def report(name, sent, seen, cost, peak, limits):
    taken = sum(v["trades"] for v in seen["venues"])
    dropped, lost = seen["network"]["dropped"], sent["frames"] - taken
    size = sent["bytes"] / max(1, sent["frames"])
    print(f"{name}: {sent['frames'] / sent['seconds']:,.0f} frames/s of {size:.0f} bytes for {sent['seconds']:.0f} s on "
          f"{sent['clients']} connections; dropped {dropped}, not taken {lost}; {cost * 100:.1f} % of one core; "
          f"{peak:.1f} MiB resident at most", flush=True)
    faults = [text for text, broken in limits(dropped, lost, cost, peak) if broken]
    for text in faults:
        print(f"  not reached: {text}", flush=True)
    return not faults


def find_highest(rewick, flood, name, tls):
    """The highest rate of one connection at which nothing is dropped, to 5 %, in runs of six seconds."""
    best, low, high = None, 0, 800000
    rate = 100000
    while high - low > low // 20 + 5000:
        result = run(rewick, flood, rate, 6, ["binance"], tls)
        sent, seen = result[:2]
        taken = sum(v["trades"] for v in seen["venues"])
        reached = sent["frames"] / sent["seconds"]
        if seen["network"]["dropped"] or taken < sent["frames"]:
            high = rate
        elif reached < rate * 0.95:  # the sender gives no more
            best, low, high = result, rate, rate
        else:
            best, low = result, rate
        rate = min(low * 2, (low + high) // 2) if low else rate // 2
    if not best:
        print(f"{name}: drops at every rate tried", flush=True)
        return False
    return report(name, *best[:4], lambda dropped, lost, cost, peak: [("no drop", dropped + lost > 0)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rewick")
    parser.add_argument("flood")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--only")
    args = parser.parse_args()
    good = True

    def wanted(name):
        return args.only in (None, name)

    if wanted("sustained"):
        result = run(args.rewick, args.flood, 40000, args.seconds, TEN)
        good &= report("sustained", *result[:4], lambda dropped, lost, cost, peak: [
            ("no drop", dropped + lost > 0), ("below 25 % of one core", cost >= 0.25), ("below 64 MiB", peak >= 64)])
    for name, tls in (("highest", False), ("highest-tls", True)):
        if wanted(name):
            good &= find_highest(args.rewick, args.flood, name, tls)
    if wanted("stall"):
        shim = Path(args.flood).parent / "slow_sync.so"
        env = {**os.environ, "LD_PRELOAD": str(shim), "SLOW_SYNC_MS": "5000"}
        result = run(args.rewick, args.flood, 20000, min(30, args.seconds), TEN, env=env)
        good &= report("stall", *result[:4], lambda dropped, lost, cost, peak: [("no drop", dropped + lost > 0)])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
