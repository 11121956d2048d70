"""A SLURM cluster of two nodes on this machine: its daemons, in a folder of their own, on loopback alone."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

NODES = ("n1", "n2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "setpriv")
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
TIED = ["setpriv", "--pdeathsig", "KILL", "--"]
"""Before a command: it dies with the process that starts it, however that dies."""
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
AccountingStorageType=accounting_storage/none
# A job over its memory is seen within a second; a node that does not answer is lost after ten.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SlurmdTimeout=10
ReturnToService=2
KillWait=1
GresTypes=gpu
"""
NODE = (
    "NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000 Gres=gpu:1\n"
)
PARTITIONS = """\
PartitionName=cpu Nodes=n1,n2 Default=YES
PartitionName=gpu Nodes=n1,n2
"""


def missing() -> list[str]:
    return [program for program in PROGRAMS if not shutil.which(program, path=PATH)]


def until(condition, what: str, seconds: float = 300):
    """The condition's value once it is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.2)
    return value


def command_of(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


def kill(processes: list[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Job(NamedTuple):
    id: str
    state: str
    node: str
    memory: str
    time_limit: str
    gpus: str


class Cluster:
    """`with Cluster() as cluster:` has it running, and leaves no process and no file of it behind."""

    def __init__(self):
        # Not pytest's folder: a socket's path is limited to 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm."))
        self.folder.chmod(0o711)  # munged wants its socket in reach of all
        self.daemons: dict[str, subprocess.Popen] = {}
        self.environment = os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder}/bin:{PATH}",
        }

    def __enter__(self) -> "Cluster":
        try:
            self.configure()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def configure(self) -> None:
        host = socket.gethostname().split(".")[0]
        who = {"folder": self.folder, "user": getpass.getuser(), "host": host}
        text = CONFIGURATION.format(control_port=free_port(), **who)
        text += "".join(NODE.format(node=node, port=free_port(), host=host) for node in NODES)
        (self.folder / "slurm.conf").write_text(text + PARTITIONS)
        (self.folder / "gres.conf").write_text("NodeName=n1,n2 Name=gpu File=/dev/null\n")
        (self.folder / "state").mkdir()
        # The executor's job step starts srun without SLURM_CONF, which a usual cluster has no need of.
        srun = self.folder / "bin/srun"
        srun.parent.mkdir()
        srun.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun", path=PATH)} "$@"\n'
        )
        srun.chmod(0o755)

    def start(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid"}
        files |= {"log-file": "munge.log", "seed-file": "munge.seed"}
        options = [f"--{name}={self.folder / file}" for name, file in files.items()]
        self.daemon("munged", "--foreground", *options)
        self.wait((self.folder / "munge.socket").exists, "munged")
        self.daemon("slurmctld", "-D", "-i")
        for node in NODES:
            self.start_node(node)

    def start_node(self, node: str) -> None:
        self.daemon("slurmd", "-D", "-N", node)
        self.wait(
            lambda: self.query("sinfo", "-h", "-p", "cpu", "-n", node, "-t", "idle,mixed"), f"{node} to be up"
        )

    def daemon(self, program: str, *arguments: str) -> None:
        name = arguments[-1] if program == "slurmd" else program
        command = [*TIED, shutil.which(program, path=PATH), *arguments]
        with (self.folder / f"{name}.log").open("a") as log:
            self.daemons[name] = subprocess.Popen(
                command,
                env=self.environment | {"SLURMD_NODENAME": name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self, condition, what: str) -> None:
        def reached():
            for name, daemon in self.daemons.items():
                assert daemon.poll() is None, (self.folder / f"{name}.log").read_text()
            return condition()

        until(reached, what)

    def query(self, *command: str) -> list[str]:
        """The lines that one of SLURM's commands prints, none while the controller can't be reached."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    def jobs(self, folder: Path, states: str = "all") -> list["Job"]:
        """The jobs of the workflow in a folder, of the last five minutes."""
        columns = ("JobArrayID", "State", "NodeList", "MinMemory", "TimeLimit", "tres-per-job", "WorkDir")
        look = "--Format=" + ",".join(f"{column}:|" for column in columns)
        lines = self.query("squeue", "--noheader", "--array", "--sort=i", f"--states={states}", look)
        rows = (line.rstrip("|").split("|") for line in lines)
        return [Job(*row[:-1]) for row in rows if row[-1] == str(folder)]

    def processes(self, *marks: str) -> list[int]:
        """This cluster's processes with these in their environment: daemons, jobs, and who submitted them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (folder / "environ").read_bytes()
                if all(mark.encode() in environment for mark in (str(self.folder), *marks)):
                    found.append(int(folder.name))
        return found

    def kill_node(self, node: str) -> None:
        """As when its power fails: the daemon and all processes of its jobs die at once."""
        kill(self.processes(f"SLURMD_NODENAME={node}"))
        self.daemons.pop(node).wait()

    def stop(self) -> None:
        for daemon in reversed(self.daemons.values()):
            daemon.kill()
            daemon.wait()
        while left := self.processes():
            kill(left)
            time.sleep(0.1)
        shutil.rmtree(self.folder)
