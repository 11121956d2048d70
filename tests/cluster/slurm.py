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

NODES = ("n1", "n2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
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
"""
NODE = "NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000\n"
PARTITION = "PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=60 State=UP\n"


def missing() -> list[str]:
    return [program for program in PROGRAMS if not shutil.which(program, path=PATH)]


def until(condition, what: str, seconds: float = 120):
    """The condition's value once it is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.2)
    return value


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cluster:
    def __init__(self):
        # Not pytest's folder: a socket's path is limited to 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm."))
        self.folder.chmod(0o711)  # munged wants its socket in reach of all
        self.daemons: dict[str, subprocess.Popen] = {}
        host = {"host": socket.gethostname().split(".")[0]}
        text = CONFIGURATION.format(
            folder=self.folder, user=getpass.getuser(), control_port=free_port(), **host
        )
        text += "".join(NODE.format(node=node, port=free_port(), **host) for node in NODES)
        self.environment = {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder}/bin:{PATH}",
        }
        Path(self.environment["SLURM_CONF"]).write_text(text + PARTITION)
        (self.folder / "state").mkdir()
        # The executor's job step starts srun without SLURM_CONF, which a usual cluster has no need of.
        srun = self.folder / "bin/srun"
        srun.parent.mkdir()
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)

    def start(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid"}
        files |= {"log-file": "munge.log", "seed-file": "munge.seed"}
        self.daemon(
            "munged", "--foreground", *(f"--{name}={self.folder / file}" for name, file in files.items())
        )
        self.wait((self.folder / "munge.socket").exists, "munged")
        self.daemon("slurmctld", "-D", "-i")
        for node in NODES:
            self.start_node(node)
        idle = ("sinfo", "--noheader", "--states=idle", "--format=%D")
        self.wait(lambda: self.query(*idle) == ["2"], "two idle nodes")

    def wait(self, condition, what: str) -> None:
        def reached():
            for name, daemon in self.daemons.items():
                assert daemon.poll() is None, (self.folder / f"{name}.log").read_text()
            return condition()

        until(reached, what)

    def start_node(self, node: str) -> None:
        self.daemon("slurmd", "-D", "-N", node)

    def daemon(self, program: str, *arguments: str) -> None:
        """Start a daemon that dies with this process, however that dies."""
        name = arguments[-1] if program == "slurmd" else program
        command = ["setpriv", "--pdeathsig", "KILL", "--", shutil.which(program, path=PATH), *arguments]
        with (self.folder / f"{name}.log").open("a") as log:
            self.daemons[name] = subprocess.Popen(
                command,
                env=os.environ | self.environment | {"SLURMD_NODENAME": name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def query(self, *command: str) -> list[str]:
        """The lines that one of SLURM's commands prints, none while it can't be reached."""
        done = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.splitlines()

    def processes(self, *marks: str) -> list[int]:
        """Every process with all of these in its environment."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                if all(mark.encode() in environment for mark in marks):
                    found.append(int(folder.name))
        return found

    def kill_node(self, node: str) -> None:
        """What a power cut does: the daemon and all processes of the node's jobs die at once."""
        for process in self.processes(
            f"SLURM_CONF={self.environment['SLURM_CONF']}", f"SLURMD_NODENAME={node}"
        ):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.daemons.pop(node).wait()

    def stop(self) -> None:
        mark = f"SLURM_CONF={self.environment['SLURM_CONF']}"
        own = os.getpid()
        for daemon in reversed(self.daemons.values()):
            daemon.kill()
            daemon.wait()
        while left := [process for process in self.processes(mark) if process != own]:
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)
