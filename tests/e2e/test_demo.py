"""What `make run` does: fixtures/demo.sh, to its end and stopped halfway, in a pipe and on a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest


def ports(text):
    return [int(port) for port in re.findall(r"ws://127\.0\.0\.1:(\d+)", text)]


def is_open(port):
    with socket.socket() as s:
        s.settimeout(2)
        return s.connect_ex(("127.0.0.1", port)) == 0


def group_ends(group, seconds=5):
    """Whether no process of the group runs any more; what has died but was not waited for is gone, too."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        listing = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
        rows = [line.split() for line in listing.splitlines()]
        if not any(int(row[0]) == group and not row[1].startswith("Z") for row in rows):
            return True
        time.sleep(0.05)
    return False


def demo(rewick, root, tmp_path, *args, speed="8"):
    return {
        "args": [str(root / "fixtures" / "demo.sh"), rewick, *args],
        "env": {**os.environ, "TMPDIR": str(tmp_path), "DEMO_SPEED": speed, "TERM": "xterm"},
        "cwd": root,
    }


def test_runs_to_its_end_and_proves_the_digest(rewick, root, run, tmp_path):
    done = subprocess.run(
        **demo(rewick, root, tmp_path), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False
    )
    out = done.stdout
    assert done.returncode == 0, out + done.stderr
    live = re.search(r"^live digest   ([0-9a-f]{64})$", out, re.M)[1]
    assert re.search(r"^replay digest ([0-9a-f]{64})$", out, re.M)[1] == live
    assert "\x1b" not in out
    # Candles of all three have closed, of both bars.
    for venue in ("binance", "coinbase", "kraken"):
        rows = [line for line in out.splitlines() if f" {venue} " in line and " closed " in line]
        assert len(rows) >= 6, out
        assert any(" 30s " in row for row in rows)
    assert len(ports(out)) == 3
    assert not any(map(is_open, ports(out)))
    # The tape and the database are where it says and hold what it says.
    tape = re.search(r"^tape          (\S+)$", out, re.M)[1]
    db = re.search(r"^database      (\S+)$", out, re.M)[1]
    assert run("replay", tape, "--no-candles", "--digest").stdout == f"candle digest {live}\n"
    rows = run("candles", "--db", db, "--format", "csv").stdout.splitlines()
    assert len(rows) > 18
    # What it proposes to try next works.
    for line in re.findall(rf"^  {re.escape(rewick)} (.*)$", out, re.M):
        run(*line.split())


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
@pytest.mark.parametrize("after", (0.05, 0.5, 3))
def test_stopped_in_a_pipe_leaves_nothing_behind(rewick, root, tmp_path, number, after):
    with subprocess.Popen(
        **demo(rewick, root, tmp_path, speed="1"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, stdin=subprocess.DEVNULL,
    ) as process:
        time.sleep(after)
        os.killpg(process.pid, number)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 130 or after < 0.1, out
        assert not any(map(is_open, ports(out)))
        assert group_ends(process.pid)
    assert list(tmp_path.iterdir()) == [] or after < 0.1


class Terminal:
    """Runs the demo on a pseudo-terminal."""

    def __init__(self, call):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(call["cwd"])
            os.execve(call["args"][0], call["args"], call["env"])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.out = ""

    def read_until(self, pattern, seconds):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.out):
            assert time.monotonic() < end, self.out[-3000:]
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    data = os.read(self.fd, 1 << 16)
                except OSError:  # the other end is closed
                    data = b""
                if not data:
                    assert re.search(pattern, self.out), self.out[-3000:]
                    return
                self.out += data.decode(errors="replace")

    def wait(self):
        """Reads to the end; the exit status."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.out += os.read(self.fd, 1 << 16).decode(errors="replace")
                except OSError:
                    break
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_on_a_terminal_candles_form_and_ctrl_c_still_ends_with_the_proof(rewick, root, tmp_path):
    terminal = Terminal(demo(rewick, root, tmp_path, speed="1"))
    terminal.read_until(r"\x1b\[[0-9;]*m?.*forming", 30)
    os.write(terminal.fd, b"\x03")
    assert terminal.wait() == 0, terminal.out[-3000:]
    live = re.search(r"live digest   ([0-9a-f]{64})", terminal.out)[1]
    assert f"replay digest {live}" in terminal.out
    assert "\x1b[" in terminal.out
    assert not any(map(is_open, ports(terminal.out)))


def test_terminal_that_goes_away_ends_it(rewick, root, tmp_path):
    terminal = Terminal(demo(rewick, root, tmp_path, speed="1"))
    terminal.read_until("forming", 30)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait() == 130
    assert not any(map(is_open, ports(terminal.out)))
    assert list(tmp_path.iterdir()) == []


def test_unknown_venues_are_wrong_usage(rewick, root, tmp_path):
    done = subprocess.run(**demo(rewick, root, tmp_path, "moon"), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "moon" in done.stderr


def test_a_binary_that_is_not_there_is_said(root, tmp_path):
    done = subprocess.run(
        **demo(str(tmp_path / "rewick"), root, tmp_path), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 4
    assert "run make" in done.stderr
