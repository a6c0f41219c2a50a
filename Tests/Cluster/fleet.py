"""What one node is asked holds on all of them: tickets, and whose connections are to end."""

import hashlib
import json
import shutil
import socket
import subprocess
import threading
import time

from failovers import Pair
from gateway import ROOT, free_port
from nodes import Node
from outages import expect
from rights import RIGHTS
from servers import ENDING_WITH_US, Server, Skip, wait_for
from storms import FORGETFUL, PERSISTENT

KEY = "tg_of-the-shop"


class GuardedNode(Node):
    """Strangers may nothing; one key may make tickets for others, and sees what operators see."""

    def configuration(self):
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        key = {"name": "shop", "hash": f"sha256:{digest}", "subscribe": ["**"], "publish": ["**"], "grant": ["**"], "operate": True}
        return super().configuration() | {"access": {"anonymous": {}, "keys": [key], "failures": 100000}}

    def ask(self, method, path, body=None, patience=60, key=KEY):
        connection = self.connection(patience)
        try:
            fields = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def ticket(self, subject="ann"):
        status, _, text = self.ask("POST", "/tickets", json.dumps({"subject": subject, "subscribe": ["orders/{subject}/**"]}))
        expect(status == 200, f"{self.name} makes no ticket: {status} {text}")
        return json.loads(text)["ticket"]

    def poll(self, ticket, topics="orders/ann/*"):
        """Status and answer of who shows a ticket and nothing else."""
        status, fields, text = self.ask("GET", f"/poll?topics={topics}&wait=0&ticket={ticket}", key=None)
        return status, json.loads(text), fields


class Fleet:
    """`with Fleet(folder) as fleet`: three guarded nodes on one server, where they may do no more than they need, and nobody else."""

    def __init__(self, folder, pair=None, persistence=PERSISTENT):
        self.folder = folder
        self.server = pair or Server(folder, options=[*persistence, f"user tidegate on >s3cret {RIGHTS}"])
        self.nodes, self.readers = [], []

    def __enter__(self):
        try:
            self.server.start()
            url, settings = self.server.url, {}
            if isinstance(self.server, Server):
                (self.folder / "secret").write_text("s3cret", encoding="utf-8")
                url, settings = url.replace("//", "//tidegate@"), {"secret": f"file:{self.folder}/secret"}
            for name in "abc":
                self.nodes.append(GuardedNode(self.folder, name, url, settings).start())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for reader in self.readers:
            reader.end()
        for node in self.nodes:
            if node.is_frozen:
                node.thaw()
            node.retire()
        self.server.retire()


def ticket_keys(server):
    return server.call("KEYS", "{tg}:ticket:*").split()


