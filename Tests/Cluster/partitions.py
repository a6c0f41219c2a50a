"""Three machines with a server, a sentinel and a node each. The primary's is cut off from the others, and both sides go on; then the net heals."""

import time

from failovers import FAILING_OVER, NAME, is_reset
from gateway import Failure
from machines import Network
from outages import expect
from readers import TOPICS
from servers import HERE, Server, wait_for
from storms import PERSISTENT, Storm

# A primary that its replicas have not answered for so long takes nothing any more.
MAX_LAG = 2
WITH_REPLICAS = ["min-replicas-to-write 1", f"min-replicas-max-lag {MAX_LAG}"]


class Trio:
    """The first server is the primary, two of three sentinels decide that it is down. Without a network all are on this machine."""

    def __init__(self, folder, options=(), network=None):
        self.folder, self.options, self.network = folder, options, network
        self.machines = network.machines if network else [HERE] * 3
        self.servers, self.sentinels = [], []

    def __enter__(self):
        try:
            return self.start()
        except BaseException as problem:
            self.__exit__(type(problem), problem, None)
            raise

    def __exit__(self, _, problem, __):
        """Whoever fails is told what the servers have said."""
        try:
            if isinstance(problem, Failure):
                raise Failure(f"{problem}\n{self.tell_logs()}") from None
        finally:
            self.retire()

    def start(self):
        for number, machine in enumerate(self.machines):
            server = Server(
                self.folder, f"server-{number}", machine=machine, options=[*PERSISTENT, *FAILING_OVER, *self.options])
            self.servers.append(server)
            server.start()
        primary = self.servers[0]
        for replica in self.servers[1:]:
            replica.order("REPLICAOF", primary.machine.inside, primary.port)
        for replica in self.servers[1:]:
            replica.wait_for(lambda one=replica: one.info("master_link_status") == "up", "does not follow its primary")
        for number, machine in enumerate(self.machines):
            sentinel = Server(self.folder, f"sentinel-{number}", machine=machine, sentinel=[
                f"sentinel monitor {NAME} {primary.machine.inside} {primary.port} 2",
                # On a busy machine a server is silent for more than a second, and whoever is promoted then lacks something.
                f"sentinel down-after-milliseconds {NAME} 3000", f"sentinel failover-timeout {NAME} 6000"])
            self.sentinels.append(sentinel)
            sentinel.start()
        for sentinel in self.sentinels:
            sentinel.wait_for(lambda one=sentinel: self.knows_all(one), "does not come to know the others")
        return self

    @staticmethod
    def knows_all(sentinel):
        words = sentinel.call("SENTINEL", "MASTER", NAME).splitlines()
        said = dict(zip(words[::2], words[1::2]))
        return said.get("num-slaves") == "2" and said.get("num-other-sentinels") == "2"

    @property
    def url(self):
        return self.url_behind()

    def url_behind(self, *places):
        """With more sentinels, that are asked first."""
        places = ",".join([*places, *(f"{one.machine.inside}:{one.port}" for one in self.sentinels)])
        return f"redis+sentinel://{places}/{NAME}/0"

    def wait_until_even(self):
        """At rest: the replicas have all."""
        def are_even():
            offset = self.servers[0].info("master_repl_offset")
            return all(replica.info("slave_repl_offset") == offset for replica in self.servers[1:])

        wait_for(are_even, "the replicas do not come to have all")

    def tell_logs(self):
        """What the sentinels have said last."""
        return "\n".join("\n".join((sentinel.folder / "log").read_text().splitlines()[-15:]) for sentinel in self.sentinels)

    def retire(self):
        for server in self.servers + self.sentinels:
            server.retire()
        if self.network:
            self.network.retire()


def cut_off(options=()):
    """A case: the first machine alone, with the primary and node a."""
    def wrapped(body):
        def case(folder, seed):
            with Trio(folder, options, Network(3)) as trio, Storm(folder, seed, url=trio.url, machines=trio.machines) as storm:
                return f"{parted(storm, trio, body)}; {storm.summary()}"

        return case

    return wrapped


def parted(storm, trio, body):
    """What was answered before the cut, or by the majority, is kept. Cursors of that are good everywhere, and the others are reset everywhere."""
    minority, *majority = storm.nodes
    storm.load(1000)
    storm.check()
    storm.rest()
    trio.wait_until_even()
    storm.truth.lose(storm.truth.answers())
    good = minority.fresh(TOPICS)[1]
    before = {node.name: storm.truth.count_at(node.name) for node in storm.nodes}
    trio.network.cut(trio.machines[0])
    began = time.monotonic()
    storm.go_on()
    took = storm.wait_for(
        lambda: all(storm.truth.count_at(node.name) >= before[node.name] + 200 for node in majority),
        "the majority does not go on")
    body(storm, before)
    until = storm.truth.last_at[minority.name] - began
    lost = storm.truth.count_at(minority.name) - before[minority.name]
    bad = minority.fresh(TOPICS)[1]
    majority_cursor = majority[0].fresh(TOPICS)[1]
    expect(is_reset(minority, majority_cursor), "who is cut off takes a cursor of the others")
    trio.network.heal(trio.machines[0])
    back = trio.servers[0].wait_for(lambda: trio.servers[0].info("role") == "slave", "is not made a replica")
    storm.wait_for(lambda: minority.epoch() == majority[0].epoch(), "who was cut off does not come back")
    storm.rest()
    storm.truth.keep([node.name for node in majority])
    storm.truth.go_on()
    storm.go_on()
    storm.load(1500)
    storm.check()
    for node in storm.nodes:
        expect(not is_reset(node, good), f"node {node.name} resets a cursor of what was there before the cut")
        expect(not is_reset(node, majority_cursor), f"node {node.name} resets a cursor of the majority")
        if lost:
            expect(is_reset(node, bad), f"node {node.name} takes a cursor of what is lost")
    storm.check_no_more_resets()
    return f"the others go on after {took:.1f} s, {lost} updates of the minority lost, the last {until:.1f} s after the cut; it is back after {back:.1f} s"


@cut_off()
def alone(storm, before):
    """The old primary goes on taking updates: all that it answers is lost, and its readers are told."""
    minority = storm.nodes[0]
    storm.wait_for(lambda: storm.truth.count_at(minority.name) >= before[minority.name] + 500, "the minority does not go on")


@cut_off(WITH_REPLICAS)
def with_replicas(storm, _):
    """The old primary refuses after a while: only what it took until then is lost."""
    minority = storm.nodes[0]
    storm.wait_for(lambda: minority.told("the cluster's log takes nothing"), "the minority's log is not refused")
    known = storm.truth.count_at(minority.name)
    storm.last(3)
    expect(storm.truth.count_at(minority.name) == known, "the minority answers, and what it answers is lost")


CASES = [
    ("cut off with its primary", alone),
    ("cut off with its primary, min-replicas", with_replicas),
]
