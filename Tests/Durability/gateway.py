"""A gateway on a folder of its own: started, killed, asked."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Longer than anything takes on a busy machine: what waits for it has failed.
PATIENCE = 60
MODES = ["interval", "always", "never"]


class Failure(Exception):
    """The gateway has not done what it promises."""


def binary():
    """The one that TIDEGATE names, or the release, or the debug build."""
    builds = [ROOT / ".build" / kind / "tidegate" for kind in ("release", "debug")]
    named = os.environ.get("TIDEGATE")
    found = [named] if named else [str(build) for build in builds if build.exists()]
    if not found:
        raise SystemExit("There is no tidegate: run `make release`, or name one in TIDEGATE.")
    return found[0]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Gate:
    """Opens again and again; those who wait for it say which opening they know."""

    def __init__(self):
        self.openings = 0
        self.is_over = False
        self.changed = threading.Condition()

    def open(self):
        with self.changed:
            self.openings += 1
            self.changed.notify_all()

    def retire(self):
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def wait(self, known):
        """The opening that came after that one; None where none comes any more."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_over or self.openings > known)
            return None if self.is_over else self.openings


class Gateway:
    """The same port and folder over all restarts, so that readers find it again."""

    host = "127.0.0.1"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        # Opens with each start.
        self.gate = Gate()
        self.changed = threading.Condition()
        self.lines = []
        self.process = None
        self.log = None
        self.settings = self.folder.parent / "config.json"
        self.settings.write_text(json.dumps(self.configuration()), encoding="utf-8")

    def configuration(self):
        return {
            "port": self.port,
            "publicFolder": "",
            # The smallest, so that segments roll and snapshots are written all the time.
            "storage": {"folder": str(self.folder), "segmentBytes": 65536, "snapshotBytes": 65536},
            "topics": {"logs": [{"pattern": "trades/**", "keep": 1000}]},
            "drain": {"spread": 0.2, "deadline": 3, "reconnectSpread": 1},
            "log": {"format": "json"},
        }

    def command(self, mode="interval"):
        return [binary(), "serve", "--no-feeds", "--config", str(self.settings), "--set", f"storage.sync={mode}"]

    def start(self, mode, before=(), meanwhile=None):
        """Returns when all is restored. `before` is what runs it, such as strace; `meanwhile` is called before that."""
        lines = self.lines = []
        # A process group of its own, so that whatever runs it ends with it.
        process = self.process = subprocess.Popen(
            [*before, *self.command(mode)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        self.log = threading.Thread(target=self._read, args=(process, lines), daemon=True)
        self.log.start()
        if meanwhile:
            meanwhile()
        self.wait_for_line("listening", "it does not start")
        self.gate.open()

    def _read(self, process, lines):
        for line in process.stdout:
            with self.changed:
                lines.append(line)
                self.changed.notify_all()
        with self.changed:
            lines.append("the log has ended\n")
            self.changed.notify_all()

    def events(self, name):
        return [line for line in self.lines if line.startswith("{") and json.loads(line)["event"].startswith(name)]

    def wait_for_line(self, event, problem):
        def is_known():
            return self.events(event) or "the log has ended\n" in self.lines

        with self.changed:
            self.changed.wait_for(is_known, PATIENCE)
            if not self.events(event):
                raise Failure(f"{problem}:\n{''.join(self.lines)}")

    def _end(self, by):
        if self.process.poll() is None:
            os.killpg(self.process.pid, by)
        status = self.process.wait(PATIENCE)
        self.log.join(PATIENCE)
        return status

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        if self._end(signal.SIGTERM) != 0:
            raise Failure(f"SIGTERM ended it with {self.process.returncode}:\n{''.join(self.lines)}")

    def retire(self):
        """Ends it, and lets go those who wait for the next start."""
        self.gate.retire()
        if self.process and self.process.poll() is None:
            self.kill()

    def connection(self, timeout=PATIENCE):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, patience=PATIENCE):
        """Status, fields and text of one answer."""
        connection = self.connection(patience)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def fresh(self, topics):
        """All that a reader without cursor gets: the updates, and the cursor behind them."""
        updates, cursor = [], ""
        for _ in range(1000):
            status, _, text = self.ask("GET", f"/poll?topics={topics}&wait=0&cursor={cursor}")
            answer = json.loads(text)
            if status != 200 or answer.get("reset"):
                raise Failure(f"a poll from {cursor or 'the beginning'} is answered {status} {text[:200]}")
            updates, cursor = updates + answer["updates"], answer["cursor"]
            if not answer["updates"]:
                return updates, cursor
        raise Failure("a poll of what nobody changes any more does not end")
