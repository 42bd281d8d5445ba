"""The service: its unit is sound and takes every right away, and the binary is built to be hard to take over."""

import os
import re
import shlex
import shutil
import subprocess

import pytest

from conftest import ROOT

UNIT = ROOT / "recorder" / "systemd" / "rewick@.service"


def systemd_analyze(*words):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here: this test needs the Debian package systemd")
    env = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=60, check=False, env=env
    )


def values(text, key):
    return re.findall(rf"^{key}=(.*)$", text, flags=re.M)


def installed_unit(tmp_path, rewick):
    """The unit for the binary under test, in a folder of its own, without the pages that are not installed here."""
    text = UNIT.read_text().replace("/usr/local/bin/rewick", os.path.realpath(rewick))
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.M))
    return unit


def test_the_unit_exposes_next_to_nothing():
    done = systemd_analyze("security", "--offline=true", "--threshold=15", UNIT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_the_threshold_is_a_real_one(tmp_path):
    """The same check refuses a unit without its sandbox."""
    weak = tmp_path / UNIT.name
    weak.write_text(re.sub(r"^(Private|Protect|Restrict|SystemCall|Capability).*\n", "", UNIT.read_text(), flags=re.M))
    assert systemd_analyze("security", "--offline=true", "--threshold=15", weak).returncode != 0


def test_the_unit_is_understood(tmp_path, rewick):
    unit = installed_unit(tmp_path, rewick)
    done = systemd_analyze("verify", unit)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr


def test_a_wrong_word_in_the_unit_is_found(tmp_path, rewick):
    unit = installed_unit(tmp_path, rewick)
    unit.write_text(unit.read_text().replace("NoNewPrivileges=", "NoNewPriviliges="))
    assert "NoNewPriviliges" in systemd_analyze("verify", unit).stderr


def test_the_service_starts_a_command_that_exists(run):
    [command] = values(UNIT.read_text(), "ExecStart")
    binary, name, *words = shlex.split(command)
    assert os.path.basename(binary) == "rewick" and os.path.isabs(binary)
    known = set(re.findall(r"--[a-z][a-z-]*", run(name, "--help").stdout))
    options = [word for word in words if word.startswith("--")]
    assert "--config" in options and set(options) <= known


def test_its_configuration_is_one_that_the_recorder_takes(run, tmp_path):
    """The words of ExecStart with a file as the unit's own comment shows it get as far as the venues."""
    text = UNIT.read_text()
    example = re.search(r"\{\"out\".*\}", text).group().replace("{...}", '{"nowhere": ["BTC-USD"]}')
    config = tmp_path / "main.json"
    config.write_text(example.replace("/var/lib/rewick/NAME", str(tmp_path)))
    [command] = values(text, "ExecStart")
    words = [word.replace("/etc/rewick/%i.json", str(config)) for word in shlex.split(command)[1:]]
    assert "unknown venue 'nowhere'" in run(*words, status=2).stderr


def test_it_may_write_where_its_tape_lies():
    text = UNIT.read_text()
    assert values(text, "StateDirectory") == ["rewick/%i"] and "/var/lib/rewick/NAME/tape" in text
    assert values(text, "ProtectSystem") == ["strict"] and values(text, "DynamicUser") == ["yes"]


def test_reload_sends_what_the_recorder_reloads_on():
    [command] = values(UNIT.read_text(), "ExecReload")
    assert command.endswith("kill -HUP $MAINPID")
    assert "SIGHUP" in (ROOT / "docs" / "recording.md").read_text()


def test_install_puts_the_unit_where_systemd_looks_for_it(rewick, tmp_path):
    if os.path.realpath(rewick) != str(ROOT / "build" / "release" / "rewick"):
        pytest.skip("this is about the release build")
    done = subprocess.run(
        ["make", "--no-print-directory", "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/rewick"],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    prefix = tmp_path / "opt" / "rewick"
    assert os.access(prefix / "bin" / "rewick", os.X_OK)
    assert (prefix / "share/man/man1/rewick-record.1").exists()
    text = (prefix / "lib/systemd/system" / UNIT.name).read_text()
    [command] = values(text, "ExecStart")
    assert command.startswith("/opt/rewick/bin/rewick record ") and "/usr/local" not in text


# ---- the binary ---------------------------------------------------------------------------------


def readelf(*words):
    if not shutil.which("readelf"):
        pytest.skip("no readelf here: this test needs the Debian package binutils")
    return subprocess.run(["readelf", "-W", *words], capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_binary_is_hardened(rewick):
    header = readelf("-h", rewick)
    assert re.search(r"Type:\s+DYN", header), "not position independent"
    segments = readelf("-l", rewick)
    [stack] = re.findall(r"GNU_STACK.*", segments)
    assert " RW " in stack and "E" not in stack.split()[-2], "the stack can be executed"
    assert "GNU_RELRO" in segments and "BIND_NOW" in readelf("-d", rewick), "no full RELRO"
    assert not re.search(r"LOAD.* RWE ", segments), "memory that can be written and executed"
    assert not re.search(r"RPATH|RUNPATH", readelf("-d", rewick))
    imports = readelf("--dyn-syms", rewick)
    assert "__stack_chk_fail" in imports, "no stack protector"


def test_the_release_is_fortified(rewick):
    if os.path.realpath(rewick) != str(ROOT / "build" / "release" / "rewick"):
        pytest.skip("this is about the release build")
    assert re.search(r"__(memcpy|snprintf|vsnprintf)_chk", readelf("--dyn-syms", rewick))