def statuses(nodes, ticket):
    """What those are answered who show one ticket at all nodes at once, some at each."""
    answers, begin = [], threading.Barrier(len(nodes) * 3)

    def show(node):
        begin.wait()
        answers.append(node.poll(ticket)[0])

    threads = [threading.Thread(target=show, args=(node,)) for node in nodes for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def judged(node, ticket):
    """What the node answers as soon as it can know."""
    answers = []

    def is_known():
        answers.append(node.poll(ticket)[0])
        return answers[-1] != 503

    wait_for(is_known, f"{node.name} never knows whether a ticket is good")
    return answers[-1]


def tickets(folder, _):
    """A ticket of one node is good at another, once, whoever else shows it there or elsewhere at the same time."""
    with Fleet(folder) as fleet:
        first = fleet.nodes[0]
        for turn in range(30):
            node = fleet.nodes[turn % 3]
            found = statuses(fleet.nodes, node.ticket())
            expect(found == [200] + [401] * 8, f"one ticket of {node.name} is answered {found}")
        # A poll goes on with the next one, wherever it comes.
        ticket, seen = first.ticket(), set()
        for turn in range(30):
            status, answer, _ = fleet.nodes[turn % 3].poll(ticket)
            expect(status == 200 and answer.get("ticket") not in seen | {None}, f"poll {turn} is answered {status} {answer}")
            seen.add(ticket)
            ticket = answer["ticket"]
        expect(all(node.poll(old)[0] == 401 for node, old in zip(fleet.nodes, sorted(seen))), "a ticket that was shown is good again")
        # Its rights are those of who made it, there as here.
        status, answer, _ = fleet.nodes[1].poll(first.ticket("bob"))
        expect(status == 403, f"bob reads what is ann's: {status} {answer}")
        ticket = first.ticket()
        keys = ticket_keys(fleet.server)
        expect(keys and not any(ticket in key for key in keys), f"the server knows more than the ticket's hash: {keys}")
        expect(all(0 < int(fleet.server.call("PTTL", key)) <= 30_000 for key in keys), "a ticket's key does not go by itself")
        expect(not any(ticket in line for node in fleet.nodes for line in node.lines), "a log has a ticket")
        refused = fleet.server.call("ACL", "LOG")
        expect(refused == "", f"what the nodes' user may not do was tried: {refused}")
        return f"{30 * 9} shown, 30 polls"


def tickets_and_settings(folder, _):
    """A key that is gone from a node's settings takes its tickets with it there, also those that were made before."""
    with Fleet(folder) as fleet:
        one, other, third = fleet.nodes
        kept = [one.ticket() for _ in range(2)]
        settings = json.loads(other.settings.read_text())
        settings["access"]["keys"][0]["hash"] = "sha256:" + "0" * 64
        other.settings.write_text(json.dumps(settings))
        status, _, text = other.ask("POST", "/operations/reload", "")
        expect(status == 200, f"the reload is answered {status} {text}")
        expect(other.poll(kept[0])[0] == 401, "a ticket of a key that is gone is good")
        expect(third.poll(kept[1])[0] == 200, "a ticket of a key that is there is not good")
        return ""


def tickets_without_redis(folder, _):
    """Nobody is let in while it can't be known whether a ticket is spent; then all goes on, and what was spent stays spent."""
    with Fleet(folder) as fleet:
        one, other, _ = fleet.nodes
        ticket = one.ticket()
        fleet.server.freeze()
        began = time.monotonic()
        status, answer, fields = other.poll(ticket)
        took = time.monotonic() - began
        expect(status == 503 and answer["code"] == "overloaded" and "Retry-After" in fields, f"answered {status} {answer}")
        expect(took < 5, f"it takes {took:.1f} s to say so")
        status, fields, text = one.ask("POST", "/tickets", "")
        expect(status == 503 and "Retry-After" in fields, f"a ticket is made of nothing: {status} {text}")
        # Who has something else to show comes in.
        expect(other.ask("GET", "/topics?limit=1")[0] == 200, "a key is not believed")
        fleet.server.thaw()

        def is_good(node):
            status, _, text = node.ask("POST", "/tickets", "")
            return status == 200 and fleet.nodes[2].poll(json.loads(text)["ticket"])[0] == 200

        back = wait_for(lambda: all(is_good(node) for node in fleet.nodes), "tickets do not work again")
        # Asked for before: whether it was taken then nobody knows, and now it is good once at most.
        found = statuses(fleet.nodes, ticket)
        expect(found in ([401] * 9, [200] + [401] * 8), f"a ticket of before is answered {found}")
        return f"503 after {took:.1f} s, good again after {back:.1f} s"


def make_tickets(nodes):
    """Whether all of them do: each finds its way back to the server by itself."""
    return all(node.ask("POST", "/tickets", "")[0] == 200 for node in nodes)


def tickets_over_restarts(folder, _):
    """A server that restarts may have forgotten what was spent. So nothing of before is good, and all that comes after."""
    with Fleet(folder) as fleet:
        one, other, _ = fleet.nodes
        for end in (fleet.server.stop, fleet.server.kill):
            spent, unspent = one.ticket(), one.ticket()
            expect(other.poll(spent)[0] == 200, "a ticket is not good")
            end()
            expect(other.poll(unspent)[0] == 503, "it is known whether a ticket is good though nobody can say")
            fleet.server.start()
            wait_for(lambda: make_tickets(fleet.nodes), "no tickets are made any more")
            for ticket in (spent, unspent):
                expect(judged(other, ticket) == 401, "a ticket of before the restart is good")
            found = statuses(fleet.nodes, one.ticket())
            expect(found == [200] + [401] * 8, f"a new one is not good once: {found}")
        return ""


def tickets_over_a_failover(folder, _):
    """The replica has not heard which tickets were spent when it becomes the primary: there they are again, and good to nobody."""
    pair = Pair(folder)
    with Fleet(folder, pair) as fleet:
        one, other, _ = fleet.nodes
        made = [one.ticket() for _ in range(6)]
        pair.wait_until_even()
        pair.shut_out()
        expect([other.poll(ticket)[0] for ticket in made[:3]] == [200] * 3, "tickets are not good")
        pair.primary.kill()
        pair.wait_until_promoted()
        expect(len(ticket_keys(pair.primary)) == 6, "the new primary has heard of it after all")
        wait_for(lambda: make_tickets(fleet.nodes), "no tickets are made any more")
        for ticket in made:
            expect(judged(other, ticket) == 401, "a ticket of before the failover is good")
        found = statuses(fleet.nodes, one.ticket())
        expect(found == [200] + [401] * 8, f"a new one is not good once: {found}")
        return ""


HAPROXY = """
defaults
    mode http
    timeout connect 2s
    timeout client 50s
    timeout server 50s
    timeout tunnel 1h
frontend public
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance roundrobin
    {servers}
"""

HANDSHAKE = (
    "GET /ws?topics=orders/ann/*&ticket={} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def tickets_behind_haproxy(folder, _):
    """A balancer that deals in turns: the page's server gets the ticket at one node, the page shows it to the next."""
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if not program or not shutil.which("node"):
        raise Skip("haproxy or node is not installed")
    with Fleet(folder) as fleet:
        port = free_port()
        servers = "\n    ".join(f"server {node.name} 127.0.0.1:{node.port}" for node in fleet.nodes)
        (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, servers=servers))
        with subprocess.Popen([*ENDING_WITH_US, program, "-f", str(folder / "haproxy.cfg")], stderr=subprocess.DEVNULL) as balancer:
            try:
                return behind(port, fleet)
            finally:
                balancer.terminate()


def behind(port, fleet):
    wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "haproxy does not start")
    balanced = GuardedNode.__new__(GuardedNode)
    balanced.name, balanced.port = "haproxy", port
    for turn in range(6):
        with socket.create_connection(("127.0.0.1", port), 20) as peer:
            peer.sendall(HANDSHAKE.format(balanced.ticket(), port).encode())
            answer = peer.recv(4096).decode(errors="replace")
            expect(answer.startswith("HTTP/1.1 101"), f"handshake {turn} is answered {answer}")
    fleet.nodes[0].ask("PUT", "/topics/orders/ann/1", "7")
    for transport in ("sse", "poll"):
        done = subprocess.run(
            ["node", str(ROOT / "Tests" / "Cluster" / "ticketed.mjs"), f"http://127.0.0.1:{port}", KEY, transport],
            capture_output=True, text=True, check=False, timeout=60)
        expect(done.returncode == 0, f"the library by {transport}: {done.stdout}{done.stderr}")
    return "6 WebSockets, and the library by event stream and poll"


