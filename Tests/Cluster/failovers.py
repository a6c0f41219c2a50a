"""Another server becomes the primary, by Sentinel or by order; with loss and without."""

import json
import time

from outages import expect
from readers import TOPICS
from servers import Server
from storms import PERSISTENT, Storm

# By this user replicas log in, so that a primary can shut them out: what it takes then is lost with it.
REPLICATING = ["user replica on >secret +psync +replconf +ping", "masteruser replica", "masterauth secret"]
FAILING_OVER = ["repl-diskless-sync-delay 0", "repl-ping-replica-period 1", "repl-timeout 5"]
NAME = "ticker"


class Pair:
    """A primary, its replica, and a sentinel that watches both."""

    def __init__(self, folder):
        self.servers = [
            Server(folder, name, options=[*PERSISTENT, *REPLICATING, *FAILING_OVER]) for name in ("one", "two")]
        self.primary, self.replica = self.servers
        self.sentinel = None
        self.folder = folder

    def start(self):
        for server in self.servers:
            server.start()
        self.replica.order("REPLICAOF", "127.0.0.1", self.primary.port)
        self.wait_until_linked()
        self.sentinel = Server(self.folder, "sentinel", sentinel=[
            f"sentinel monitor {NAME} 127.0.0.1 {self.primary.port} 1", f"sentinel down-after-milliseconds {NAME} 1000",
            f"sentinel failover-timeout {NAME} 3000"])
        self.sentinel.start()
        self.wait_until_known()
        return self

    def wait_until_linked(self):
        self.replica.wait_for(lambda: self.replica.info("master_link_status") == "up", "does not follow its primary")

    def wait_until_known(self):
        self.sentinel.wait_for(
            lambda: "flags\nslave\n" in self.sentinel.call("SENTINEL", "REPLICAS", NAME) + "\n", "does not find the replica")

    def wait_until_even(self):
        """At rest: the replica has all."""
        def is_even():
            return self.primary.info("master_repl_offset") == self.replica.info("slave_repl_offset")

        self.replica.wait_for(is_even, "does not come to have all")

    def shut_out(self):
        """The replica gets nothing any more."""
        self.primary.order("ACL", "SETUSER", "replica", "off")
        self.primary.call("CLIENT", "KILL", "TYPE", "replica")
        self.replica.wait_for(lambda: self.replica.info("master_link_status") == "down", "still follows")

    def wait_until_promoted(self):
        self.replica.wait_for(lambda: self.replica.info("role") == "master", "is not promoted")
        self.primary, self.replica = self.replica, self.primary

    def revive(self):
        """What was the primary comes back, as the replica that sentinel makes of it."""
        self.replica.start()
        self.replica.wait_for(lambda: self.replica.info("role") == "slave", "is not made a replica")
        self.wait_until_linked()

    @property
    def url(self):
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/{NAME}/0"

    def retire(self):
        for server in [*self.servers, *([self.sentinel] if self.sentinel else [])]:
            server.retire()


def by_sentinel(case):
    def run(folder, seed):
        pair = Pair(folder)
        try:
            pair.start()
            with Storm(folder, seed, url=pair.url) as storm:
                remark = case(storm, pair)
                return f"{remark}; {storm.summary()}"
        finally:
            pair.retire()

    return run


def nothing_lost(storm, pair):
    """The primary dies when its replica has all: every cursor is good."""
    storm.load(1000)
    storm.rest()
    pair.wait_until_even()
    pair.primary.kill()
    storm.go_on()
    began = time.monotonic()
    storm.load(1)
    took = time.monotonic() - began
    pair.wait_until_promoted()
    storm.load(1000)
    storm.check()
    return f"answers after {took:.1f} s"


def twice(storm, pair):
    nothing_lost(storm, pair)
    pair.revive()
    pair.wait_until_known()
    return nothing_lost(storm, pair)


def handed_over(storm, pair):
    """FAILOVER, under load: the primary lets its replica catch up, and becomes one itself. Sentinel takes some 30 s to see it."""
    storm.load(1000)
    pair.primary.order("FAILOVER", "TO", "127.0.0.1", pair.replica.port)
    pair.wait_until_promoted()
    pair.wait_until_linked()
    began = time.monotonic()
    storm.load(1)
    took = time.monotonic() - began
    storm.load(1000)
    storm.check()
    return f"answers after {took:.1f} s"


def some_lost(storm, pair):
    """The replica lags when the primary dies. Cursors up to what survived are good, the others are reset, and nobody is left with what is gone."""
    storm.load(1000)
    storm.check()
    storm.rest()
    pair.wait_until_even()
    surviving, good = storm.truth.answers(), storm.nodes[0].fresh(TOPICS)[1]
    pair.shut_out()
    storm.go_on()
    before = storm.truth.answered_count
    storm.load(600)
    bad = storm.nodes[0].fresh(TOPICS)[1]
    storm.truth.lose(surviving)
    pair.primary.kill()
    storm.calm()
    lost = storm.truth.answered_count - before
    storm.truth.go_on()
    pair.wait_until_promoted()
    storm.load(1500)
    storm.check()
    expect(lost >= 600, f"only {lost} updates could be lost")
    expect(all(reader.resets for reader in storm.staying),
           f"not reset, and held what is lost: {[reader.name for reader in storm.staying if not reader.resets]}")
    expect(all("replaced" in reader.goodbyes for reader in storm.staying[1:]),
           f"they were not sent off: {[reader.goodbyes for reader in storm.staying]}")
    for node in storm.nodes:
        expect(not is_reset(node, good), f"node {node.name} resets a cursor of what survived")
        expect(is_reset(node, bad), f"node {node.name} takes a cursor of what is lost")
    storm.check_no_more_resets()
    return f"up to {lost} updates lost"


def is_reset(node, cursor):
    status, _, text = node.ask("GET", f"/poll?topics={TOPICS}&wait=0&cursor={cursor}")
    expect(status == 200, f"a poll is answered {status}")
    return json.loads(text).get("reset", False)


CASES = [
    ("sentinel fails over, nothing lost", by_sentinel(nothing_lost)),
    ("sentinel fails over twice", by_sentinel(twice)),
    ("sentinel: the primary hands over", by_sentinel(handed_over)),
    ("sentinel fails over, some lost", by_sentinel(some_lost)),
]
