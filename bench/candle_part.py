"""candle_part: frames to one-minute candles with all their metadata, from a tape and by the peers from text.

Two corpora: the recordings once, which all peers do, and many copies of them, where the start of a process no longer
counts, for the peer that the targets are about.
"""

import corpus
import peer_setup
from candle_check import compare, ours, theirs
from harness import (
    NOT_THERE,
    WORK,
    Failed,
    Part,
    Samples,
    alternate,
    can_seal,
    copy_tape,
    last_line,
    measure,
    number,
    run,
    say,
    segments,
    shown,
)

TEXT_MIN = 10  # candles from an unsealed tape, in multiples of tardis-dev
SEALED_MIN = 60
ZSTD_MAX = 1.5  # time of an unsealed replay, in multiples of decompressing it
MEMORY_MAX_MIB = 64
LIVE, SEALED, ZSTD = "rewick, unsealed", "rewick, sealed", "zstd -dc of the unsealed"
TARDIS = "tardis-dev"


def import_command(binary, venue, path, one):
    append = ["--append"] if venue != one.files[0][0] else []
    return [binary, "import", *append, "--from", "hftbacktest", "--venue", venue, path, "--out", one.tape]


def build_tape(binary, one):
    """One tape with all venues, one behind the other in time."""
    run(["rm", "-rf", one.tape])
    run(["mkdir", "-p", one.tape.parent])
    for venue, path, *_ in one.files:
        run(import_command(binary, venue, path, one))


def replay_command(binary, tape):
    return [binary, "replay", tape, "--bar", "1m", "--format", "csv"]


def zstd_command(tape):
    return ["zstd", "-dc", *segments(tape)]


class Corpus:
    """Lines, tape and sealed tape of so many copies."""

    def __init__(self, context, copies):
        self.copies = copies
        self.files = corpus.text_files(context.sources, copies)
        self.frames = sum(frames for _, _, frames, _ in self.files)
        self.bytes = sum(size for *_, size in self.files)
        self.operands = [f"{venue}={path}" for venue, path, *_ in self.files]
        self.tape = WORK / "tapes" / f"candles-{copies}"
        say(f"candles: tape of {self.frames:,} frames")
        build_tape(context.binary, self)
        self.sealed = None
        if can_seal(context.binary):
            self.sealed = copy_tape(self.tape, WORK / "tapes" / f"candles-{copies}-sealed")
            run([context.binary, "tape", "seal", "--all", self.sealed])

    def candles(self, binary, tape):
        return ours(run([binary, "replay", tape, "--bar", "1m", "--format", "csv"]))


def digest(binary, tape):
    return last_line(run([binary, "replay", tape, "--bar", "1m", "--no-candles", "--digest"]))


def check(context, one, peers):
    """Candles of each peer beside ours, before anything is timed: rows of a table."""
    mine = one.candles(context.binary, one.tape)
    rows = []
    for peer in peers:
        if not peer.fault:
            try:
                found = compare(mine, theirs(peer.run(one.operands)["candles"]))
            except Failed as error:
                peer.fault = f"failed: {error.why}"
        rows.append(
            [
                f"{peer.name} {peer.version or ''}",
                *([peer.fault, "", ""] if peer.fault else verdict(found)),
                peer_setup.WHAT[peer.name],
                peer_setup.CANNOT.get(peer.name, ""),
            ]
        )
    return rows


def verdict(found):
    differences = found["differences"]
    values = "open, high, low, close, volume" + ("" if found["without_count"] else ", count")
    return [
        f"{found['compared']}",
        values,
        "equal" if not differences else f"{len(differences)} differ: {differences[0]}",
    ]


def contenders(context, one, peers):
    runs = {
        LIVE: lambda: measure(replay_command(context.binary, one.tape)),
        ZSTD: lambda: measure(zstd_command(one.tape)),
    }
    if one.sealed:
        runs[SEALED] = lambda: measure(replay_command(context.binary, one.sealed))
    for peer in peers:
        if not peer.fault:
            runs[peer.name] = lambda peer=peer: peer.run(one.operands)
    return runs


def time_all(context, one, peers, part, title):
    """name -> (seconds, peak MiB)"""
    say(f"candles: timing over {one.frames:,} frames")
    taken = alternate(contenders(context, one, peers))
    results = {
        name: (Samples(run["seconds"] for run in runs), max(run["peak_kib"] for run in runs) / 1024)
        for name, runs in taken.items()
    }
    names = [LIVE, SEALED, ZSTD, *(peer.name for peer in peers)]
    rows = [timed_row(name, one, results, fault_of(name, peers)) for name in names]
    part.table(title, ["", "seconds", "million frames/s", f"of {TARDIS}", "peak MiB"], rows)
    title, unit = f"Candles of {one.frames / 1e6:.2f} million frames", "million frames/s (longer is better)"
    part.picture(
        f"candles-{one.copies}", title, unit, [timed_bar(name, one, results, fault_of(name, peers)) for name in names]
    )
    for name, (seconds, peak) in results.items():
        part.figure(f"{one.frames} frames, {name}", {"seconds": seconds.to_json(), "peak_mib": peak})
    return results


