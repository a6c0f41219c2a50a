"""Checkpoints, one after the other; nodes that come new; and who makes a checkpoint dies."""

import json

from gateway import PATIENCE
from outages import expect
from storms import Storm

# The smallest that a setting takes: one as often as they may come, every ten seconds.
TINY = {"checkpointBytes": 1024}
TOPICS = 300_000


def last(storm):
    """The position of the last one; 0 without."""
    return int((storm.server.call("HGET", "{tg}:meta", "checkpoint").split() or ["0"])[0])


def joins_under_load(folder, seed):
    with Storm(folder, seed, settings=TINY) as storm:
        storm.load(2000)
        storm.wait_for(lambda: last(storm) > 0, "no checkpoint is made")
        storm.load(1000)
        storm.add_node("d")
        storm.load(1000)
        storm.check()
        return storm.summary()


def many(folder, seed):
    """Nodes come and go while checkpoints are made: they begin with one of them, and the log behind it."""
    with Storm(folder, seed, settings=TINY) as storm:
        for number in range(4):
            known = last(storm)
            storm.wait_for(lambda: last(storm) > known, "no checkpoint is made")
            storm.load(500)
            storm.nodes[number % 3].kill()
            storm.nodes[number % 3].start()
            storm.load(500)
            storm.check()
        length = int(storm.server.call("XLEN", "{tg}:log"))
        expect(length < storm.truth.answered_count, f"the log is never cut: it has {length} records")
        checkpoints = storm.server.call("KEYS", "{tg}:checkpoint:*").splitlines()
        expect(len(checkpoints) <= 3, f"checkpoints are left behind: {checkpoints}")
        return f"{length} records of log; {storm.summary()}"


def maker_killed(folder, seed):
    """The node that makes a checkpoint dies in its middle: another one makes the next, and what is half there goes by itself."""
    with Storm(folder, seed, settings=TINY) as storm:
        fill(storm.nodes[0])
        # Of a few values, and so soon done.
        known, dead = last(storm), []
        for _ in range(2):
            maker = maker_at_work(storm, known)
            node = next(node for node in storm.nodes if node.name == maker)
            node.kill()
            dead.append(node)
            storm.load(300)
        took = storm.wait_for(lambda: last(storm) > known, "nobody makes the next", 2 * PATIENCE)
        for node in dead:
            node.start()
        storm.load(300)
        storm.check()
        storm.add_node("d")
        storm.check()
        halves = halves_of(storm)
        storm.wait_for(lambda: not halves & halves_of(storm), "what is half there does not go", 2 * PATIENCE)
        return f"{len(dead)} killed, the next after {took:.0f} s; {storm.summary()}"


def fill(node):
    """So many values that a checkpoint takes a while."""
    lines = "".join(f'{{"topic":"ballast/{n}","data":"{"x" * 200} {n}"}}\n' for n in range(TOPICS))
    status, _, text = node.ask_lines("/publish", lines)
    expect(status == 200 and json.loads(text)["accepted"] == TOPICS, f"{TOPICS} values are answered {status} {text[:200]}")


def halves_of(storm):
    """The checkpoints that are not the last nor the one before: they are not whole yet, or never will be."""
    whole = storm.server.call("HMGET", "{tg}:meta", "checkpoint", "before")
    keys = storm.server.call("--scan", "--pattern", "{tg}:checkpoint:*").splitlines()
    return {key for key in keys if key.rpartition(":")[2] not in whole}


def maker_at_work(storm, known):
    """The name of the node that is making a checkpoint at this moment, and has not made it."""
    before, maker = halves_of(storm), [""]

    def is_at_work():
        maker[0] = storm.server.call("GET", "{tg}:lock")
        return maker[0] and halves_of(storm) - before

    storm.wait_for(is_at_work, "nobody makes a checkpoint", 2 * PATIENCE)
    expect(last(storm) == known, "the checkpoint is made already")
    return maker[0]


CASES = [
    ("a new node joins under load", joins_under_load),
    ("many checkpoints", many),
    ("who makes a checkpoint is killed", maker_killed),
]