class StreamReader:
    """One of ann's at a node: an event stream."""

    def __init__(self, node):
        self.peer = socket.create_connection(("127.0.0.1", node.port), 60)
        self.peer.sendall(f"GET /sse?topics=orders/ann/*&ticket={node.ticket()} HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\n\r\n".encode())
        self.text = ""
        self.read_until(": tidegate")

    def read_until(self, words):
        while words not in self.text:
            piece = self.peer.recv(4096)
            expect(piece, f"the stream ends before {words}: {self.text}")
            self.text += piece.decode()

    def expect_end(self):
        self.read_until("event: goodbye")
        expect("unauthenticated" in self.text, f"it ends otherwise: {self.text}")
        self.end()

    def end(self):
        self.peer.close()


def disconnect(node, **whom):
    """What the node answers, and in how many seconds."""
    began = time.monotonic()
    status, _, text = node.ask("POST", "/operations/disconnect", json.dumps(whom))
    expect(status == 200, f"{whom} is answered {status} {text}")
    return json.loads(text), time.monotonic() - began


def disconnections(folder, _):
    """Whoever is named ends at all nodes, and all are counted; a node of which nobody knows whether it has done it is named."""
    # Nothing is kept of an order, so no disk that is busy is to be waited for.
    with Fleet(folder, persistence=FORGETFUL) as fleet:
        one, other, third = fleet.nodes
        wait_for(lambda: all(len(known(node)) == 3 for node in fleet.nodes), "the nodes do not know one another")
        times = []
        for node in fleet.nodes:
            readers = [StreamReader(at) for at in fleet.nodes for _ in range(2)]
            answer, took = disconnect(node, subject="ann")
            expect(answer == {"disconnected": 6, "nodes": 3}, f"{node.name} answers {answer}")
            times.append(took)
            for reader in readers:
                reader.expect_end()
        expect(max(times) < 3, f"it takes {times} s")
        answer, _ = disconnect(one, subject="nobody")
        expect(answer == {"disconnected": 0, "nodes": 3}, f"of nobody: {answer}")
        # Many at once, at all nodes.
        answers = []
        readers = [StreamReader(at) for at in fleet.nodes]
        askers = [
            threading.Thread(target=lambda node=node, name=name: answers.append(disconnect(node, subject=name)[0]))
            for node in fleet.nodes for name in ["ann", *(f"x{number}" for number in range(9))]]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        expect(all(answer["nodes"] == 3 and "missing" not in answer for answer in answers), f"thirty at once: {answers}")
        # Whoever is first at a node counts her there.
        count = sum(answer["disconnected"] for answer in answers)
        expect(count == 3, f"thirty at once end {count}")
        for reader in readers:
            reader.expect_end()

        readers = [StreamReader(at) for at in fleet.nodes]
        third.freeze()
        answer, took = disconnect(other, subject="ann")
        expect(answer == {"disconnected": 2, "nodes": 2, "missing": ["c"]}, f"while c stands still: {answer}; {known(other)}")
        expect(took < 6, f"while c stands still it takes {took:.1f} s")
        third.thaw()
        # It hears of it within ten seconds, and does it.
        for reader in readers:
            reader.expect_end()

        reader = StreamReader(one)
        fleet.server.freeze()
        answer, took = disconnect(one, subject="ann")
        fleet.server.thaw()
        expect(answer == {"disconnected": 1, "nodes": 1, "missing": ["b", "c"]}, f"while redis stands still: {answer}")
        expect(took < 6, f"while redis stands still it takes {took:.1f} s")
        reader.expect_end()

        third.kill()
        wait_for(lambda: any(word.get("away") for word in known(one)), "nobody misses c")
        answer, took = disconnect(one, subject="ann")
        expect(answer == {"disconnected": 0, "nodes": 2, "missing": ["c"]}, f"when c is gone: {answer}")
        expect(took < 3, f"nobody need wait for c, and it takes {took:.1f} s")
        # One that has ended in order has nobody, and is not missed.
        other.stop()
        answer, took = disconnect(one, subject="ann")
        expect(answer == {"disconnected": 0, "nodes": 1, "missing": ["c"]}, f"when b has ended: {answer}")
        expect(took < 3, f"nobody need wait for b, and it takes {took:.1f} s")
        refused = fleet.server.call("ACL", "LOG")
        expect(refused == "", f"what the nodes' user may not do was tried: {refused}")
        return f"all have done it after {max(times):.2f} s at most"


