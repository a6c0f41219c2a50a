"""Readers that resume by cursor, one on each transport, and hold what the cursor covers."""

import http.client
import json
import threading
import urllib.parse

from gateway import PATIENCE, Failure
from websocket import WebSocket

TOPICS = "stocks/**,trades/**"


class Reader(threading.Thread):
    """Reads whenever the gateway is up. What came without a cursor behind it is forgotten with the connection: it will come again."""

    # Whether a cursor covers all that came with it, in a backlog too.
    is_exact = False
    # How long it waits for a sign of life.
    patience = PATIENCE
    # What else it asks for.
    asked = {}

    def __init__(self, gateway, truth):
        super().__init__(daemon=True)
        self.gateway, self.truth = gateway, truth
        self.name = type(self).__name__
        self.cursor = ""
        # With what this connection began.
        self.presented = ""
        # By topic, version and number: what the cursor stands for, and what was sent since.
        self.held = {}
        self.staged = {}
        # By topic, versions: the newest sent on this connection; and up to which the cursor surely covers, where not all held.
        self.sent = {}
        self.floor = {}
        self.changed = threading.Condition()

    def run(self):
        opening = 0
        while (opening := self.gateway.gate.wait(opening)) is not None:
            self.staged, self.sent, self.presented = {}, {}, self.cursor
            try:
                self.read()
            except (OSError, http.client.HTTPException):
                pass  # It was killed.
            except Exception as error:  # pylint: disable=broad-except # A reader that is gone must be seen.
                self.truth.fail(f"{self.name}: {error!r}")

    def open(self):
        return self.gateway.connection(self.patience)

    def query(self, **parameters):
        return urllib.parse.urlencode({"topics": TOPICS} | parameters | self.asked)

    def last(self, topic):
        """The newest version that it was sent on this connection, or else holds."""
        return self.sent.get(topic) or self.held.get(topic, (0,))[0]

    def take(self, update):
        """Nothing comes that the cursor covers, and of a log nothing is left out."""
        topic, version = update["topic"], update["version"]
        self.truth.note_update(update, self.name)
        held = self.held.get(topic, (0,))[0]
        covered = self.sent.get(topic) or self.covered(topic, held)
        if version <= covered:
            self.truth.fail(f"{self.name} from {self.cursor}: version {covered} of {topic} is covered, got {version}")
        if topic.startswith("trades/") and self.last(topic) and version > self.last(topic) + 1:
            self.truth.fail(f"{self.name} from {self.cursor}: version {version} of {topic} after {self.last(topic)}")
        self.sent[topic] = version
        if version > held:
            self.staged[topic] = (version, update["data"]["n"])

    def covered(self, topic, held):
        """The version that the cursor surely covers."""
        return self.floor.get(topic, held)

    def take_gap(self, gap):
        """It has been slower than the log keeps: what is missing is said exactly."""
        topic, following = gap["topic"], gap["next"]
        self.sent[topic] = following - 1
        if following - 1 > self.held.get(topic, (0,))[0]:
            self.staged[topic] = (following - 1, None)

    def commit(self, cursor):
        self.truth.note_cursor(cursor, self.name)
        with self.changed:
            # In a backlog a cursor is older than what was sent since the one before it, which may therefore come again.
            if cursor != self.cursor or self.is_exact:
                self.floor = {}
            if not self.is_exact:
                for topic in self.staged:
                    self.floor.setdefault(topic, self.held.get(topic, (0,))[0])
            self.held.update(self.staged)
            self.staged = {}
            self.cursor = cursor
            self.changed.notify_all()

    def take_reset(self, reason):
        self.truth.fail(f"{self.name} from {self.cursor}: reset {reason}")

    def note_life(self, message):
        """A sign of life came, or what ends a snapshot: here it says no more than that."""

    def check_resumed(self, is_resumed):
        if is_resumed != bool(self.presented):
            self.truth.fail(f"{self.name}: with the cursor {self.presented!r} \"resumed\" is {is_resumed}")

    def wait_until_holding(self, truth, patience):
        """Until it holds what a fresh poll gives, while nobody publishes."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.held == truth, patience):
                different = {t: (self.held.get(t), v) for t, v in truth.items() if self.held.get(t) != v}
                raise Failure(f"{self.name} at {self.cursor} does not come to hold (holds, has): "
                              f"{dict(list(different.items())[:5])} of {len(different)}")


class PollReader(Reader):
    is_exact = True

    def read(self):
        while True:
            status, _, text = self.gateway.ask(
                "GET", f"/poll?{self.query(wait=25, cursor=self.cursor)}", patience=self.patience)
            if status == 503:
                return
            answer = json.loads(text)
            if status != 200:
                self.truth.fail(f"{self.name} from {self.cursor}: {status} {text[:200]}")
                return
            if answer.get("reset"):
                self.take_reset(text[:200])
            for gap in answer.get("gaps", []):
                self.take_gap(gap)
            for update in answer["updates"]:
                self.take(update)
            self.commit(answer["cursor"])


class StreamReader(Reader):
    """Server-Sent Events."""

    def read(self):
        connection = self.open()
        try:
            connection.request("GET", f"/sse?{self.query()}", headers={"Last-Event-ID": self.cursor})
            response = connection.getresponse()
            event = {}
            while line := response.readline():
                name, _, text = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = text
                    continue
                if not self.take_event(event):
                    return
                event = {}
        finally:
            connection.close()

    def take_event(self, event):
        """Whether more follow."""
        kind, data = event.get("event", "message"), json.loads(event.get("data", "{}"))
        if kind == "message" and data:
            self.take(data)
        elif kind == "live":
            self.check_resumed(data["resumed"])
        elif kind == "gap":
            self.take_gap(data)
        elif kind == "reset":
            self.take_reset(data)
            if event.get("id") != "":
                self.truth.fail(f"{self.name}: a reset leaves the cursor to whoever keeps the last event's ID: {event}")
        self.note_life(data)
        if event.get("id"):
            self.commit(event["id"])
        return kind != "goodbye"


class WebSocketReader(Reader):
    def read(self):
        connection = self.open()
        try:
            socket = WebSocket(connection, urllib.parse.urlencode(self.asked))
            socket.send(json.dumps({"type": "subscribe", "topics": TOPICS.split(","), "cursor": self.cursor or None}))
            while (message := socket.message()) and self.take_message(message):
                pass
        finally:
            connection.close()

    def take_message(self, message):
        """Whether more follow."""
        kind = message["type"]
        if kind == "subscribed":
            if self.presented and not message["resumed"]:
                self.take_reset(message)
            self.check_resumed(message["resumed"])
        elif kind == "updates":
            for update in message["updates"]:
                self.take(update)
        elif kind == "gap":
            self.take_gap(message)
        elif kind == "error":
            self.truth.fail(f"{self.name}: {message}")
        self.note_life(message)
        if "cursor" in message:
            self.commit(message["cursor"])
        return kind != "goodbye"


def readers(gateway, truth):
    return [kind(gateway, truth) for kind in (PollReader, StreamReader, WebSocketReader)]
