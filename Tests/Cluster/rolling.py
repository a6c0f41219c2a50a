"""All nodes are restarted in turn, behind HAProxy, and readers of the browser library miss nothing."""

import json
import pathlib
import shutil
import subprocess
import threading
import urllib.request

from gateway import PATIENCE, ROOT, Failure, binary, free_port
from nodes import Node
from servers import ENDING_WITH_US, Server, Skip, wait_for
from storms import PERSISTENT

# Of the goodbyes, in seconds: two cores for three nodes, HAProxy, Redis and all clients take in 300 readers a second.
SPREAD = 8


class SettlingNode(Node):
    """It gives HAProxy time to notice, and is started again whenever it ends with status 0, as systemd would."""

    def configuration(self):
        drain = {"settle": 4, "spread": SPREAD, "deadline": 12}
        return super().configuration() | {"drain": drain, "access": {"proxies": ["127.0.0.1"]}}

    def supervise(self):
        self.starts = 0
        threading.Thread(target=self._start_again, daemon=True).start()

    def _start_again(self):
        while self.process.wait() == 0:
            self.starts += 1
            self.start(until_ready=False)


class Balancer:
    """HAProxy, by the configuration of samples/cluster."""

    def __init__(self, folder, nodes, connections):
        program = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if not program:
            raise Skip("haproxy is not installed")
        self.port = free_port()
        text = (ROOT / "samples/cluster/haproxy.cfg").read_text(encoding="utf-8")
        for port, node in zip((8081, 8082, 8083), nodes):
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{node.port}")
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}").replace("maxconn 4000", f"maxconn {min(2 * connections + 1000, 9000)}")
        file = pathlib.Path(folder) / "haproxy.cfg"
        file.write_text(text, encoding="utf-8")
        self.process = subprocess.Popen([*ENDING_WITH_US, program, "-db", "-q", "-f", str(file)])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def retire(self):
        self.process.kill()
        self.process.wait(PATIENCE)


class Crowd:
    """Readers of the browser library, and their publisher, in Node."""

    def __init__(self, url, count):
        if not shutil.which("node") or not pathlib.Path("/usr/share/nodejs/ws").exists():
            raise Skip("Node and node-ws are not installed")
        self.process = subprocess.Popen(
            [*ENDING_WITH_US, "node", "--max-old-space-size=4096", str(ROOT / "Tests/Cluster/crowd.mjs"), url, str(count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure("the crowd has ended without a word")
        return json.loads(line)

    def retire(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def outcome(self):
        self.process.stdin.write("over\n")
        self.process.stdin.flush()
        return self._answer()


def expect(is_so, problem):
    if not is_so:
        raise Failure(problem)


def roll(nodes):
    """What `tidegate rolling` says."""
    done = subprocess.run(
        [binary(), "rolling", "--all", "--url", f"http://127.0.0.1:{nodes[0].port}", "--patience", str(PATIENCE)],
        capture_output=True, text=True, check=False, timeout=10 * PATIENCE)
    expect(done.returncode == 0, f"tidegate rolling ends with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def rolling(count, is_timed):
    def case(folder, _):
        server = Server(folder, options=PERSISTENT).start()
        started = [server]
        try:
            nodes = [SettlingNode(folder, name, server.url) for name in "abc"]
            for node in nodes:
                started.append(node.start())
            balancer = Balancer(folder, nodes, count)
            started.append(balancer)
            wait_for(balancer.is_ready, "HAProxy is not ready")
            crowd = Crowd(balancer.url, count)
            started.append(crowd)
            for node in nodes:
                node.supervise()
            roll(nodes)
            seen = crowd.outcome()
            expect(all(node.starts == 1 for node in nodes), f"restarts: {[node.starts for node in nodes]}")
            expect(not seen["faultCount"], f"{seen['faultCount']} faults:\n" + "\n".join(seen["faults"]))
            # Whoever has a connection that lasts was at a node that was restarted; each poll goes to whichever is ready.
            expect(seen["moves"] >= count * 2 // 3, f"only {seen['moves']} moves of {count} readers: {seen}")
            if is_timed:
                check_times(seen, count)
            return json.dumps(seen)
        finally:
            for one in reversed(started):
                one.retire()

    return case


def check_times(seen, count):
    # All readers are in one process, which may be late itself where the machine has no time for it.
    most, own = seen["staleBeyondHint"]["most"], seen["ownLateness"]["most"]
    expect(most <= 1000 + own, f"a reader was stale for {most} ms beyond its hint: {seen}")
    # The second node that is restarted has its third and a half of the first one's.
    allowed = 2 * (count / 2) / SPREAD
    expect(seen["peakConnects"] <= allowed, f"{seen['peakConnects']} readers came within a second, {allowed:.0f} may: {seen}")


CASES = [
    ("all nodes are restarted in turn, 300 readers", rolling(300, is_timed=False)),
    ("rolling restart, 5000 readers", rolling(5000, is_timed=True)),
]
