"""Machines made of namespaces, with a network between them, that are the nodes of a Ray cluster."""

import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from real_search import process_table

PORT = 6379
RAY = Path(sys.executable).with_name("ray")
NO_MACHINES = "needs to be root, and the programs ip, unshare and nsenter: no namespaces here ({})"


class Machines:
    """A head, on which searches run, and nodes that see neither its studies nor its Ray's files.

    A node has a network interface, processes and shared memory of its own, so that all it can do is
    talk to the head. Where the system does not allow that, the test is skipped.

    Args:
        hidden: Folders that nodes find empty, beside that of Ray.
        ray_folder: Folder for Ray's files, with a short path.
    """

    def __init__(self, hidden, ray_folder):
        self.name = f"nastc{os.getpid()}"
        self.hidden, self.ray_folder = [*hidden, ray_folder, "/dev/shm"], ray_folder
        self.address = f"10.213.7.1:{PORT}"
        self.started, self.spaces = {}, []
        self.head = self._space(0)
        self._ip("-n", self.head, "link", "add", "bridge", "type", "bridge")
        self._ip("-n", self.head, "addr", "add", "10.213.7.1/24", "dev", "bridge")
        self._ip("-n", self.head, "link", "set", "bridge", "up")

    def start_head(self):
        """Starts Ray where the searches run; it has no place for workers."""
        options = ["--head", f"--port={PORT}", "--num-cpus=0", "--include-dashboard=false"]
        self._start(0, [f"--temp-dir={self.ray_folder}", *options])

    def add_node(self):
        """Connects a machine with one processor to the head; its number."""
        number = len(self.spaces)
        space, cable = self._space(number), f"{self.name}-{number}"
        veth = ["link", "add", cable, "netns", self.head, "type", "veth"]
        self._ip(*veth, "peer", "name", "eth", "netns", space)
        self._ip("-n", self.head, "link", "set", cable, "master", "bridge", "up")
        self._ip("-n", space, "addr", "add", f"10.213.7.{number + 1}/24", "dev", "eth")
        self._ip("-n", space, "link", "set", "eth", "up")
        self._start(number, [f"--address={self.address}", "--num-cpus=1"])
        return number

    def command_on_head(self, command):
        """A command as it has to be started to run on the head."""
        return [*self._inside(0), *command]

    def wait_for(self, number, name, within_s=400):
        """Waits until a machine has a process whose command has `name` in it."""
        end = time.monotonic() + within_s
        while not (found := self.processes(number, name)):
            assert self.started[number].poll() is None, f"Ray has ended on machine {number}"
            assert time.monotonic() < end, f"no {name} on machine {number}"
            time.sleep(0.05)
        return found

    def processes(self, number, name=""):
        """Ids of the processes of a machine whose command has `name` in it."""
        network = Path("/run/netns", self.spaces[number]).stat().st_ino
        found = []
        for pid, (state, *_) in process_table():
            with suppress(OSError):
                is_here = Path(f"/proc/{pid}/ns/net").stat().st_ino == network and state != "Z"
                if is_here and name in Path(f"/proc/{pid}/cmdline").read_text():
                    found.append(pid)
        return found

    def seen_by(self, number, folder):
        """Names of what a machine finds in a folder."""
        init = self.wait_for(number, "raylet/raylet")[0]
        return sorted(each.name for each in Path(f"/proc/{init}/root{folder}").iterdir())

    def kill_raylet(self, number):
        """Ends the process that is the node for Ray, and with it all others there."""
        os.kill(self.wait_for(number, "raylet/raylet")[0], signal.SIGKILL)

    def pull_cable(self, number):
        """Cuts a machine off: nothing says that it is gone, and its processes go on."""
        self._ip("-n", self.head, "link", "set", f"{self.name}-{number}", "down")

    def close(self):
        """Ends all processes and takes the machines away."""
        for number in range(len(self.spaces)):
            for pid in self.processes(number):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for process in self.started.values():
            process.wait()
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], check=False)

    def _space(self, number):
        space = f"{self.name}-{number}"
        self._ip("netns", "add", space)
        self.spaces.append(space)
        self._ip("-n", space, "link", "set", "lo", "up")
        return space

    def _start(self, number, options):
        """Starts Ray on a machine; what it prints is thrown away."""
        own = f"--node-ip-address=10.213.7.{number + 1}"
        ray = shlex.join([str(RAY), "start", own, "--block", *options])
        if number == 0:
            command = self.command_on_head(["bash", "-c", f"exec {ray}"])
        else:
            hide = "; ".join(f"mount -t tmpfs tmpfs {shlex.quote(str(f))}" for f in self.hidden)
            apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            command = [*self._inside(number), *apart, "bash", "-ec", f"{hide}; cd /; exec {ray}"]
        self.started[number] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.wait_for(number, "raylet/raylet")

    def _inside(self, number):
        return ["nsenter", f"--net=/run/netns/{self.spaces[number]}"]

    @staticmethod
    def _ip(*words):
        try:
            subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
        except FileNotFoundError as error:
            pytest.skip(NO_MACHINES.format(error))
        except subprocess.CalledProcessError as error:
            pytest.skip(NO_MACHINES.format(error.stderr.strip()))
