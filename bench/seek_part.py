"""seek_part: how long it takes to be at a time near the end of a large tape."""

import shutil
import subprocess

import corpus
from harness import (
    NOT_THERE,
    ROOT,
    WORK,
    Failed,
    Part,
    Samples,
    alternate,
    can_seal,
    copy_tape,
    measure,
    run,
    say,
    tape_bytes,
)

SECONDS = 1  # of the tape's end are replayed
WITHIN_MS = 100
DISK_PER_FRAME_BYTE = 0.6  # a live tape and a sealed copy of it, with room


def copies_for(context):
    """How many copies make so many gigabytes of frames, and whether the disk cut them."""
    wanted = context.seek_gb * 1e9
    room = shutil.disk_usage(ROOT / WORK).free / DISK_PER_FRAME_BYTE
    one = sum(source.size - 21 * source.frames for source in context.sources)
    return max(1, round(min(wanted, room) / one)), room < wanted


def build(context, copies, tape):
    """Streams the corpus into a tape: text of this size is not kept."""
    run(["rm", "-rf", tape])
    run(["mkdir", "-p", tape.parent])
    for index, venue in enumerate(corpus.VENUES):
        append = ["--append"] if index else []
        command = [context.binary, "import", *append, "--from", "hftbacktest", "--venue", venue, "-", "--out", tape]
        with subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as taker:
            try:
                taker.stdin.writelines(corpus.venue_lines(context.sources, venue, copies))
            except BrokenPipeError:
                pass
            fault = taker.communicate()[1]
        if taker.returncode:
            raise Failed(f"ended with {taker.returncode}: {fault.decode().strip()}", command)


def last_time_ns(context, copies):
    """Receive time of the last frame: the last copy of the last venue."""
    ends = []
    for source in (source for source in context.sources if source.venue == corpus.VENUES[-1]):
        with open(ROOT / source.path, "rb") as file:
            ends.append(max(int(line.split(b" ", 1)[0]) for line in file))
    return max(ends) + (len(corpus.VENUES) * copies - 1) * corpus.period_ns(context.sources)


def replay_command(binary, tape, begin_ns):
    return [binary, "replay", tape, "--bar", "1m", "--format", "csv", "--from", begin_ns]


def large_tapes(context, copies):
    """The tapes of this part alone, of more frames than anything else is measured with."""
    tape = WORK / "tapes/seek"
    say(f"seek: a tape of {copies} copies")
    build(context, copies, tape)
    tapes = {"live": tape}
    if can_seal(context.binary):
        say("seek: sealing it")
        tapes["sealed"] = copy_tape(tape, WORK / "tapes/seek-sealed")
        run([context.binary, "tape", "seal", "--all", tapes["sealed"]])
    return tapes


def usual_tapes(context):
    one = context.corpus(context.copies)
    return {"live": one.tape} | ({"sealed": one.sealed} if one.sealed else {})


def add_tape(part, name, tape, size, runs):
    """A row of the table, and one of the summary."""
    figure, target = f"replay of the last second of {size / 1e9:.2f} GB, {name}", f"≤ {WITHIN_MS} ms"
    if not tape:
        part.row(figure, NOT_THERE, target=target)
        return [name, NOT_THERE, "", ""]
    ms = Samples(run["seconds"] * 1000 for run in runs)
    part.row(figure, f"{ms.text()} ms", target=target, reached=ms.median <= WITHIN_MS)
    part.figure(f"{name} ms", ms)
    return [name, f"{tape_bytes(tape) / 1e6:,.0f}", ms.text(), f"{max(run['peak_kib'] for run in runs) / 1024:.1f}"]


def measure_seek(context):
    part = Part("seek", "Seeking")
    copies, cut = copies_for(context) if context.seek_gb else (context.copies, False)
    tapes = large_tapes(context, copies) if context.seek_gb else usual_tapes(context)
    size = copies * sum(source.size - 21 * source.frames for source in context.sources)
    frames = copies * sum(source.frames for source in context.sources)
    begin_ns = last_time_ns(context, copies) - SECONDS * 10**9
    commands = {name: replay_command(context.binary, tape, begin_ns) for name, tape in tapes.items()}
    say("seek: timing")
    taken = alternate({name: lambda command=command: measure(command) for name, command in commands.items()})
    rows = [add_tape(part, name, tapes.get(name), size, taken.get(name)) for name in ("live", "sealed")]
    room = " (all that the disk had room for)" if cut else ""
    part.table(
        f"{frames:,} frames, {size / 1e9:.2f} GB{room}; the process's start is in it:",
        ["tape", "MB on disk", "ms", "peak MiB"],
        rows,
    )
    for command in commands.values():
        part.command(command)
    if context.seek_gb:
        run(["rm", "-rf", *tapes.values()])
    else:
        part.note("`make bench-seek` does the same with 10 GB of frames.")
    return part.found
