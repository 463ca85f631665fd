"""A search as a user starts it, in a session of its own, and the processes that belong to it."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

COMMAND = [
    *(sys.executable, "-m", "nas_tc.cli", "search", "--budget", "alexnet*0.05"),
    *("--epochs", "1", "--baselines", "none", "--workers", "1"),
]


class RealSearch:
    """A running search.

    Args:
        folder: Folder that it runs in; the study is study.db there.
        options: Further options of `nas-tc search`.
        prefix: Words before the command, such as nohup.
        command: The command in place of `COMMAND`.
        **variables: Environment variables beside those of this process.
    """

    def __init__(self, folder, *options, prefix=(), command=COMMAND, **variables):
        self.folder = folder
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, *command, "--study", "study.db", *map(str, options)],
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.out, self.errors = [], []
        self.readers = [
            threading.Thread(target=self._read, args=each, daemon=True)
            for each in ((self.process.stdout, self.out), (self.process.stderr, self.errors))
        ]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line)

    def wait_for(self, beginning, count=1, within_s=400):
        """Waits for `count` lines of output that begin like this."""
        self._wait(
            lambda: sum(line.startswith(beginning) for line in self.out) >= count,
            beginning,
            within_s,
        )

    def wait_for_text(self, text, within_s=400):
        """Waits for a line of output that has this text in it."""
        self._wait(lambda: any(text in line for line in self.out), text, within_s)

    def _wait(self, is_there, what, within_s):
        end = time.monotonic() + within_s
        while not is_there():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no {what!r}: {self.out} {self.errors}")
            time.sleep(0.05)

    def processes(self, name):
        """Ids of the processes of this search whose command has `name` in it."""
        return [pid for pid, command in self.descendants().items() if name in command]

    def descendants(self):
        """Commands of all processes that the search has started, by their ids."""
        parents, commands = {}, {}
        for pid, (_, parent, *_) in process_table():
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                commands[pid] = command.replace(b"\0", b" ").decode()
                parents[pid] = parent
        found, added = {}, {self.process.pid}
        while added:
            added = {pid for pid, parent in parents.items() if parent in added}
            found |= {pid: commands[pid] for pid in added}
        return found

    @property
    def driver(self):
        """Id of the process that works: the child of the one that was started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return next(map(int, children.read_text().split()), None)

    def session(self):
        """Ids of all processes that the search has started, also of those whose parent is gone."""
        return [
            pid
            for pid, (state, _, _, session, *_) in process_table()
            if session == self.process.pid and state != "Z"
        ]

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, within_s=120):
        """Exit code, output and errors, and the seconds that it took to end."""
        began = time.monotonic()
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running: {self.out} {self.errors}") from None
        self._close()
        return (
            self.process.returncode,
            "".join(self.out),
            "".join(self.errors),
            (time.monotonic() - began),
        )

    def kill(self):
        """Ends the search and all that it has started."""
        for pid in (self.process.pid, *self.descendants()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        self._close()

    def _close(self):
        for reader in self.readers:
            reader.join(30)
        self.process.stdout.close()
        self.process.stderr.close()


def process_table():
    """Each process of this machine: its id, and its state, parent, group and session."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                state, *ids = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                yield int(folder.name), (state, *map(int, ids))


def states(folder):
    """Number of trials by their state."""
    with closing(sqlite3.connect(folder / "study.db")) as database:
        return dict(database.execute("SELECT state, COUNT(*) FROM trials GROUP BY state"))


def lines_of_ours(errors):
    """The lines of errors that are not Ray's own."""
    return [line for line in errors.splitlines() if not line.startswith("[")]
