"""Publishers of a cluster: each request is sent again under its key, to any node, until it is answered."""

import http.client
import json
import threading
import uuid

from publishers import ENDINGS, BatchPublisher, LinePublisher, Publisher, SinglePublisher
from truth import ONCE, value
from websocket import WebSocket


class ClusterPublisher(Publisher):
    """Publishes at one node while that takes it, and elsewhere while it does not."""

    # Seconds. A node that holds an answer back for longer is left for another one.
    patience = 8

    def __init__(self, name, nodes, home, gate, truth, seed):
        super().__init__(name + ONCE, nodes[home], gate, truth, seed)
        self.name = name
        self.nodes, self.home = nodes, nodes[home]
        self.refused = 0
        self.is_idle = threading.Event()

    def run(self):
        while self.wait_for_work():
            self.connection = None
            try:
                while self.wait_for_work() and self.publish_at(self.gateway):
                    pass
                self.gateway = self.chance.choice(self.nodes)
            except ENDINGS:
                self.gateway = self.chance.choice(self.nodes)
            except Exception as error:  # pylint: disable=broad-except # A publisher that is gone must be seen.
                self.truth.fail(f"{self.name}: {error!r}")
            finally:
                if self.connection:
                    self.connection.close()
            self.gate.pause(0.05)

    def wait_for_work(self):
        """Whether there is some: while the gate is closed only what is not answered yet."""
        if self.unanswered:
            return not self.gate.is_over
        self.is_idle.set()
        if not self.gate.pass_through():
            return False
        self.is_idle.clear()
        return True

    def publish_at(self, node):
        """Whether it is to go on at this node."""
        if not self.unanswered:
            self.unanswered = (self.updates(self.chance.randint(1, self.most)), uuid.uuid4().hex)
        updates, key = self.unanswered
        if not self.connection:
            self.connection = node.connection(self.patience)
        answer = self.exchange(updates, key)
        if answer is None:
            self.refused += 1
            return False
        self.note(updates, answer, True)
        self.truth.note_place(node.name, updates)
        self.unanswered = None
        if self.chance.random() < 0.1:
            self.check_written(node, *updates[-1])
        if node is not self.home and self.home.is_running and self.chance.random() < 0.2:
            self.gateway = self.home
            self.connection.close()
            self.connection = None
        self.gate.pause(self.chance.random() * 0.008)
        return True

    def exchange(self, updates, key):
        """The answer; None where it was refused for now."""
        method, path, kind, body = self.request(updates)
        self.connection.request(method, path, body, {"Content-Type": kind, "Idempotency-Key": key})
        response = self.connection.getresponse()
        text = response.read()
        answer = json.loads(text)
        if response.status == 200:
            return answer
        if response.status != 503:
            self.truth.fail(f"{method} {path} was answered {response.status} {answer}")
        elif not response.headers["Retry-After"]:
            self.truth.fail(f"{method} {path} was answered 503 without Retry-After: {answer}")
        return None

    def check_written(self, node, topic, number):
        """Who was answered by a node reads there what it has written."""
        status, _, text = node.ask("GET", f"/topics/{topic}", patience=self.patience)
        if not self.truth.may_lose and (status != 200 or json.loads(text)["data"]["n"] < number):
            self.truth.fail(f"update {number} of {topic} was answered by {node.name}, which then has {status} {text[:100]}")


class SpreadPut(ClusterPublisher, SinglePublisher):
    pass


class SpreadBatch(ClusterPublisher, BatchPublisher):
    most = 10


class SpreadLines(ClusterPublisher, LinePublisher):
    most = 30


class SpreadSocket(ClusterPublisher, BatchPublisher):
    most = 10
    socket = None

    def exchange(self, updates, key):
        if not self.socket or self.socket[0] is not self.connection:
            self.socket = (self.connection, WebSocket(self.connection))
        batch = [{"topic": topic, "data": value(topic, number)} for topic, number in updates]
        self.socket[1].send(json.dumps({"type": "publish", "id": key, "key": key, "updates": batch}))
        while message := self.socket[1].message():
            if message.get("id") == key and message["type"] == "published":
                return message
            if message["type"] == "error":
                if message["code"] not in ("overloaded", "draining"):
                    self.truth.fail(f"a publish was answered {message}")
                return None
            if message["type"] == "goodbye":
                return None
        raise http.client.HTTPException("closed")


class Gate:
    """Open, closed, or over."""

    def __init__(self):
        self.is_open = self.is_over = False
        self.changed = threading.Condition()

    def turn(self, is_open, is_over=False):
        with self.changed:
            self.is_open, self.is_over = is_open, is_over
            self.changed.notify_all()

    def pass_through(self):
        """Waits until it is open; false where it is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_open or self.is_over)
            return not self.is_over

    def pause(self, seconds):
        with self.changed:
            self.changed.wait_for(lambda: self.is_over, seconds)


def cluster_publishers(nodes, gate, truth, seed):
    kinds = [SpreadPut, SpreadPut, SpreadPut, SpreadBatch, SpreadLines, SpreadSocket]
    nodes = list(nodes)
    return [kind(f"{kind.__name__}-{number}", nodes, number % len(nodes), gate, truth, seed)
            for number, kind in enumerate(kinds)]
