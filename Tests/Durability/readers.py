"""Readers that resume by cursor, one on each transport, and hold what the cursor covers."""

import base64
import http.client
import json
import os
import struct
import threading

from gateway import Failure

TOPICS = "stocks/**,trades/**"


class Reader(threading.Thread):
    """Reads whenever the gateway is up. What came without a cursor behind it is forgotten with the connection: it will come again."""

    # Whether a cursor covers all that came with it, in a backlog too.
    is_exact = False

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

    def last(self, topic):
        """The newest version that it was sent on this connection, or else holds."""
        return self.sent.get(topic) or self.held.get(topic, (0,))[0]

    def take(self, update):
        """Nothing comes that the cursor covers, and of a log nothing is left out."""
        topic, version = update["topic"], update["version"]
        self.truth.note_update(update, self.name)
        held = self.held.get(topic, (0,))[0]
        covered = self.sent.get(topic) or self.floor.get(topic, held)
        if version <= covered:
            self.truth.fail(f"{self.name} from {self.cursor}: version {covered} of {topic} is covered, got {version}")
        if topic.startswith("trades/") and covered and version > self.last(topic) + 1:
            self.truth.fail(f"{self.name} from {self.cursor}: version {version} of {topic} after {self.last(topic)}")
        self.sent[topic] = version
        if version > held:
            self.staged[topic] = (version, update["data"]["n"])

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
            status, _, text = self.gateway.ask("GET", f"/poll?topics={TOPICS}&wait=25&cursor={self.cursor}")
            if status == 503:
                return
            answer = json.loads(text)
            if status != 200 or answer.get("reset"):
                self.truth.fail(f"{self.name} from {self.cursor}: {status} {text[:200]}")
                return
            for gap in answer.get("gaps", []):
                self.take_gap(gap)
            for update in answer["updates"]:
                self.take(update)
            self.commit(answer["cursor"])


class StreamReader(Reader):
    """Server-Sent Events."""

    def read(self):
        connection = self.gateway.connection()
        try:
            connection.request("GET", f"/sse?topics={TOPICS}", headers={"Last-Event-ID": self.cursor})
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
            self.truth.fail(f"{self.name} from {self.cursor}: reset {data}")
        if "id" in event:
            self.commit(event["id"])
        return kind != "goodbye"


class WebSocketReader(Reader):
    """RFC 6455 as far as a reader of one gateway needs it: no extensions, short messages to it."""

    def read(self):
        connection = self.gateway.connection()
        try:
            connection.connect()
            self.socket = connection.sock
            self.bytes = self.socket.makefile("rb")
            self.shake_hands()
            self.send(1, json.dumps(
                {"type": "subscribe", "topics": TOPICS.split(","), "cursor": self.cursor or None}))
            while True:
                opcode, payload = self.frame()
                if opcode == 8:
                    return
                if opcode == 9:
                    self.send(10, payload.decode())
                elif opcode == 1 and not self.take_message(json.loads(payload)):
                    return
        finally:
            connection.close()

    def shake_hands(self):
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self.gateway.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        if b" 101 " not in self.bytes.readline():
            raise ConnectionError("no WebSocket")
        while self.bytes.readline().strip():
            pass

    def send(self, opcode, text):
        payload = text.encode()
        if len(payload) > 65535:
            raise ValueError("too long")
        length = bytes([128 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 128 | 126, len(payload))
        # A mask of zeros is a mask, and leaves the text as it is.
        self.socket.sendall(bytes([128 | opcode]) + length + bytes(4) + payload)

    def frame(self):
        first, length = self.exactly(2)
        if not first & 128:
            raise ValueError("the gateway sends no fragments")
        if length == 126:
            [length] = struct.unpack("!H", self.exactly(2))
        elif length == 127:
            [length] = struct.unpack("!Q", self.exactly(8))
        return first & 15, self.exactly(length)

    def exactly(self, count):
        taken = self.bytes.read(count)
        if len(taken) < count:
            raise ConnectionError("the end")
        return taken

    def take_message(self, message):
        """Whether more follow."""
        kind = message["type"]
        if kind == "subscribed":
            self.check_resumed(message["resumed"])
        elif kind == "updates":
            for update in message["updates"]:
                self.take(update)
        elif kind == "gap":
            self.take_gap(message)
        elif kind == "error":
            self.truth.fail(f"{self.name}: {message}")
        if "cursor" in message:
            self.commit(message["cursor"])
        return kind != "goodbye"


def readers(gateway, truth):
    return [kind(gateway, truth) for kind in (PollReader, StreamReader, WebSocketReader)]
