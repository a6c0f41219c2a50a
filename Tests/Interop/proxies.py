"""WebSocket, event streams and long polls through nginx and HAProxy, configured as docs/deployment/ says.

Their timeouts (60 s in nginx, 50 s in Debian's HAProxy) are set to 3 s here, and the gateway's heartbeats to 1 s, so
that a test need not wait for minutes to see that a silent connection is kept open, or cut where nothing beats.
"""

import asyncio
import json
import os
import re
import socket
import tempfile

import aiohttp

from clients import AIOHTTP, WebSockets
from gateway import BINARY, PATIENCE
from prerequisites import need
from scenario import scenario

CONFIGURATIONS = "docs/deployment"
TIMEOUT = 3
BEATING = {"subscribers.pingInterval": 1, "subscribers.eventStreamHeartbeat": 1}
# So many heartbeats take more than twice as long as the proxies wait.
BEATS = 2 * TIMEOUT + 1
SILENT = {"subscribers.pingInterval": 600, "subscribers.eventStreamHeartbeat": 600}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read(name, gateway_port, listen, port):
    """The documented configuration, with our ports in place of its own."""
    with open(f"{CONFIGURATIONS}/{name}", encoding="utf-8") as file:
        text = file.read()
    assert listen in text and "127.0.0.1:8080" in text
    local = listen.replace(":80", f" 127.0.0.1:{port}").replace(" 80;", f" 127.0.0.1:{port};")
    return text.replace(listen, local).replace("127.0.0.1:8080", f"127.0.0.1:{gateway_port}")


def nginx(folder, gateway_port, port):
    site = read("nginx.conf", gateway_port, "listen 80;", port)
    # Otherwise root's nginx changes the user of its workers, who could not write in our folder.
    user = "user root; " if os.geteuid() == 0 else ""
    with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as file:
        file.write(
            f"{user}daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;\n"
            f"events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n"
            + "".join(
                f"{name}_temp_path {folder}/{name};\n" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            )
            + f"proxy_read_timeout {TIMEOUT}s; proxy_send_timeout {TIMEOUT}s; client_body_timeout {TIMEOUT}s;\n"
            f"{site}}}\n"
        )
    return [need("nginx"), "-p", folder, "-c", f"{folder}/nginx.conf"]


def haproxy(folder, gateway_port, port):
    text = read("haproxy.cfg", gateway_port, "bind :80", port)
    text = re.sub(r"timeout (client|server) \d+s", rf"timeout \1 {TIMEOUT}s", text)
    with open(f"{folder}/haproxy.cfg", "w", encoding="utf-8") as file:
        file.write(text)
    return [need("haproxy"), "-db", "-q", "-f", f"{folder}/haproxy.cfg"]


# Each changes the tag of what it compresses: one makes it weak, one appends a mark to it.
def compressing_nginx(folder, gateway_port, port):
    command = nginx(folder, gateway_port, port)
    insert(f"{folder}/nginx.conf", "access_log off;", "gzip on; gzip_types application/json; gzip_min_length 1;")
    return command


def compressing_haproxy(folder, gateway_port, port):
    command = haproxy(folder, gateway_port, port)
    insert(f"{folder}/haproxy.cfg", "mode http", "compression algo gzip\n    compression type application/json")
    return command


def compressing_apache(folder, gateway_port, port):
    modules = "/usr/lib/apache2/modules"
    names = ["mpm_event", "authz_core", "filter", "deflate", "proxy", "proxy_http"]
    with open(f"{folder}/apache.conf", "w", encoding="utf-8") as file:
        file.write(
            f"ServerRoot {folder}\nServerName localhost\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nErrorLog /dev/stderr\n"
            + "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in names)
            + f"AddOutputFilterByType DEFLATE application/json\nProxyPass / http://127.0.0.1:{gateway_port}/\n"
        )
    return [need("apache2"), "-D", "FOREGROUND", "-f", f"{folder}/apache.conf"]


def insert(path, place, text, gap="\n    ", places=1):
    """Puts a text behind a place, and a gap between."""
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    assert whole.count(place) == places
    with open(path, "w", encoding="utf-8") as file:
        file.write(whole.replace(place, f"{place}{gap}{text}"))


