"""A cluster under load: servers, nodes, publishers and readers, and the account of what they were told."""

import random
import time

from accounts import Account
from gateway import PATIENCE, Failure
from hopping import cluster_readers
from nodes import Node
from readers import TOPICS
from servers import HERE, Server, wait_for
from spreading import Gate, cluster_publishers

# So that what was answered is on the disk.
PERSISTENT = ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction"]
FORGETFUL = ["appendonly no", "maxmemory-policy noeviction"]


class Storm:
    """`with Storm(folder, seed) as storm`: three nodes on one server, and a crowd that has begun. What it started ends with it."""

    def __init__(self, folder, seed, *, server=None, url=None, settings=None, names="abc", machines=()):
        self.folder, self.seed, self.settings = folder, seed, settings
        self.chance = random.Random(seed)
        self.servers = []
        self.server = server
        self.url = url
        self.truth = Account()
        self.gate = Gate()
        self.nodes, self.names = [], names
        # A node each, in order; those without one run here.
        self.machines = list(machines)
        self.publishers, self.readers, self.staying = [], [], []

    def __enter__(self):
        try:
            if not self.server and not self.url:
                self.server = Server(self.folder, options=PERSISTENT)
            if self.server:
                self.servers.append(self.server)
                if not self.server.process:
                    self.server.start()
            self.url = self.url or self.server.url
            for name in self.names:
                self.add_node(name)
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def add_node(self, name, **settings):
        machine = self.machines[len(self.nodes)] if len(self.nodes) < len(self.machines) else HERE
        node = Node(self.folder, name, self.url, (self.settings or {}) | settings, machine)
        self.nodes.append(node)
        return node.start()

    def begin(self):
        self.publishers = cluster_publishers(self.nodes, self.gate, self.truth, self.seed)
        hopping, self.staying = cluster_readers(self.nodes, self.truth, self.seed)
        self.readers = hopping + self.staying
        for thread in self.readers + self.publishers:
            thread.start()
        self.gate.turn(True)

    def __exit__(self, _=None, failure=None, __=None):
        if isinstance(failure, Failure):
            failure.args = (f"{failure}\n{self.summary()}\n{self.tell_logs()}",)
        self.gate.turn(False, is_over=True)
        for reader in self.readers:
            reader.is_over = True
        for node in self.nodes:
            if node.is_frozen:
                node.thaw()
            node.retire()
        for server in self.servers:
            server.retire()

    def load(self, count=1500):
        """Returns when so many more updates were answered."""
        self.truth.wait_for_answers(self.truth.answered_count + count)
        self.truth.raise_failures()

    def last(self, seconds):
        """The load goes on for so long."""
        self.gate.pause(seconds)
        self.truth.raise_failures()

    def rest(self):
        """Nobody publishes any more; what was begun is answered."""
        self.gate.turn(False)
        for publisher in self.publishers:
            if not publisher.is_idle.wait(PATIENCE):
                raise Failure(f"{publisher.name} is not answered: {publisher.unanswered}")

    def go_on(self):
        self.gate.turn(True)

    def calm(self):
        """Returns when publishers have got no answer for a second: something is in their way."""
        known, since = self.truth.answered_count, time.monotonic()
        began = since
        while time.monotonic() < since + 1:
            self.gate.pause(0.05)
            if self.truth.answered_count != known:
                known, since = self.truth.answered_count, time.monotonic()
            if time.monotonic() > began + PATIENCE:
                raise Failure("publishers are still answered")

    def check(self, nodes=None):
        """At rest: all nodes hold the same, what was answered is there, and every reader holds it; then the load goes on."""
        nodes = nodes or self.nodes
        self.rest()
        states = []
        for node in nodes:
            updates, cursor = self.fresh(node)
            self.truth.note_cursor(cursor, f"a fresh poll at {node.name}")
            states.append((node.name, updates))
        held = self.truth.check(states[0][1])
        kept = {}
        for update in states[0][1]:
            kept.setdefault(update["topic"], {})[update["version"]] = update["data"]["n"]
        for name, updates in states[1:]:
            self.compare(states[0], (name, updates))
        try:
            for reader in self.readers:
                reader.wait_until_holding(held, PATIENCE)
                reader.check_history(kept)
        except Failure as failure:
            self.truth.raise_failures()
            raise Failure(f"{failure}") from None
        self.truth.raise_failures()
        self.go_on()

    def fresh(self, node):
        """What a reader without cursor gets there, when it holds all that was answered anywhere."""
        answers = self.truth.answers()
        found = [], ""

        def has_all():
            found[0][:], _ = node.fresh(TOPICS)
            newest = {}
            for update in found[0]:
                newest[update["topic"]] = update["data"]["n"]
            return all(newest.get(topic, 0) >= number for topic, number in answers.items())

        wait_for(has_all, f"node {node.name} does not come to hold what was answered")
        return node.fresh(TOPICS)

    def compare(self, one, other):
        first, second = (
            {(update["topic"], update["version"]): update for update in updates} for _, updates in (one, other))
        different = [key for key in first.keys() | second.keys() if first.get(key) != second.get(key)]
        if different:
            key = different[0]
            self.truth.fail(f"{len(different)} updates differ: of {key} node {one[0]} has {first.get(key)}, "
                            f"{other[0]} has {second.get(key)}")

    def tell_logs(self):
        """What the nodes have said last."""
        texts = []
        for node in self.nodes:
            lines = [line for line in node.lines if line.startswith("{")]
            texts.append(f"{node.name}: {node.readiness() if node.is_running else 'does not run'}\n" + "".join(lines[-10:]))
        return "".join(texts)

    def wait_for(self, condition, problem, patience=PATIENCE):
        """Returns how long it took."""
        return wait_for(condition, problem, patience)

    @property
    def reset_count(self):
        return sum(reader.resets for reader in self.readers)

    def check_no_more_resets(self):
        """What was to be reset has been."""
        resets = self.reset_count
        self.load(1000)
        self.check()
        if self.reset_count != resets:
            raise Failure("readers are reset again, when nothing is lost any more")

    def told(self, event):
        return sum(node.told(event) for node in self.nodes)

    def summary(self):
        delivered = sum(reader.delivered for reader in self.readers)
        words = [f"{self.truth.answered_count} answered", f"{delivered} delivered"]
        for name in ("repeated", "gaps", "resets", "connections"):
            words.append(f"{sum(getattr(reader, name) for reader in self.readers)} {name}")
        words.append(f"{sum(publisher.refused for publisher in self.publishers)} refused")
        words.append(f"{len(self.truth.epochs)} epochs")
        return ", ".join(words)
