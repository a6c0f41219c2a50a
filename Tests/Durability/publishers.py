"""Publishers that keep what was answered: one update a request, batches, and lines."""

import http.client
import json
import random
import socket
import threading

from truth import value

ENDINGS = (OSError, http.client.HTTPException)


class Publisher(threading.Thread):
    """Publishes to topics that nobody else publishes to, so that it knows their order, from each opening of the gate on."""

    def __init__(self, name, gateway, gate, truth, seed):
        super().__init__(daemon=True)
        self.gateway, self.gate, self.truth = gateway, gate, truth
        self.chance = random.Random(f"{seed} {name}")
        self.topics = [f"stocks/{name}/{i}" for i in range(12)] + [f"trades/{name}/{i}" for i in range(3)]
        self.numbers = dict.fromkeys(self.topics, 0)

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
                pass  # It was killed. Nobody knows of the last request, and its numbers are not used again.
            except Exception as error:  # pylint: disable=broad-except # A publisher that is gone must be seen.
                self.truth.fail(f"{type(self).__name__}: {error!r}")
            finally:
                connection.close()

    def updates(self, count):
        """New ones, as (topic, number)."""
        chosen = []
        for _ in range(count):
            topic = self.chance.choice(self.topics)
            self.numbers[topic] += 1
            chosen.append((topic, self.numbers[topic]))
        return chosen

    def answer(self, connection, method, path, body, kind="application/json"):
        connection.request(method, path, body, {"Content-Type": kind})
        response = connection.getresponse()
        answer = json.loads(response.read())
        # While it drains it takes no more; any other refusal has no reason here.
        if response.status != 200 and answer.get("code") != "draining":
            self.truth.fail(f"{method} {path} was answered {response.status} {answer}")
        return response.status == 200, answer


class SinglePublisher(Publisher):
    def publish(self, connection):
        [(topic, number)] = self.updates(1)
        body = json.dumps(value(topic, number))
        is_taken, answer = self.answer(connection, "PUT", f"/topics/{topic}", body)
        if is_taken:
            self.truth.note_answer(topic, number, answer["version"])
        return is_taken


class BatchPublisher(Publisher):
    def publish(self, connection):
        updates = self.updates(self.chance.randint(1, 40))
        body = json.dumps([{"topic": topic, "data": value(topic, number)} for topic, number in updates])
        is_taken, answer = self.answer(connection, "POST", "/publish", body)
        if is_taken:
            if answer["accepted"] != len(updates):
                self.truth.fail(f"of a batch of {len(updates)} the gateway took {answer['accepted']}")
            for update in updates:
                self.truth.note_answer(*update)
        return is_taken


class LinePublisher(Publisher):
    def publish(self, connection):
        updates = self.updates(self.chance.randint(1, 200))
        lines = [json.dumps({"topic": topic, "data": value(topic, number)}) for topic, number in updates]
        body = "\n".join(lines) + "\n"
        is_taken, answer = self.answer(connection, "POST", "/publish", body, "application/x-ndjson")
        # However it ends, its answer says how far it came.
        accepted = answer.get("accepted", 0)
        if is_taken and accepted != len(updates):
            self.truth.fail(f"of {len(updates)} lines the gateway took {accepted}")
        for update in updates[:accepted]:
            self.truth.note_answer(*update)
        return is_taken


def publishers(gateway, gate, truth, seed):
    kinds = {"put": SinglePublisher, "put2": SinglePublisher, "batch": BatchPublisher, "lines": LinePublisher}
    return [kind(name, gateway, gate, truth, seed) for name, kind in kinds.items()]
