#!/usr/bin/python3
"""measure: runs one command and says what it took, as one line of JSON in FILE.

    bench/measure.py FILE STDOUT STDERR COMMAND...

It is a process of its own, and a small one, since Linux counts the memory of whoever started a program towards that
program's peak.
"""

import json
import os
import sys
import time


def main():
    out, stdout, stderr, *command = sys.argv[1:]
    files = [
        (os.POSIX_SPAWN_OPEN, fd, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for fd, path in ((1, stdout), (2, stderr))
    ]
    begin = time.perf_counter_ns()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter_ns() - begin
    with open(out, "w") as file:
        json.dump(
            {
                "seconds": wall / 1e9,
                "user": usage.ru_utime,
                "system": usage.ru_stime,
                "peak_kib": usage.ru_maxrss,
                "exit": os.waitstatus_to_exitcode(status),
            },
            file,
        )


main()
