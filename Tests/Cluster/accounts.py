"""What is known of a cluster's updates: who was told what by which node, and that nobody was told otherwise."""

import time

from truth import Truth


class Account(Truth):
    """Publishers repeat what is not answered under its key, on any node: as long as nothing is lost each version is the update of that number."""

    def __init__(self):
        super().__init__()
        self.epochs = []
        # A case that loses something says so beforehand: only then may a reader be reset.
        self.may_lose = False
        self.resets = []
        # By topic, the newest number that has to survive the loss.
        self.surviving = {}
        # By node, how many updates it has answered and when last; and by node and topic the newest number of them.
        self.counts = {}
        self.newest_at = {}
        self.last_at = {}

    def note_place(self, node, updates):
        with self.lock:
            self.counts[node] = self.counts.get(node, 0) + len(updates)
            self.newest_at.setdefault(node, {}).update(updates)
            self.last_at[node] = time.monotonic()

    def count_at(self, node):
        with self.lock:
            return self.counts.get(node, 0)

    def keep(self, nodes):
        """What these have answered has to survive, too."""
        with self.lock:
            for node in nodes:
                for topic, number in self.newest_at.get(node, {}).items():
                    self.surviving[topic] = max(number, self.surviving.get(topic, 0))

    def note_cursor(self, cursor, source):
        epoch = cursor.split("-")[0]
        with self.lock:
            if epoch not in self.epochs:
                self.epochs.append(epoch)

    def note(self, topic, version, number, source):
        with self.lock:
            if not self.may_lose:
                super().note(topic, version, number, source)

    def note_reset(self, source, reason):
        with self.lock:
            self.resets.append(source)
            if not self.may_lose:
                self.failures.append(f"{source}: reset, and nothing was lost: {reason}")

    def lose(self, surviving):
        """From now on something may be lost, but not those of `surviving`, by topic the newest number."""
        with self.lock:
            self.may_lose, self.surviving = True, surviving

    def answers(self):
        """By topic, the newest number that was answered."""
        with self.lock:
            return {topic: max(numbers) for topic, numbers in self.answered.items()}

    def go_on(self):
        """What was lost is lost: what is answered from now on is kept."""
        with self.lock:
            self.answered, self.seen, self.newest_version = {}, {}, {}

    def check(self, updates):
        held = super().check(updates)
        for topic, number in self.surviving.items():
            if topic not in held or held[topic][1] < number:
                self.fail(f"{topic}: update {number} was there before the loss, the newest is {held.get(topic)}")
        self.raise_failures()
        return held