class Proxy:
    """The proxy's process, in front of an endpoint of the gateway's, answering; by TLS where there is somebody to trust."""

    def __init__(self, command, gateway, place=0, trust=None):
        self.command = command
        self.gateway_port = int(gateway.addresses[place].rsplit(":", 1)[1])
        self.trust = trust

    async def __aenter__(self):
        self.folder = tempfile.TemporaryDirectory()
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.url = f"{'https' if self.trust else 'http'}://{self.address}"
        self.process = await asyncio.create_subprocess_exec(
            *self.command(self.folder.name, self.gateway_port, port), stderr=asyncio.subprocess.PIPE
        )
        self.errors = asyncio.create_task(self.process.stderr.read())
        self.http = aiohttp.ClientSession(self.url, connector=aiohttp.TCPConnector(ssl=self.trust or True))
        try:
            await asyncio.wait_for(self.answers(), PATIENCE)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def answers(self):
        """There is no event for a proxy that listens and has found its gateway; so it is asked until it has."""
        while True:
            assert self.process.returncode is None, (await self.errors).decode()
            try:
                async with self.http.get("/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)

    async def __aexit__(self, *_):
        await self.http.close()
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()
        await self.errors
        self.folder.cleanup()


async def beat(stream):
    """The next sign of life, which is a comment line and nothing else."""
    line = await asyncio.wait_for(stream.content.readline(), PATIENCE)
    assert line.startswith(b":"), line


async def event(stream):
    """The next block of an event stream, as its fields; comments under an empty name."""
    fields = {}
    while True:
        line = (await asyncio.wait_for(stream.content.readline(), PATIENCE)).decode()
        if not line:
            raise EOFError("the event stream ended")
        if line == "\n":
            return fields
        name, _, value = line.rstrip("\n").partition(":")
        fields[name] = value.strip()


async def live(stream):
    """Reads the snapshot to its end."""
    while (await event(stream)).get("event") != "live":
        pass


async def update(stream):
    """The next update; heartbeats before it are read over."""
    return json.loads((await event(stream))["data"])


async def websocket(proxy, gateway):
    await gateway.publish(*(f"proxy/{number}" for number in range(20)), data={"price": 1.25})
    await scenario(WebSockets(), f"ws://{proxy.address}/ws", "proxy", True)


async def websocket_kept_open(proxy, gateway):
    client = AIOHTTP()
    await client.open(f"ws://{proxy.address}/ws?topics=proxy/a", False, autoping=False)
    pings = 0

    async def text():
        """The next message; pings on the way are answered and counted."""
        nonlocal pings
        while True:
            message = await asyncio.wait_for(client.socket.receive(), PATIENCE)
            if message.type == aiohttp.WSMsgType.TEXT:
                return json.loads(message.data)
            assert message.type == aiohttp.WSMsgType.PING, message
            await client.socket.pong(message.data)
            pings += 1
            if pings == BEATS:
                await gateway.publish("proxy/a")

    while (await text())["type"] != "live":
        pass
    assert (await text())["type"] == "updates" and pings >= BEATS
    await client.close()


async def event_stream(proxy, gateway):
    async with proxy.http.get("/sse", params={"topics": "proxy/**"}) as stream:
        await live(stream)
        # Reads each before publishing the next: nothing may be held back.
        for number in range(3):
            await gateway.publish("proxy/a", data=number)
            assert (await update(stream))["data"] == number
        for _ in range(BEATS):
            await beat(stream)
        await gateway.publish("proxy/a", data="late")
        assert (await update(stream))["data"] == "late"


async def long_poll(proxy, gateway):
    async def poll(cursor, wait):
        async with proxy.http.get("/poll", params={"topics": "proxy/**", "cursor": cursor, "wait": wait}) as answer:
            assert answer.status == 200
            return await answer.json()

    await gateway.publish("proxy/a", data=0)
    cursor = (await poll("", 0))["cursor"]
    assert (await poll(cursor, 1))["updates"] == []
    waiting = asyncio.create_task(poll(cursor, TIMEOUT - 1))
    while await gateway.metric('tidegate_connections{transport="poll"}') == 0:
        if waiting.done():  # On a busy machine the wait may end before it was seen.
            waiting = asyncio.create_task(poll(cursor, TIMEOUT - 1))
    await gateway.publish("proxy/a", data=1)
    found = await waiting
    assert [update["data"] for update in (found["updates"] or (await poll(cursor, 0))["updates"])] == [1]


async def idle_poller(proxy, gateway):
    """It holds what it was sent under the tag that the proxy gave it, and is told nothing twice."""
    topics = [f"proxy/{number}" for number in range(20)]
    await gateway.publish(*topics, data={"price": 1.25})
    tag = changed = None

    async def poll():
        nonlocal tag, changed
        fields = {"If-None-Match": tag, "Accept-Encoding": "gzip"} if tag else {"Accept-Encoding": "gzip"}
        async with proxy.http.get("/poll", params={"topics": "proxy/*", "wait": "1"}, headers=fields) as answer:
            tag = answer.headers["ETag"]
            if answer.status == 304:
                return []
            found = await answer.json()
            assert "reset" not in found and answer.headers["Content-Encoding"] == "gzip"
            changed = tag != f'"{found["cursor"]}"'
            return [update["topic"] for update in found["updates"]]

    assert sorted(await poll()) == sorted(topics) and changed, f"no proxy has changed the tag {tag}"
    for topic in topics[:3]:
        # The first poll by a changed tag, and one by the tag of its answer.
        assert await poll() == [] and await poll() == []
        await gateway.publish(topic, data={"price": 2})
        assert await poll() == [topic] and changed


async def publishing(proxy, gateway):
    """A body of NDJSON arrives line by line, while it is being sent."""
    async with gateway.http.get(f"http://{gateway.address}/sse", params={"topics": "proxy/**"}) as stream:
        await live(stream)

        async def lines():
            for number in range(3):
                yield json.dumps({"topic": "proxy/a", "data": number}).encode() + b"\n"
                assert (await update(stream))["data"] == number

        async with proxy.http.post(
            "/publish", data=lines(), headers={"Content-Type": "application/x-ndjson"}
        ) as answer:
            assert await answer.json() == {"accepted": 3}


async def silent_lines(proxy, gateway):
    """`tidegate publish` is kept open by blank lines while its source is silent."""
    command = await asyncio.create_subprocess_exec(
        BINARY, "publish", "--url", f"http://{proxy.address}", "--keep-awake", "1",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async with gateway.http.get(f"http://{gateway.address}/sse", params={"topics": "proxy/a"}) as stream:
        await live(stream)
        command.stdin.write(b'{"topic":"proxy/a","data":1}\n')
        assert (await update(stream))["data"] == 1
        # The reader's heartbeats are the clock.
        for _ in range(BEATS):
            await beat(stream)
        command.stdin.write(b'{"topic":"proxy/a","data":2}\n')
        assert (await update(stream))["data"] == 2
    output, errors = await asyncio.wait_for(command.communicate(b""), PATIENCE)
    # Nothing is said of a cut.
    assert (command.returncode, output, errors) == (0, b'{"accepted":2}\n', b""), (output, errors)


async def silence_is_cut(proxy, gateway):
    """The other tests would fail if nothing beat: here nothing does."""
    del gateway
    client = WebSockets()
    await client.open(f"ws://{proxy.address}/ws", False)
    await asyncio.wait_for(client.closed(), PATIENCE)
    async with proxy.http.get("/sse", params={"topics": "proxy/**"}) as stream:
        try:
            while True:
                await event(stream)
        except (EOFError, aiohttp.ClientError):
            pass


def through(proxy, test):
    async def run(gateway):
        async with Proxy(proxy, gateway) as running:
            await test(running, gateway)

    return run


def tests():
    for proxy in [nginx, haproxy]:
        for test in [websocket, websocket_kept_open, event_stream, long_poll, publishing, silent_lines]:
            yield f"{proxy.__name__}, {test.__name__.replace('_', ' ')}", BEATING, through(proxy, test)
        yield f"{proxy.__name__}, silence is cut", SILENT, through(proxy, silence_is_cut)
    for proxy in [compressing_nginx, compressing_haproxy, compressing_apache]:
        yield f"{proxy.__name__.replace('_', ' ')}, idle poller", BEATING, through(proxy, idle_poller)
