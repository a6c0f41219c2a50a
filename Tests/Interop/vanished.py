"""Peers that vanish without a word: their packets are dropped, between two network namespaces."""

import asyncio
import os

from gateway import PATIENCE
from prerequisites import Skip, need

# Of each kind one: a stream that is told little, a WebSocket, a poll that waits, lines that pause.
CLIENT = """
import socket, sys
address = (sys.argv[1], int(sys.argv[2]))
def ask(text, wanted):
    client = socket.create_connection(address)
    client.sendall(text.replace("\\n", "\\r\\n").encode())
    held = b""
    while wanted and wanted not in held:
        held += client.recv(65536)
    return client
stream = ask("GET /sse?topics=quiet HTTP/1.1\\nHost: x\\n\\n", b"event: live")
upgrade = "Connection: Upgrade\\nUpgrade: websocket\\nSec-WebSocket-Version: 13\\n"
ws = ask("GET /ws?topics=quiet HTTP/1.1\\nHost: x\\n" + upgrade
         + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\n\\n", b'"live"')
poll = ask("GET /poll?topics=quiet&wait=60&cursor=" + sys.argv[3] + " HTTP/1.1\\nHost: x\\n\\n", None)
lines = ask("POST /publish HTTP/1.1\\nHost: x\\nContent-Type: application/x-ndjson\\n"
            "Transfer-Encoding: chunked\\n\\n18\\n" + '{"topic":"other","data":1}'[:24] + "\\n", None)
lines.sendall(b"3\\r\\n1}\\n\\r\\n")
print("ready", flush=True)
sys.stdin.read()
"""


async def run(*words):
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    said = (await process.communicate())[1].decode().strip()
    if process.returncode != 0:
        raise Skip(f"{' '.join(words)}: {said}")


class Network:
    """Two ends of a wire, the other one in a namespace of its own."""

    def __init__(self):
        self.name = f"gate{os.getpid() % 100_000}"
        self.near, self.far = "10.231.7.1", "10.231.7.2"

    async def __aenter__(self):
        if os.geteuid() != 0:
            raise Skip("only root may make a network namespace")
        ip = need("ip")
        await run(ip, "netns", "add", self.name)
        await run(ip, "link", "add", self.name, "type", "veth", "peer", "name", "far", "netns", self.name)
        await run(ip, "address", "add", self.near + "/30", "dev", self.name)
        await run(ip, "link", "set", self.name, "up")
        await self.inside("ip", "address", "add", self.far + "/30", "dev", "far")
        await self.inside("ip", "link", "set", "far", "up")
        return self

    async def inside(self, *words):
        await run("ip", "netns", "exec", self.name, *words)

    async def cut(self):
        """From here on nothing comes back from the other end, and nothing says so."""
        await self.inside("ip", "route", "del", "10.231.7.0/30")

    async def __aexit__(self, *_):
        process = await asyncio.create_subprocess_exec("ip", "netns", "del", self.name)
        await process.wait()


async def vanished(gateway):
    async with Network() as network:
        async with gateway.http.get(f"http://127.0.0.1:{gateway.port}/poll?topics=quiet") as answer:
            cursor = (await answer.json())["cursor"]
        client = await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", network.name, "python3", "-c", CLIENT, network.near, str(gateway.port), cursor,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert await asyncio.wait_for(client.stdout.readline(), PATIENCE) == b"ready\n"
        await gateway.expect('tidegate_connections{transport="poll"}', 1)
        await network.cut()
        try:
            await gateway.expect('tidegate_connections_closed_total{reason="dead"}', 4)
        finally:
            client.kill()
            await client.wait()
    await gateway.end()
    log = (await gateway.log).decode()
    assert "a dead reader was closed" in log and "acknowledges nothing" in log, log


def tests():
    settings = {
        "host": "0.0.0.0", "subscribers.sendTimeout": 2, "subscribers.eventStreamHeartbeat": 0.5,
        "subscribers.pingInterval": 0.5, "access.anonymous.subscribe": "**", "access.anonymous.publish": "**",
        "access.anonymous.operate": "true",
    }
    yield "peers that vanish", settings, vanished
