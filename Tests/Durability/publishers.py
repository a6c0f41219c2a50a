"""Publishers that keep what was answered: one update a request, batches, and lines; with keys they repeat what was not."""

import http.client
import json
import random
import socket
import threading
import uuid

from truth import ONCE, value

ENDINGS = (OSError, http.client.HTTPException)


class Publisher(threading.Thread):
    """Publishes to topics that nobody else publishes to, so that it knows their order, from each opening of the gate on.

    One of which the name says so sends each request again, under its key, until it is answered: of its topics each version is an update.
    """

    def __init__(self, name, gateway, gate, truth, seed):
        super().__init__(daemon=True)
        self.gateway, self.gate, self.truth = gateway, gate, truth
        self.chance = random.Random(f"{seed} {name}")
        self.topics = [f"stocks/{name}/{i}" for i in range(12)] + [f"trades/{name}/{i}" for i in range(3)]
        self.numbers = dict.fromkeys(self.topics, 0)
        self.repeats = ONCE in name
        self.unanswered = None

    def run(self):
        opening = 0
        while (opening := self.gate.wait(opening)) is not None:
            connection = self.gateway.connection()
            try:
                connection.connect()
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self.publish(connection):
                    pass
            except ENDINGS:
                pass  # It was killed. Nobody knows of the last request, and without a key its numbers are not used again.
            except Exception as error:  # pylint: disable=broad-except # A publisher that is gone must be seen.
                self.truth.fail(f"{type(self).__name__}: {error!r}")
            finally:
                connection.close()

    def publish(self, connection):
        """Sends a request, and takes note of what its answer says; false where there is no more to be sent."""
        updates, key = self.unanswered or (self.updates(self.chance.randint(1, self.most)), uuid.uuid4().hex)
        self.unanswered = (updates, key) if self.repeats else None
        method, path, kind, body = self.request(updates)
        fields = {"Content-Type": kind} | ({"Idempotency-Key": key} if self.repeats else {})
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        answer = json.loads(response.read())
        is_taken = response.status == 200
        # While it drains it takes no more; any other refusal has no reason here.
        if not is_taken and answer.get("code") != "draining":
            self.truth.fail(f"{method} {path} was answered {response.status} {answer}")
        self.note(updates, answer, is_taken)
        if is_taken:
            self.unanswered = None
        return is_taken

    def note(self, updates, answer, is_taken):
        # However it ends, an answer to lines says how far it came.
        accepted = answer.get("accepted", 0)
        if is_taken and accepted != len(updates):
            self.truth.fail(f"of {len(updates)} updates the gateway took {accepted}")
        for update in updates[:accepted]:
            self.truth.note_answer(*update)

    def updates(self, count):
        """New ones, as (topic, number)."""
        chosen = []
        for _ in range(count):
            topic = self.chance.choice(self.topics)
            self.numbers[topic] += 1
            chosen.append((topic, self.numbers[topic]))
        return chosen


class SinglePublisher(Publisher):
    most = 1

    def request(self, updates):
        [(topic, number)] = updates
        return "PUT", f"/topics/{topic}", "application/json", json.dumps(value(topic, number))

    def note(self, updates, answer, is_taken):
        if is_taken:
            self.truth.note_answer(*updates[0], answer["version"])


class BatchPublisher(Publisher):
    most = 40

    def request(self, updates):
        batch = [{"topic": topic, "data": value(topic, number)} for topic, number in updates]
        return "POST", "/publish", "application/json", json.dumps(batch)


class LinePublisher(Publisher):
    most = 200

    def request(self, updates):
        lines = [json.dumps({"topic": topic, "data": value(topic, number)}) for topic, number in updates]
        return "POST", "/publish", "application/x-ndjson", "\n".join(lines) + "\n"


def publishers(gateway, gate, truth, seed):
    kinds = {"put": SinglePublisher, "batch": BatchPublisher, "lines": LinePublisher}
    names = [name + suffix for name in kinds for suffix in ("", ONCE)]
    return [kinds[name.removesuffix(ONCE)](name, gateway, gate, truth, seed) for name in names]
