"""A Redis Cluster: its primary hands over to a replica, and the slot of the cluster's keys moves from one server to another and back, under load."""

import subprocess

from failovers import FAILING_OVER
from gateway import PATIENCE
from outages import expect
from servers import Server, wait_for
from storms import PERSISTENT, Storm

LAST_SLOT = 16383


class Servers:
    """One has the slot of our keys, and a replica; its heir is to get that; the third has nearly all other slots, and is the one that nodes know.

    Each has another slot besides: one that loses its last becomes a replica of whoever has got it.
    """

    def __init__(self, folder):
        self.holder, self.other, self.heir, self.replica = self.all = [
            Server(folder, name, options=[*PERSISTENT, "cluster-enabled yes", "cluster-node-timeout 2000", *FAILING_OVER])
            for name in ("holder", "other", "heir", "replica")]

    def start(self):
        for server in self.all:
            server.start()
        self.slot = int(self.holder.call("CLUSTER", "KEYSLOT", "{tg}:meta"))
        self.holder.order("CLUSTER", "ADDSLOTS", self.slot, LAST_SLOT)
        self.heir.order("CLUSTER", "ADDSLOTS", LAST_SLOT - 1)
        self.other.order("CLUSTER", "ADDSLOTSRANGE", 0, self.slot - 1, self.slot + 1, LAST_SLOT - 2)
        # Those that begin with the same number of their configuration agree on others only after a while.
        for number, server in enumerate(self.all):
            server.order("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for server in self.all[1:]:
            server.order("CLUSTER", "MEET", "127.0.0.1", self.holder.port)
        wait_for(lambda: all("cluster_known_nodes:4" in server.call("CLUSTER", "INFO") for server in self.all),
                 "the servers do not meet")
        wait_for(lambda: self.replica.call("CLUSTER", "REPLICATE", self.identity(self.holder)) == "OK", "no replica")
        wait_for(lambda: all("cluster_state:ok" in server.call("CLUSTER", "INFO") for server in self.all), "no cluster")
        self.replica.wait_for(lambda: self.replica.info("master_link_status") == "up", "does not follow its primary")
        return self

    @staticmethod
    def identity(server):
        return server.call("CLUSTER", "MYID")

    def move_slowly(self, source, target, between):
        """As operators' tools do it, with something in between: while some keys are here and some there."""
        target.order("CLUSTER", "SETSLOT", self.slot, "IMPORTING", self.identity(source))
        source.order("CLUSTER", "SETSLOT", self.slot, "MIGRATING", self.identity(target))
        between()
        count = 0
        while keys := source.call("CLUSTER", "GETKEYSINSLOT", self.slot, 1).split():
            source.order("MIGRATE", "127.0.0.1", target.port, keys[0], 0, 5000)
            count += 1
            between()
        for server in (target, source):
            server.order("CLUSTER", "SETSLOT", self.slot, "NODE", self.identity(target))
        return count

    def move(self, source, target):
        """As operators do it."""
        done = subprocess.run(
            ["redis-cli", "--cluster", "reshard", f"127.0.0.1:{source.port}", "--cluster-from", self.identity(source),
             "--cluster-to", self.identity(target), "--cluster-slots", "1", "--cluster-yes"],
            capture_output=True, text=True, check=False, timeout=PATIENCE)
        expect(done.returncode == 0 and f"Moving slot {self.slot}" in done.stdout, f"it is not moved: {done.stdout[-500:]}{done.stderr}")

    def retire(self):
        for server in self.all:
            server.retire()


def in_cluster(case):
    def run(folder, seed):
        servers = Servers(folder)
        try:
            servers.start()
            with Storm(folder, seed, url=servers.other.url, settings={"checkpointBytes": 1024}) as storm:
                storm.load(1500)
                storm.check()
                remark = case(storm, servers)
                storm.load(1500)
                storm.check()
                return f"{remark}{storm.summary()}"
        finally:
            servers.retire()

    return run


def handed_over(_, servers):
    """The nodes know a server that has nothing; the one that has the keys hands over to its replica."""
    servers.replica.order("CLUSTER", "FAILOVER")
    servers.replica.wait_for(lambda: servers.replica.info("role") == "master", "is not promoted")
    return ""


def moved(storm, servers):
    """There and back again: the redirections -ASK, -TRYAGAIN and -MOVED are met on the way, and nothing is lost."""
    for _ in range(3):
        for source, target in ((servers.holder, servers.heir), (servers.heir, servers.holder)):
            servers.move(source, target)
            storm.load(300)
            expect(int(target.call("CLUSTER", "COUNTKEYSINSLOT", servers.slot)) > 2, "it has no keys")
    refused = sum(publisher.refused for publisher in storm.publishers)
    expect(refused == 0, f"{refused} were refused")
    return ""


def moved_slowly(storm, servers):
    """The keys are apart for seconds."""
    count = servers.move_slowly(servers.holder, servers.heir, lambda: storm.last(0.3))
    storm.load(500)
    storm.check()
    return f"{count} keys moved; "


CASES = [
    ("redis cluster: the primary hands over", in_cluster(handed_over)),
    ("redis cluster: the slot moves", in_cluster(moved)),
    ("redis cluster: the slot moves slowly", in_cluster(moved_slowly)),
]
