"""size_part: how small the same lines are as files of usual kinds and as tapes."""

from concurrent.futures import ThreadPoolExecutor

import peer_setup
from harness import NOT_THERE, WORK, Failed, Part, can_seal, copy_tape, number, run, say, shell_number, tape_bytes

TOOLS = ["gzip -6", "zstd -3", "zstd -19", "xz -6"]
LIVE, SEALED = "rewick, live", "rewick, sealed"
LIVE_MAX, SEALED_MAX, SEALED_AIM = 1.10, 0.58, 0.50


def of_tool(tool, source):
    return shell_number(f"{tool} -c {source.path} | wc -c")


def of_tools(found):
    """name -> bytes of each source; the slow ones two at a time."""
    with ThreadPoolExecutor(2) as pool:
        jobs = {tool: [pool.submit(of_tool, tool, source) for source in found] for tool in reversed(TOOLS)}
        return {tool: [job.result() for job in jobs[tool]] for tool in TOOLS}


def of_parquet(found):
    peer = peer_setup.parquet_peer()
    names = {level: f"Parquet, zstd {level}" for level in (3, 9)}
    if peer.fault:
        return {name: peer.fault for name in names.values()}
    try:
        said = peer_setup.parquet_bytes(peer, [source.path for source in found])
    except Failed as error:
        return {name: f"failed: {error.why}" for name in names.values()}
    return {names[level]: [said[str(source.path)][str(level)] for source in found] for level in names}


def import_command(binary, source, tape):
    return [binary, "import", "--from", "hftbacktest", "--venue", source.venue, source.path, "--out", tape]


def of_tapes(binary, found):
    live, sealed = [], []
    for source in found:
        tape = WORK / "tapes" / f"size-{source.name}"
        run(["rm", "-rf", tape])
        run(["mkdir", "-p", tape.parent])
        run(import_command(binary, source, tape))
        live.append(tape_bytes(tape))
        if can_seal(binary):
            copy = copy_tape(tape, WORK / "tapes" / f"size-{source.name}-sealed")
            run([binary, "tape", "seal", "--all", copy])
            run([binary, "tape", "verify", copy])
            sealed.append(tape_bytes(copy))
    return {LIVE: live, SEALED: sealed or NOT_THERE}


def add_targets(part, sizes):
    total = {name: sum(size) for name, size in sizes.items() if isinstance(size, list)}
    for name, peer, most, aim in ((LIVE, "zstd -3", LIVE_MAX, None), (SEALED, "gzip -6", SEALED_MAX, SEALED_AIM)):
        target = f"≤ {most:.2f} × {peer}" + (f", aim {aim:.2f}" if aim else "")
        if name not in total:
            part.row(f"size of a {name.split(', ')[1]} tape", sizes[name], target=target)
            continue
        ratio = total[name] / total[peer]
        part.row(
            f"size of a {name.split(', ')[1]} tape",
            f"{total[name] / 1e6:.2f} MB",
            f"{peer}: {total[peer] / 1e6:.2f} MB",
            f"{ratio:.3f} ×",
            target,
            ratio <= most,
        )


def measure_size(context):
    part = Part("size", "Size")
    found = context.sources
    say("size: gzip, zstd, xz")
    sizes = of_tools(found)
    say("size: Parquet, tapes")
    sizes |= of_parquet(found) | of_tapes(context.binary, found)
    add_targets(part, sizes)
    lines = [source.size for source in found]
    rows = [["lines as text", *(f"{size:,}" for size in lines), f"{sum(lines):,}", "", ""]]
    for name, size in sizes.items():
        if isinstance(size, str):
            rows.append([name, size] + [""] * (len(found) + 2))
            continue
        rows.append(
            [
                f"**{name}**" if "rewick" in name else name,
                *(f"{one:,}" for one in size),
                f"{sum(size):,}",
                number(sum(size) / sum(sizes["gzip -6"])),
                number(sum(lines) / sum(size)),
            ]
        )
    part.table(
        "Bytes of each recording:", ["", *(source.name for source in found), "all", "of gzip -6", "lines : it"], rows
    )
    part.picture(
        "size",
        "All recordings",
        "MB (shorter is better)",
        [
            (
                (name, sum(size) / 1e6, "ours" if "rewick" in name else "peer")
                if isinstance(size, list)
                else (name, None, size)
            )
            for name, size in sizes.items()
        ],
    )
    for tool in TOOLS:
        part.command(f"{tool} -c {found[0].path} | wc -c")
    part.command(f"{peer_setup.HOME}/pyarrow/bin/python bench/peers/python/parquet_size.py {found[0].path}")
    part.command(import_command(context.binary, found[0], WORK / "tapes" / f"size-{found[0].name}"))
    part.command(f"{context.binary} tape seal --all {WORK}/tapes/size-{found[0].name}-sealed")
    part.figure("bytes", {"lines": lines} | sizes)
    part.note(
        "Parquet has two columns, `receive_ns` (64-bit integer) and `frame` (string). A tape holds both receive "
        "clocks, sequence numbers, source times and checksums besides."
    )
    return part.found
