"""Three sentinels, of which some are dead, stand still, or lie."""

import socket
import threading
import time

from outages import expect
from partitions import Trio
from storms import Storm


class Liar(threading.Thread):
    """What seems to be a sentinel, and answers every question with `answer`; None: with nothing."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.name_primary(server)
        self.asked = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        held = []
        while True:
            connection, _ = self.listener.accept()
            self.asked += 1
            # One that says nothing does not hang up either.
            held.append(connection)
            if self.answer is not None:
                connection.recv(4096)
                connection.sendall(self.answer)

    def name_primary(self, server):
        self.answer = f"*2\r\n$9\r\n127.0.0.1\r\n${len(str(server.port))}\r\n{server.port}\r\n".encode()


def by_sentinels(case, liar=None):
    def run(folder, seed):
        with Trio(folder) as trio:
            lie = liar(trio.servers[1]) if liar else None
            url = trio.url_behind(f"127.0.0.1:{lie.port}") if lie else trio.url
            with Storm(folder, seed, url=url) as storm:
                return f"{case(storm, trio, lie)}; {storm.summary()}"

    return run


def failed_over(storm, trio, lame):
    """The primary dies and a sentinel with it: the two others do without, and nodes ask them."""
    storm.load(1000)
    storm.rest()
    trio.wait_until_even()
    lame()
    trio.servers[0].kill()
    storm.go_on()
    began = time.monotonic()
    storm.load(1)
    took = time.monotonic() - began
    storm.load(1500)
    storm.check()
    # Who starts now does not know yet which of the sentinels is the good one.
    storm.nodes[2].kill()
    storm.nodes[2].start()
    storm.load(500)
    storm.check()
    return f"answers after {took:.1f} s"


def one_dead(storm, trio, _):
    return failed_over(storm, trio, trio.sentinels[0].kill)


def one_frozen(storm, trio, _):
    return failed_over(storm, trio, trio.sentinels[0].freeze)


def one_lies(storm, trio, liar):
    """The first that nodes ask names a replica, a port where nobody is, no primary, nonsense; or says nothing. They believe none of it."""
    lies = [
        lambda: liar.name_primary(trio.servers[2]), lambda: liar.name_primary(Dead()), lambda: setattr(liar, "answer", b"*-1\r\n"),
        lambda: setattr(liar, "answer", b"$-1\r\n"), lambda: setattr(liar, "answer", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda: setattr(liar, "answer", b"*2\r\n$0\r\n\r\n$1\r\n0\r\n"), lambda: setattr(liar, "answer", b"*2147483647\r\n"),
        lambda: setattr(liar, "answer", None),
    ]
    for number, lie in enumerate(lies):
        lie()
        node = storm.nodes[number % 3]
        node.kill()
        asked = liar.asked
        node.start()
        storm.load(200)
        expect(liar.asked > asked, "the liar was not asked")
    storm.check()
    expect(storm.reset_count == 0, "somebody was reset")
    return f"{len(lies)} lies"


class Dead:
    port = 1


CASES = [
    ("sentinels: one is dead when the primary dies", by_sentinels(one_dead)),
    ("sentinels: one stands still when the primary dies", by_sentinels(one_frozen)),
    ("sentinels: one lies", by_sentinels(one_lies, Liar)),
]
