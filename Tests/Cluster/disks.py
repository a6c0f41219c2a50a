"""The machine of the server loses its power: what the server handed to the system and not to the disk is gone."""

import os

from failovers import is_reset
from outages import expect
from powercut import Disk
from readers import TOPICS
from servers import Server, Skip
from storms import Storm

CUTS = 3
# An answer that is older than this is on the disk where the server syncs every second: a second until it does, and one to do it.
SAFE_AFTER = 3


def power_cut(mode):
    def case(folder, seed):
        try:
            disk = Disk(folder)
        except OSError as problem:
            raise Skip(f"no disk can be made here: {problem}") from None
        try:
            server = Server(disk.place, options=["appendonly yes", f"appendfsync {mode}", "maxmemory-policy noeviction"])
            server.start()
            # The server's settings are no part of what is lost.
            os.sync()
            with Storm(folder, seed, server=server) as storm:
                storm.load(1000)
                lost = [cut(storm, disk, mode) for _ in range(CUTS)]
                if mode == "everysec":
                    expect(any(lost), "nothing was lost, so these power cuts are none")
                return f"lost {', '.join(str(count) for count in lost)} updates; {storm.summary()}"
        finally:
            disk.remove()

    return case


def cut(storm, disk, mode):
    """How many updates of those that were answered are lost. A cursor of what survived is good, and one of what is lost is reset."""
    storm.check()
    storm.rest()
    if mode == "everysec":
        storm.gate.pause(SAFE_AFTER)
        storm.truth.lose(storm.truth.answers())
    good = storm.nodes[0].fresh(TOPICS)[1]
    storm.go_on()
    storm.load(300)
    storm.rest()
    answers, bad = storm.truth.answers(), storm.nodes[0].fresh(TOPICS)[1]
    disk.cut(storm.server)
    storm.server.start()
    storm.wait_for(lambda: all(node.epoch() != bad.split("-")[0] for node in storm.nodes), "no epoch begins")
    held = {}
    for update in storm.nodes[0].fresh(TOPICS)[0]:
        held[update["topic"]] = update["data"]["n"]
    lost = sum(max(number - held.get(topic, 0), 0) for topic, number in answers.items())
    expect(mode != "always" or not lost, f"{lost} updates are lost that were answered")
    for node in storm.nodes:
        expect(not is_reset(node, good), f"node {node.name} resets a cursor of what survived")
        expect(is_reset(node, bad) == bool(lost), f"node {node.name}: {lost} updates are lost, and a cursor of them is wrong")
    storm.truth.go_on()
    storm.go_on()
    storm.load(500)
    return lost


CASES = [
    ("power cut, appendfsync always", power_cut("always")),
    ("power cut, appendfsync everysec", power_cut("everysec")),
]