def timed_row(name, one, results, fault):
    if name not in results:
        return [name, fault, "", "", ""]
    seconds, peak = results[name]
    times = f"{number(results[TARDIS][0].median / seconds.median)} ×" if TARDIS in results else ""
    label = f"**{name}**" if "rewick" in name else name
    return [label, seconds.text(), seconds.per(one.frames / 1e6).text(), times, f"{peak:.1f}"]


def timed_bar(name, one, results, fault):
    if name not in results:
        return name, None, fault
    return name, one.frames / 1e6 / results[name][0].median, "ours" if "rewick" in name else "peer"


def fault_of(name, peers):
    return next((peer.fault for peer in peers if peer.name == name), NOT_THERE)


def add_speed(part, results, name, least):
    figure = f"candles from the {name.split(', ')[1]} tape"
    target = f"≥ {least} × {TARDIS}"
    if name not in results:
        part.row(figure, NOT_THERE, target=target)
        return
    if TARDIS not in results:
        part.row(figure, results[name][0].text() + " s", NOT_THERE, target=target)
        return
    mine, other = results[name][0], results[TARDIS][0]
    ratio = other.median / mine.median
    part.row(
        figure,
        f"{part.frames / 1e6 / mine.median:.2f} million frames/s",
        f"{TARDIS}: {part.frames / 1e6 / other.median:.2f}",
        f"{ratio:.1f} ×",
        target,
        ratio >= least,
    )


def add_zstd(part, results, name, most, target):
    figure = f"time of it beside zstd -dc, {name.split(', ')[1]}"
    if name not in results:
        part.row(figure, NOT_THERE, target=target)
        return
    mine, other = results[name][0], results[ZSTD][0]
    ratio = mine.median / other.median
    part.row(figure, f"{mine.median:.3f} s", f"zstd -dc: {other.median:.3f} s", f"{ratio:.2f} ×", target, ratio <= most)


def add_targets(part, results):
    add_speed(part, results, LIVE, TEXT_MIN)
    add_zstd(part, results, LIVE, ZSTD_MAX, f"≤ {ZSTD_MAX} ×")
    add_speed(part, results, SEALED, SEALED_MIN)
    add_zstd(part, results, SEALED, 1.0, "< 1 × zstd -dc of the unsealed")
    for name in (LIVE, SEALED):
        figure, target = f"peak memory of a replay, {name.split(', ')[1]}", f"≤ {MEMORY_MAX_MIB} MiB"
        if name in results:
            part.row(figure, f"{results[name][1]:.1f} MiB", target=target, reached=results[name][1] <= MEMORY_MAX_MIB)
        else:
            part.row(figure, NOT_THERE, target=target)


def add_digests(context, part, corpora):
    """The sealed tape must give what the unsealed gives."""
    same = all(digest(context.binary, one.tape) == digest(context.binary, one.sealed) for one in corpora)
    found = "the same digest" if same else "another digest"
    part.row("candles of the sealed tape", found, "unsealed tape", "", "the same digest", same)


def add_commands(context, part, one, many, peers):
    for venue, path, *_ in many.files:
        part.command(f"bench/corpus.py {venue} {many.copies} > {path}")
    for venue, path, *_ in many.files:
        part.command(import_command(context.binary, venue, path, many))
    part.command(f"cp -r {many.tape} {many.tape}-sealed && {context.binary} tape seal --all {many.tape}-sealed")
    part.command(replay_command(context.binary, many.tape))
    part.command(replay_command(context.binary, f"{many.tape}-sealed"))
    part.command(shown(zstd_command(many.tape)) + " > /dev/null")
    for peer in peers:
        part.command([*peer.command, *(many if peer.name == TARDIS else one).operands])


NOTE = (
    "Candles of one minute with all their metadata, over all frames of all channels on the tape; frames/s counts every "
    "frame, whether it holds a trade or not. Peers read the same frames as lines of text. No peer keeps more than "
    "open, high, low, close, volume and at most a few sums."
)
CHECKED = (
    "Candles of one minute beside rewick's, compared before anything was timed (to 1e-9 of the value, since most peers "
    "sum binary floats):"
)


def measure_candles(context):
    part = Part("candles", "Candles")
    one, many = context.corpus(1), context.corpus(context.copies)
    part.frames = many.frames
    part.note(NOTE)
    peers = peer_setup.candle_peers()
    say("candles: comparing")
    part.table(CHECKED, ["peer", "candles", "values", "result", "done by", "cannot"], check(context, one, peers))
    if one.sealed:
        add_digests(context, part, (one, many))
    time_all(context, one, peers, part, f"The recordings once, {one.frames:,} frames:")
    big = [peer for peer in peers if peer.name == TARDIS]
    size = f"{many.frames:,} frames, {many.bytes / 1e6:,.0f} MB of lines"
    title = f"{many.copies} copies moved on, {size}, without the other peers:"
    add_targets(part, time_all(context, many, big, part, title))
    add_commands(context, part, one, many, peers)
    return part.found
