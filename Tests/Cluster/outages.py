"""Nodes that die and sleep, a Redis that restarts and is away."""

import time

from gateway import Failure
from servers import Server
from storms import FORGETFUL, PERSISTENT, Storm


def expect(is_so, problem):
    if not is_so:
        raise Failure(problem)


def under_load(folder, seed):
    with Storm(folder, seed) as storm:
        for _ in range(3):
            storm.load(3000)
            storm.check()
        expect(storm.reset_count == 0, "somebody was reset")
        return storm.summary()


def node_killed(folder, seed):
    """kill -9 in the middle of what it does: between append and answer, too. Whoever was there goes on elsewhere."""
    with Storm(folder, seed) as storm:
        for number in range(4):
            storm.load(800)
            node = storm.nodes[number % len(storm.nodes)]
            node.kill()
            storm.load(800)
            node.start()
            storm.load(400)
            storm.check()
        return storm.summary()


def all_nodes_killed(folder, seed):
    """All at once: what was answered is in the log."""
    with Storm(folder, seed) as storm:
        for _ in range(2):
            storm.load(800)
            for node in storm.nodes:
                node.kill()
            for node in storm.nodes:
                node.start()
            storm.load(400)
            storm.check()
        return storm.summary()


def node_paused(folder, seed):
    """It stands still for 20 s while the others go on, and then goes on where it was."""
    with Storm(folder, seed) as storm:
        storm.load(800)
        storm.nodes[1].freeze()
        began = storm.truth.answered_count
        storm.last(20)
        missed = storm.truth.answered_count - began
        expect(missed > 500, f"only {missed} updates came while it stood still")
        storm.nodes[1].thaw()
        storm.load(800)
        storm.check()
        return f"{missed} updates meanwhile; {storm.summary()}"


def restart_with_file(folder, seed):
    server = Server(folder, options=PERSISTENT)
    with Storm(folder, seed, server=server) as storm:
        for end in (server.stop, server.kill, server.kill):
            storm.load(1000)
            end()
            storm.last(1)
            server.start()
            storm.load(1000)
            storm.check()
        return storm.summary()


def restart_empty(folder, seed):
    """All is lost, all readers are told so, and then all goes on."""
    server = Server(folder, options=FORGETFUL)
    with Storm(folder, seed, server=server) as storm:
        storm.load(1500)
        storm.check()
        storm.truth.lose({})
        server.kill()
        storm.calm()
        storm.truth.go_on()
        server.start()
        storm.load(1500)
        storm.check()
        expect(all(reader.resets for reader in storm.readers),
               f"not reset: {[reader.name for reader in storm.readers if not reader.resets]}")
        # And only once: from here on nothing is lost.
        storm.check_no_more_resets()
        return storm.summary()


def bus_away(folder, seed):
    """Redis stands still: readers stay, publishers are refused after a while, and so is whoever asks /readyz; then all flows."""
    with Storm(folder, seed) as storm:
        storm.load(1000)
        storm.check()
        connections = [reader.connections for reader in storm.staying]
        storm.server.freeze()
        began = time.monotonic()
        signs = {
            "publishers refused": lambda: sum(publisher.refused for publisher in storm.publishers) >= 3,
            "readers told": lambda: all(reader.is_stale for reader in storm.staying[1:]),
            "/readyz 503": lambda: all(node.readiness()[0] == 503 for node in storm.nodes),
        }
        seen = {}

        def all_seen():
            for name, sign in signs.items():
                if name not in seen and sign():
                    seen[name] = time.monotonic() - began
            return len(seen) == len(signs)

        storm.wait_for(all_seen, f"of what is to be seen comes no more than {seen}", 30)
        expect("\"code\"" in storm.nodes[0].readiness()[1], "/readyz says nothing")
        expect(storm.nodes[0].ask("GET", "/topics?limit=1")[0] == 200, "values can't be read")
        storm.server.thaw()
        back = storm.wait_for(lambda: all(node.readiness()[0] == 200 for node in storm.nodes), "/readyz does not come back", 30)
        storm.load(1000)
        storm.check()
        expect(not any(reader.is_stale for reader in storm.staying), "readers are still told that it is away")
        stayed = [reader.connections - count for reader, count in zip(storm.staying[1:], connections[1:])]
        expect(stayed == [0, 0], f"readers that stay have had to come back: {stayed}")
        times = ", ".join(f"{name} after {seconds:.1f} s" for name, seconds in seen.items())
        return f"{times}, ready {back:.1f} s after it goes on; {storm.summary()}"


def short_sleep(folder, seed):
    """Redis stands still for two seconds: publishers wait, and nobody is refused."""
    with Storm(folder, seed) as storm:
        for _ in range(3):
            storm.load(700)
            storm.server.freeze()
            storm.last(2)
            storm.server.thaw()
        storm.load(700)
        storm.check()
        refused = sum(publisher.refused for publisher in storm.publishers)
        expect(refused == 0, f"{refused} were refused")
        return storm.summary()


CASES = [
    ("three nodes under load", under_load),
    ("a node is killed", node_killed),
    ("all nodes are killed", all_nodes_killed),
    ("a node stands still for 20 s", node_paused),
    ("redis restarts with its file", restart_with_file),
    ("redis restarts empty", restart_empty),
    ("redis is away", bus_away),
    ("redis stands still for 2 s", short_sleep),
]
