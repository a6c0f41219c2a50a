"""What is known of the updates: who has been told what, and that nobody was told otherwise."""

import threading

from gateway import PATIENCE, Failure

# A log keeps 1,000 updates of a topic; what is far older is forgotten here too.
REMEMBERED = 4000

# What the names of publishers end in that send each request until it is answered, and of their topics.
ONCE = "-once"


def value(topic, number):
    """The only value that the publisher of this topic gives this number. Of different lengths, so that records end anywhere."""
    return {"n": number, "text": topic * (number * 7 % 19)}


class Truth:
    """Every version that a publisher or reader was told of. Any thread."""

    def __init__(self):
        self.lock = threading.RLock()
        self.failures = []
        self.answered_count = 0
        self.counted = threading.Condition(self.lock)
        # By topic: the numbers that were answered, and by version the number that somebody has seen.
        self.answered = {}
        self.seen = {}
        self.newest_version = {}
        self.epoch = None

    def fail(self, text):
        with self.lock:
            self.failures.append(text)

    def raise_failures(self):
        with self.lock:
            if self.failures:
                raise Failure("\n".join(self.failures[:10]))

    def note_answer(self, topic, number, version=None):
        with self.lock:
            self.answered_count += 1
            self.counted.notify_all()
            self._remember(self.answered.setdefault(topic, {}), number, version)
        if version is not None:
            self.note(topic, version, number, "an answer")

    def wait_for_answers(self, count):
        with self.lock:
            if not self.counted.wait_for(lambda: self.failures or self.answered_count >= count, PATIENCE):
                raise Failure(f"after {self.answered_count} answers no more come")

    def note_update(self, update, source):
        topic, version, data = update["topic"], update["version"], update["data"]
        if data != value(topic, data["n"]):
            self.fail(f"{source}: version {version} of {topic} has a value that nobody published: {data}")
        self.note(topic, version, data["n"], source)

    def note(self, topic, version, number, source):
        with self.lock:
            seen = self.seen.setdefault(topic, {})
            if seen.get(version, number) != number:
                self.failures.append(
                    f"{source}: version {version} of {topic} is now update {number}, and was {seen[version]}")
            if ONCE in topic and version != number:
                self.failures.append(f"{source}: update {number} of {topic} has version {version}: one was lost or came twice")
            self._remember(seen, version, number)
            self.newest_version[topic] = max(version, self.newest_version.get(topic, 0))

    def note_cursor(self, cursor, source):
        epoch = cursor.split("-")[0]
        with self.lock:
            if self.epoch not in (None, epoch):
                self.failures.append(f"{source}: the epoch was {self.epoch} and is {epoch}")
            self.epoch = epoch

    @staticmethod
    def _remember(entries, key, entry):
        entries[key] = entry
        if len(entries) > REMEMBERED:
            del entries[next(iter(entries))]

    def check(self, updates):
        """That the gateway holds, in these updates of a fresh poll, all that it has told anybody of. By topic, what it holds."""
        held = {}
        for update in updates:
            self.note_update(update, "a fresh poll")
            held.setdefault(update["topic"], []).append((update["version"], update["data"]["n"]))
        # A publisher may still find an answer that came before the kill.
        with self.lock:
            for topic, newest in self.newest_version.items():
                if not held.get(topic) or held[topic][-1][0] < newest:
                    self.fail(f"{topic} had version {newest} and has {held.get(topic, ['none'])[-1]}")
            for topic, answered in self.answered.items():
                self._check_answered(topic, answered, held.get(topic, []))
        self.raise_failures()
        return {topic: entries[-1] for topic, entries in held.items()}

    def _check_answered(self, topic, answered, held):
        numbers = [number for _, number in held]
        if not numbers or numbers[-1] < max(answered):
            self.fail(f"{topic}: update {max(answered)} was answered, the newest held is {numbers[-1:]}")
        elif topic.startswith("trades/"):
            versions = [version for version, _ in held]
            if versions != list(range(versions[0], versions[0] + len(versions))):
                self.fail(f"{topic}: the kept versions have holes: {versions}")
            if len(versions) < min(1000, len(answered)):
                self.fail(f"{topic}: {len(versions)} updates are kept of {len(answered)} that were answered")
            if missing := sorted(n for n in answered if n >= numbers[0] and n not in set(numbers)):
                self.fail(f"{topic}: answered, and missing: {missing[:20]}")
        elif len(held) != 1:
            self.fail(f"{topic}: a fresh poll gives it {len(held)} times")
