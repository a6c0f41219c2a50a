"""Readers of a cluster: some hop from node to node with their cursor, and one on each transport stays."""

import http.client
import random

from readers import PollReader, Reader, StreamReader, WebSocketReader

# Of a log's topic so many updates are kept, and so many a reader remembers.
REMEMBERED = 1000


class Hop(ConnectionError):
    """It has enough of this node."""


class ClusterReader(Reader):
    """Goes on at another node where one is gone. A node that says nothing for long counts as gone."""

    asked = {"heartbeat": 1}
    patience = 4

    def __init__(self, nodes, truth, seed, home=None):
        super().__init__(home or nodes[0], truth)
        self.nodes, self.home = nodes, home
        self.chance = random.Random(f"{seed} {type(self).__name__}")
        self.is_over = False
        self.connections = self.delivered = self.repeated = self.resets = self.gaps = 0
        self.left = 0
        # By topic of a log and version, what it holds since the last reset.
        self.history = {}
        self.highest = {}
        # Whether its last heartbeat said that its node has lost the stream of updates.
        self.is_stale = False
        # The reasons for which it was sent off.
        self.goodbyes = set()

    def run(self):
        most = 2000
        while not self.is_over:
            self.gateway = self.home or self.chance.choice(self.nodes)
            # Where many logs are behind, a cursor moves on only after some thousands: who always leaves before gets nowhere.
            most = 2000 if self.cursor != self.presented else 2 * most
            self.staged, self.sent, self.presented = {}, {}, self.cursor
            self.left = self.chance.randint(20, most)
            try:
                self.connections += 1
                self.read()
            except Hop:
                continue
            except (OSError, http.client.HTTPException):
                pass  # The node is gone, or says nothing.
            except Exception as error:  # pylint: disable=broad-except # A reader that is gone must be seen.
                self.truth.fail(f"{self.name} at {self.gateway.name}: {error!r}")
            with self.changed:
                self.changed.wait(0.05)

    def note_life(self, message):
        if "reconnectAfter" in message:
            self.goodbyes.add(message["reason"])
        self.is_stale = message.get("stale", False) is True

    def take(self, update):
        if not self.home:
            self.left -= 1
            if self.left < 0:
                raise Hop
        self.delivered += 1
        topic, version = update["topic"], update["version"]
        if version <= self.highest.get(topic, 0):
            self.repeated += 1
        self.highest[topic] = max(version, self.highest.get(topic, 0))
        super().take(update)
        if topic.startswith("trades/"):
            history = self.history.setdefault(topic, {})
            history[version] = update["data"]["n"]
            if len(history) > REMEMBERED:
                del history[min(history)]

    def covered(self, topic, held):
        """One that was handed out in the middle of a backlog is older than what it holds; versions do not fall for all that."""
        if "~" not in self.presented:
            return super().covered(topic, held)
        return 0 if topic.startswith("trades/") else held - 1

    def take_gap(self, gap):
        self.gaps += 1
        super().take_gap(gap)

    def take_reset(self, reason):
        """It has to forget its values, and the cursor with them: at another node that might be good."""
        self.resets += 1
        self.truth.note_reset(f"{self.name} at {self.gateway.name} from {self.cursor}", reason)
        with self.changed:
            self.held, self.staged, self.sent, self.floor, self.history, self.highest = {}, {}, {}, {}, {}, {}
            self.presented = self.cursor = ""

    def check_history(self, kept):
        """Of a log's topics it holds what the nodes hold: `kept` is, by topic and version, the number."""
        for topic, history in self.history.items():
            there = kept.get(topic, {})
            wrong = {version: (number, there[version]) for version, number in history.items()
                     if version in there and there[version] != number}
            if wrong:
                self.truth.fail(f"{self.name}: of {topic} it holds by version (holds, has): {dict(list(wrong.items())[:5])}")


class HoppingPoll(ClusterReader, PollReader):
    asked = {}
    # It waits for 25 s where nothing happens.
    patience = 35


class HoppingStream(ClusterReader, StreamReader):
    pass


class HoppingSocket(ClusterReader, WebSocketReader):
    pass


class StayingPoll(HoppingPoll):
    pass


class StayingStream(HoppingStream):
    patience = 35


class StayingSocket(HoppingSocket):
    patience = 35


def cluster_readers(nodes, truth, seed):
    hopping = [kind(nodes, truth, seed) for kind in (HoppingPoll, HoppingStream, HoppingSocket)]
    staying = [kind(nodes, truth, seed, home=nodes[0]) for kind in (StayingPoll, StayingStream, StayingSocket)]
    return hopping, staying
