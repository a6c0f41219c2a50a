"""What a Redis says when it can't: out of memory, loading, read-only, too few replicas, scripts and keys that are gone."""

from outages import expect
from servers import Server
from storms import PERSISTENT, Storm


def refusing(storm, begin, end, patience=40):
    """While the server takes nothing publishers are refused, reading goes on, readers stay; then all goes on. Seconds until refused."""
    storm.load(800)
    connections = [reader.connections for reader in storm.staying]
    known = sum(publisher.refused for publisher in storm.publishers)
    begin()
    took = storm.wait_for(
        lambda: sum(publisher.refused for publisher in storm.publishers) >= known + 3, "nobody who publishes is refused",
        patience)
    expect(storm.nodes[0].ask("GET", "/topics?limit=1")[0] == 200, "values can't be read")
    end()
    storm.wait_for(lambda: all(node.readiness()[0] == 200 for node in storm.nodes), "/readyz does not come back", 30)
    storm.load(800)
    storm.check()
    stayed = [reader.connections - count for reader, count in zip(storm.staying[1:], connections[1:])]
    expect(stayed == [0, 0], f"readers that stay have had to come back: {stayed}")
    return took


def between(begin, end):
    """A server that takes nothing from one order on, until another."""
    def case(folder, seed):
        with Storm(folder, seed) as storm:
            took = refusing(storm, lambda: storm.server.order(*begin), lambda: storm.server.order(*end))
            return f"refused after {took:.1f} s; {storm.summary()}"
    return case


# -OOM
out_of_memory = between(("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"))
# -NOREPLICAS: what a primary says that a partition has left alone.
too_few_replicas = between(("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0"))
# -READONLY: what was the primary is a replica now, and of nobody who is there. Then it is the primary again.
read_only = between(("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"))


def no_disk(folder, seed):
    """-MISCONF: its disk is full, and it takes no writes."""
    server = Server(folder, options=[*PERSISTENT, "dbfilename missing.rdb", "stop-writes-on-bgsave-error yes"])
    with Storm(folder, seed, server=server) as storm:

        def begin():
            server.order("CONFIG", "SET", "save", "3600 1")
            # It would write its file in place of this.
            (server.folder / "missing.rdb").mkdir()
            server.call("BGSAVE")
            storm.wait_for(lambda: server.info("rdb_last_bgsave_status") == "err", "its save does not fail")

        def end():
            (server.folder / "missing.rdb").rmdir()
            server.order("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")

        took = refusing(storm, begin, end)
        return f"refused after {took:.1f} s; {storm.summary()}"


def loading(folder, seed):
    """-LOADING: a server that reads a large file says so for some seconds."""
    with Storm(folder, seed) as storm:
        storm.load(500)
        storm.server.order("DEBUG", "POPULATE", "2000", "filler", "1000")
        expect("started" in storm.server.call("BGREWRITEAOF"), "the file is not written anew")
        storm.wait_for(lambda: storm.server.info("aof_rewrite_in_progress") == "0", "the file is not written anew")
        storm.load(500)
        storm.server.stop()
        storm.server.start("--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024", until_ready=False)
        storm.wait_for(lambda: storm.server.call("PING").startswith("LOADING"), "it is never loading", 20)
        took = storm.wait_for(lambda: storm.server.call("PING") == "PONG", "it never ends loading")
        storm.load(1000)
        storm.check()
        return f"loading for {took:.1f} s; {storm.summary()}"


def scripts_forgotten(folder, seed):
    with Storm(folder, seed) as storm:
        for _ in range(5):
            storm.load(500)
            storm.server.order("SCRIPT", "FLUSH")
        storm.load(500)
        storm.check()
        refused = sum(publisher.refused for publisher in storm.publishers)
        expect(refused == 0, f"{refused} were refused")
        return storm.summary()


def connections_cut(folder, seed):
    """All connections of all nodes, again and again: nothing is lost, nothing comes twice."""
    with Storm(folder, seed) as storm:
        for _ in range(10):
            storm.load(300)
            storm.server.call("CLIENT", "KILL", "TYPE", "normal")
        storm.load(500)
        storm.check()
        return storm.summary()


def all_gone(*command):
    """What says where the log stands is evicted or deleted under nodes, at one of which nobody publishes: the log begins anew, and all are told."""
    def case(folder, seed):
        with Storm(folder, seed) as storm:
            storm.load(1000)
            storm.check()
            # It appends nothing, so it has to find out by reading.
            storm.add_node("quiet")
            storm.load(500)
            storm.check()
            storm.rest()
            storm.truth.lose({})
            storm.server.call(*command)
            storm.truth.go_on()
            storm.go_on()
            storm.load(1500)
            storm.check()
            resets = storm.reset_count
            # Whoever comes new finds the same.
            storm.add_node("new")
            storm.load(500)
            storm.check()
            expect(storm.reset_count == resets, "readers are reset again, when nothing is lost any more")
            return storm.summary()

    return case


def one_gone(key):
    """A key that nodes make anew: nothing is lost, and whoever comes new finds all."""
    def case(folder, seed):
        with Storm(folder, seed) as storm:
            storm.load(1000)
            for _ in range(3):
                storm.server.call("DEL", key)
                storm.load(500)
            storm.check()
            storm.add_node("new")
            storm.load(500)
            storm.check()
            return storm.summary()

    return case


def log_gone(folder, seed):
    """What nobody had read yet is lost, and nobody can begin: until somebody deletes where the log stands, too."""
    with Storm(folder, seed) as storm:
        storm.load(1000)
        storm.check()
        storm.load(500)
        storm.truth.lose({})
        storm.server.call("DEL", "{tg}:log")
        storm.last(3)
        storm.server.call("DEL", "{tg}:meta")
        storm.last(3)
        storm.truth.go_on()
        storm.load(1500)
        storm.check()
        resets = storm.reset_count
        storm.add_node("new")
        storm.load(500)
        storm.check()
        expect(storm.reset_count == resets, "readers are reset again, when nothing is lost any more")
        return storm.summary()


def lagging(folder, seed):
    """The log goes while a node stands still: it can't go on, and begins with the next checkpoint of the others."""
    with Storm(folder, seed, settings={"checkpointBytes": 1024}) as storm:
        storm.load(1000)
        storm.check()
        late = storm.nodes[1]
        late.freeze()
        storm.load(300)
        storm.rest()
        for node in (storm.nodes[0], storm.nodes[2]):
            storm.fresh(node)
        # Readers that come to it with what the others know are reset there, as long as it lags.
        storm.truth.lose(storm.truth.answers())
        storm.server.call("DEL", "{tg}:log")
        storm.go_on()
        storm.load(300)
        late.thaw()
        took = storm.wait_for(
            lambda: late.told("the cluster's log was loaded") > 1 and late.readiness()[0] == 200, "it never goes on")
        storm.load(500)
        storm.check()
        return f"there again after {took:.0f} s; {storm.summary()}"


CASES = [
    ("redis is out of memory", out_of_memory),
    ("redis has too few replicas", too_few_replicas),
    ("redis is read-only for a while", read_only),
    ("redis can't write its file", no_disk),
    ("redis is loading", loading),
    ("scripts are forgotten", scripts_forgotten),
    ("all connections are cut", connections_cut),
    ("the key meta is gone", all_gone("DEL", "{tg}:meta")),
    ("all keys are gone", all_gone("FLUSHALL")),
    ("the key writers is gone", one_gone("{tg}:writers")),
    ("the key log is gone, then meta", log_gone),
    ("the key log is gone, and a node lags", lagging),
    ("the lock is gone", one_gone("{tg}:lock")),
]