def known(node):
    return json.loads(node.ask("GET", "/nodes")[2])["nodes"]


def tickets_without_the_right(folder, _):
    """A user of the server as it was enough before: all but tickets goes on, and the log says what is lacked."""
    with Fleet(folder) as fleet:
        fleet.server.order("ACL", "SETUSER", "tidegate", "-getdel")
        one, other, _ = fleet.nodes
        for _ in range(3):
            status, answer, _ = other.poll(one.ticket())
            expect(status == 503, f"a ticket that can't be taken is answered {status} {answer}")
        expect(other.told("the cluster's server refuses tickets") == 1, "the log does not say it, or more than once")
        expect(one.ask("PUT", "/topics/a/b", "1")[0] in (200, 204), "nothing can be published")
        answer, _ = disconnect(one, subject="ann")
        expect(answer == {"disconnected": 0, "nodes": 3}, f"an order is answered {answer}")
        fleet.server.order("ACL", "SETUSER", "tidegate", "+getdel")
        expect(other.poll(one.ticket())[0] == 200, "with the right a ticket is not good")
        return ""


CASES = [
    ("a ticket of one node is good at another", tickets),
    ("a ticket of a key that is gone", tickets_and_settings),
    ("tickets while redis is away", tickets_without_redis),
    ("tickets over restarts of redis", tickets_over_restarts),
    ("tickets over a failover", tickets_over_a_failover),
    ("tickets without the right", tickets_without_the_right),
    ("tickets behind haproxy", tickets_behind_haproxy),
    ("somebody is disconnected from all nodes", disconnections),
]
