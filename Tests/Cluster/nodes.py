"""The nodes of a cluster: gateways with one log in common."""

import json
import os
import pathlib
import signal

from gateway import Failure, Gateway, binary
from servers import ENDING_WITH_US, HERE, wait_for

class Node(Gateway):
    """One that keeps nothing itself; by its name, with the same port over all its restarts."""

    def __init__(self, folder, name, url, settings=None, machine=HERE):
        self.name, self.machine, self.host = name, machine, machine.outside
        self.cluster = {"kind": "redis", "url": url, "node": name} | (settings or {})
        self.is_frozen = False
        (folder / name).mkdir()
        super().__init__(folder / name / "none")

    def configuration(self):
        return super().configuration() | {
            "host": self.host, "storage": {"folder": ""}, "cluster": self.cluster, "threads": 1,
            # A node that is reached from outside has to say what strangers may do.
            "access": {"anonymous": {"subscribe": ["**"], "publish": ["**"]}}}

    def command(self, mode=None):
        return [*self.machine.before, binary(), "serve", "--no-feeds", "--config", str(self.settings)]

    def start(self, mode=None, before=ENDING_WITH_US, meanwhile=None, until_ready=True):
        super().start(mode, before, meanwhile)
        if until_ready:
            self.wait_until_ready()
        return self

    @property
    def is_running(self):
        return bool(self.process) and self.process.poll() is None and not self.is_frozen

    def readiness(self):
        """Status and text of /readyz; None while nobody answers."""
        try:
            status, _, text = self.ask("GET", "/readyz", patience=5)
            return status, text
        except OSError:
            return None, ""

    def wait_until_ready(self):
        def is_ready():
            if self.process.poll() is not None:
                raise Failure(f"node {self.name} has ended:\n{''.join(self.lines[-20:])}")
            return self.readiness()[0] == 200

        wait_for(is_ready, f"node {self.name} is not ready: {self.readiness()}\n{''.join(self.lines[-20:])}")

    def freeze(self):
        self.is_frozen = True
        os.killpg(self.process.pid, signal.SIGSTOP)
        # One thread takes the signal and stops the others, as soon as it is given a core.
        wait_for(lambda: all(state == "T" for state in self.thread_states()), f"node {self.name} does not stand still")

    def thread_states(self):
        for stat in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            yield stat.read_text().rpartition(")")[2].split()[0]

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)
        self.is_frozen = False

    def kill(self):
        super().kill()
        self.is_frozen = False

    def told(self, event):
        """How often its log has told of that."""
        return len(self.events(event))

    def epoch(self):
        """The one that its cursors are of."""
        return json.loads(self.ask("GET", "/poll?topics=none&wait=0")[2])["cursor"].split("-")[0]

    def ask_lines(self, path, text):
        """Publishes lines; their answer."""
        connection = self.connection()
        try:
            connection.request("POST", path, text.encode(), {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()
