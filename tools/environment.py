"""Make .venv, the environment that everything here runs in: the packages that envs/ pins, and this project's own.

Without --dev those that runs need, with it those of developers too. Torch is the build for CPU, from PyTorch's own index
where that can be reached; with --torch cuda it is the one for GPUs. Started again after a failure it goes on where it was.
Without any package, by whatever Python starts it.

Ends with 0; with 1, and a line that says why, where this machine won't do or a step fails for lack of network or disk; with
2 if the arguments are wrong.
"""

import argparse
import errno
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
PARSER.add_argument("--torch", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
PARSER.add_argument("--dev", action="store_true", help="the developers' packages too")

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
OLDEST, NEWEST = (3, 11), (3, 13)
"""Pythons that every pinned package has a wheel for."""
MACHINES = {("Linux", "x86_64"): (2, 28), ("Linux", "aarch64"): (2, 28), ("Darwin", "arm64"): (14,)}
"""And the oldest glibc or macOS that they have wheels for."""
NETWORK = re.compile(
    "ConnectionError|ConnectTimeout|NewConnectionError|NameResolutionError|ReadTimeout|Temporary failure in name resolution|"
    "Network is unreachable|Connection refused|Connection reset|No route to host|ProxyError|SSLError|IncompleteRead|"
    "Connection broken|Max retries exceeded"
)
DISK = re.compile("No space left on device|Disk quota exceeded|Errno (28|122)\\b")


class NotHereError(Exception):
    """What stands in the way, in one line."""


def refusal(python, implementation, system, machine, release):
    """Why there are no packages for such a Python on such a machine; empty if there are.

    `release` is that of glibc on Linux, empty if it has another library, and that of macOS on a Mac.
    """
    if not (OLDEST <= python[:2] <= NEWEST and implementation == "CPython"):
        found = "{} {}.{}".format(implementation, *python)
        return f"CPython 3.11, 3.12 or 3.13 is needed, and this is {found}: try make PYTHON=python3.13, or another of these"
    if system == "Windows" or system.startswith(("MSYS", "MINGW", "CYGWIN")):
        return "There are no packages for Windows itself: use WSL (wsl --install), and run make in there"
    if (system, machine) == ("Darwin", "x86_64"):
        return "There is no PyTorch for Macs with an Intel processor any more: use one with Apple Silicon, or Linux"
    if (system, machine) not in MACHINES:
        return f"There are packages for Linux on x86-64 and ARM and for Apple Silicon, not for {system} on {machine}"
    oldest = MACHINES[system, machine]
    if tuple(map(int, re.findall("[0-9]+", release)[:2])) < oldest:
        what = "macOS" if system == "Darwin" else "glibc (so no Alpine)"
        needed = ".".join(map(str, oldest))
        return f"PyTorch needs {what} {needed} or newer, and this is {release or 'another library'}"
    return ""


def run(what, command):
    """Run a step, whose errors are its last lines. Raises NotHereError."""
    lines = []
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    try:
        child = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
        for line in child.stderr:
            lines.append(line.strip())
        failed = child.wait()
    except OSError as error:
        failed, lines = 1, [str(error)]
    if failed:
        raise NotHereError(explained(what, lines))


def explained(what, lines):
    """What a failed step lacked, by what it said."""
    text = "\n".join(lines)
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    network = NETWORK.search(text)
    if DISK.search(text) or free < 0.05:  # not every program says so
        return f"{what}: the disk is full ({free:.1f} GB free in {ROOT}). Make room, and the same command goes on."
    if network:
        return f"{what}: no network ({network[0]}). Once there is one, the same command goes on."
    errors = [line for line in lines if line.startswith("ERROR: ")] or [line for line in lines if line]
    return f"{what} failed: {errors[0][:300] if errors else 'it said nothing'}"


def make_venv():
    """An environment of this Python, kept if it is one already."""
    config = VENV / "pyvenv.cfg"
    version = "version = {}.{}.".format(*sys.version_info[:2])
    if (
        config.exists()
        and version in config.read_text(encoding="utf-8")
        and list(VENV.glob("lib/*/site-packages/pip"))
    ):
        return
    shutil.rmtree(str(VENV), ignore_errors=True)
    try:
        import ensurepip  # noqa: F401 - some Linux distributions have it in a package of its own
        import venv  # noqa: F401
    except ImportError:
        raise NotHereError(
            "This Python can't make environments: on Debian and Ubuntu, apt-get install python3-venv"
        ) from None
    run("Making .venv", [sys.executable, "-m", "venv", str(VENV)])


def sources(kind):
    """Where pip is to look for torch beside its own index, with a line where the build for CPU can't be had from PyTorch."""
    if kind == "cuda" or platform.system() != "Linux":  # elsewhere every build is for CPU
        return []
    try:
        urllib.request.urlopen(CPU_INDEX + "/torch/", timeout=10).close()
    except OSError:
        pass
    else:
        return ["--extra-index-url", CPU_INDEX]
    torch = next(line for line in pins("requirements.txt") if line.startswith("torch=="))
    look = [str(PYTHON), "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
    done = subprocess.run([*look, "--report", "-", torch], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        found = json.loads(done.stdout.decode())["install"][0]["metadata"]
    except (ValueError, LookupError):
        return []  # to install it will say why
    if any("nvidia" in one or "cuda" in one for one in found.get("requires_dist", [])):
        print(
            "PyTorch's index for CPU (download.pytorch.org) can't be reached, and the other has the build for CUDA: "
            "that costs 3.0 GB to download instead of 0.5, and 5.7 GB on disk instead of 1.9.",
            flush=True,
        )
    return []


def pins(name):
    lines = (ROOT / "envs" / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def install(kind, dev):
    files = ["requirements.txt", *(["dev.txt"] if dev else [])]
    wanted = [word for name in files for word in ("-r", str(ROOT / "envs" / name))]
    pip = [str(PYTHON), "-m", "pip", "install"]
    constraints = ["-c", str(ROOT / "envs/constraints.txt")]
    run("Installing the packages", [*pip, *wanted, *constraints, *sources(kind)])
    run("Installing this project", [*pip, "--quiet", "--no-deps", "--editable", str(ROOT)])


def main(arguments=None):
    asked = PARSER.parse_args(arguments)
    system = platform.system()
    release = platform.mac_ver()[0] if system == "Darwin" else "".join(platform.libc_ver()[1:])
    try:
        python = tuple(sys.version_info[:2]), platform.python_implementation()
        why = refusal(*python, system, platform.machine(), release)
        if why:
            raise NotHereError(why)
        make_venv()
        install(asked.torch, asked.dev)
        run("Compiling the engine", [str(PYTHON), "-m", "lazytraining.student.engine"])
    except NotHereError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(explained("Making .venv", ["Errno 28"]), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
