"""seal_part: how fast a tape is sealed, and what a capture notices of it."""

import re
import threading

import capture
from harness import (
    NOT_THERE,
    REPEATS,
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
    segments,
    tape_bytes,
)

RATE_MIN_MB = 20
MEMORY_MAX_MIB = 128
CAPTURE_RATE = 40000
CAPTURES = 3
LATER_MAX_MS = 1.0
QUANTILES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("highest", 1.0))
PLAIN, BESIDE = "capture alone", "sealing beside it"


def seal_command(binary, tape):
    return ["nice", "-n", 19, binary, "tape", "seal", "--all", tape]


def frame_bytes(one):
    """Of the frames alone: a line has 19 digits, a blank and a line feed besides."""
    return one.bytes - 21 * one.frames


def seal_runs(context, one, repeats):
    runs = []
    for _ in range(repeats):
        copy = copy_tape(one.tape, WORK / "tapes/seal")
        runs.append(measure(seal_command(context.binary, copy)))
    return runs


def measure_seal(context):
    part = Part("seal", "Sealing")
    target, memory_target = f"≥ {RATE_MIN_MB} MB/s", f"≤ {MEMORY_MAX_MIB} MiB"
    part.command(seal_command(context.binary, WORK / "tapes/seal"))
    if not can_seal(context.binary):
        part.row("sealing at nice 19", NOT_THERE, target=target)
        part.row("peak memory of sealing", NOT_THERE, target=memory_target)
        return part.found
    rows, peaks, rates = [], [], []
    for copies, repeats in ((1, REPEATS), (context.copies, 1)):
        one = context.corpus(copies)
        say(f"seal: {one.frames:,} frames, {repeats} times")
        runs = seal_runs(context, one, repeats)
        rate = Samples(frame_bytes(one) / 1e6 / run["seconds"] for run in runs)
        rates.append(rate)
        peaks.append(max(run["peak_kib"] for run in runs) / 1024)
        rows.append(
            [
                f"{one.frames:,}",
                f"{frame_bytes(one) / 1e6:,.1f}",
                f"{len(segments(one.tape))}",
                str(repeats),
                rate.text(),
                Samples(run["user"] + run["system"] for run in runs).text(),
                f"{tape_bytes(one.tape) / 1e6:,.2f}",
                f"{tape_bytes(WORK / 'tapes/seal') / 1e6:,.2f}",
                f"{peaks[-1]:.1f}",
            ]
        )
        part.figure(f"MB/s of {one.frames} frames", rate)
    part.table(
        "",
        ["frames", "MB of them", "segments", "runs", "MB/s", "processor seconds", "MB live", "MB sealed", "peak MiB"],
        rows,
    )
    part.row(
        "sealing at nice 19", f"{rates[0].text()} MB/s of frames", target=target, reached=rates[0].median >= RATE_MIN_MB
    )
    part.row(
        "peak memory of sealing", f"{max(peaks):.1f} MiB", target=memory_target, reached=max(peaks) <= MEMORY_MAX_MIB
    )
    part.note("From reading the live segments until the sealed ones, read back and compared, have taken their place.")
    return part.found


# ---- beside a capture ----------------------------------------------------------------------------


class SealingLoop:
    """Seals fresh copies of a tape, one after the other, as long as it is entered."""

    def __init__(self, context, tape):
        self.command = seal_command(context.binary, WORK / "tapes/beside")
        self.tape = tape
        self.sealed, self.fault = 0, None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        try:
            while not self.stop.is_set():
                run(["nice", "-n", 19, "rm", "-rf", WORK / "tapes/beside"])
                run(["nice", "-n", 19, "cp", "-r", self.tape, WORK / "tapes/beside"])
                run(self.command)
                self.sealed += 1
        except Failed as error:
            self.fault = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def latencies_ms(binary, tape):
    """Of every frame with a time of its sender: from being made to being received."""
    text = run([binary, "tape", "cat", tape, "--type", "received"])
    return sorted(
        (int(wall) - int(source)) / 1e6 for wall, source in re.findall(r'"wall_ns":(\d+),.*?"source_ns":(\d+)', text)
    )


def one_capture(context):
    """What a capture took, lost and cost, and its frames' latencies."""
    seen = {}

    def look(tape):
        seen["latencies"] = latencies_ms(ROOT / context.binary, tape)

    flood = ROOT / context.build / "flood_venue"
    sent, status, cost, peak, _ = capture.run(
        ROOT / context.binary, flood, CAPTURE_RATE, context.seconds, capture.TEN, look=look
    )
    taken = sum(venue["trades"] for venue in status["venues"])
    values = seen["latencies"]
    late = {name: values[min(len(values) - 1, int(len(values) * at))] for name, at in QUANTILES}
    return {"rate": sent["frames"] / sent["seconds"], "lost": sent["frames"] - taken, "cost": cost, "peak": peak} | late


def one_beside(context, tape):
    with SealingLoop(context, tape) as loop:
        found = one_capture(context)
    if loop.fault:
        raise loop.fault
    return found | {"seals": loop.sealed}


def capture_row(name, runs):
    def of(key):
        return Samples(run[key] for run in runs)

    late = [of(quantile).text() for quantile, _ in QUANTILES]
    lost, seals = (sum(run.get(key, 0) for run in runs) for key in ("lost", "seals"))
    cost = f"{of('cost').median * 100:.1f} %"
    return [name, f"{of('rate').median:,.0f}", f"{lost}", cost, f"{of('peak').high:.1f}", *late, f"{seals}"]


def measure_capture(context):
    part = Part("capture", "A capture while tapes are sealed")
    figure, target = "capture at 40,000 frames/s while sealing", f"no drop, p99 at most {LATER_MAX_MS:.0f} ms later"
    flood = context.build / "flood_venue"
    part.command(f"bench/capture.py {context.binary} {flood} --only sustained --seconds {context.seconds}")
    say(
        f"capture: {CAPTURE_RATE:,} frames/s, {CAPTURES} times {context.seconds} s each, alone and with sealing beside it"
    )
    runs = {PLAIN: lambda: one_capture(context)}
    if can_seal(context.binary):
        part.command(seal_command(context.binary, WORK / "tapes/beside"))
        tape = context.corpus(1).tape
        runs[BESIDE] = lambda: one_beside(context, tape)
    taken = alternate(runs, CAPTURES)
    if BESIDE in taken:
        plain, beside = (Samples(run["p99"] for run in taken[name]) for name in (PLAIN, BESIDE))
        lost, later = sum(run["lost"] for run in taken[BESIDE]), beside.median - plain.median
        found = f"{lost} lost, p99 {beside.median:.2f} ms"
        reached = lost == 0 and later <= LATER_MAX_MS
        part.row(figure, found, f"alone: p99 {plain.median:.2f} ms", f"{later:+.2f} ms", target, reached)
    else:
        part.row(figure, NOT_THERE, target=target)
    part.table(
        f"{CAPTURES} times {context.seconds} seconds each over {len(capture.TEN)} connections, the sender on the same "
        "cores; milliseconds from a frame's being made by the sender to its being received:",
        ["", "frames/s", "lost", "of one core", "MiB", *(name for name, _ in QUANTILES), "tapes sealed"],
        [capture_row(name, runs) for name, runs in taken.items()],
    )
    part.figure("runs", taken)
    return part.found
