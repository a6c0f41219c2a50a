"""The scenario with each client: libraries of Python, Node's ws, and a browser; with compression and without."""

import asyncio
import os

from clients import CLIENTS
from entrance import Entrance
from gateway import PATIENCE
from prerequisites import Skip, need
from readers import BROWSERS, browsing
from scenario import scenario

PAGES = os.path.dirname(os.path.abspath(__file__))
NODE_MODULES = "/usr/share/nodejs"


def python_client(kind):
    async def run(_, entrance, topic, compression):
        await scenario(kind(), f"{entrance.ws}/ws", topic, compression, entrance.trust)
        return kind.compresses

    return run


async def node_ws(_, entrance, topic, compression):
    if not os.path.isdir(f"{NODE_MODULES}/ws"):
        raise Skip("Debian's node-ws is not installed")
    process = await asyncio.create_subprocess_exec(
        need("node"), f"{PAGES}/node-ws.js", f"{entrance.ws}/ws", topic, "on" if compression else "off",
        stderr=asyncio.subprocess.PIPE, env=entrance.environment | {"NODE_PATH": NODE_MODULES},
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode().strip()
    return True


def in_browser(browser):
    async def run(gateway, entrance, topic, compression):
        page = f"{entrance.http}/browser.html?{topic}&{'on' if compression else 'off'}"
        async with browsing(browser, page, entrance.authority):
            said = await verdict(gateway)
            assert said == "ok", said
        return True

    return run


async def verdict(gateway):
    """What the page published; waits for it."""
    poll = f"http://{gateway.address}/poll?topics=interop-verdict&wait={PATIENCE}&cursor="
    async with gateway.http.get(poll) as answer:
        found = await answer.json()
    if not found["updates"]:
        async with gateway.http.get(poll + found["cursor"]) as answer:
            found = await answer.json()
    assert found["updates"], "the browser gave no verdict"
    return found["updates"][0]["data"]


CLIENTS_BY_NAME = (
    {kind.name: python_client(kind) for kind in CLIENTS}
    | {"node-ws": node_ws}
    | {name.lower(): in_browser(name) for name in BROWSERS}
)


def session(name, client, compression, authority=None):
    """With an authority by TLS, at the second endpoint."""

    async def run(gateway):
        entrance = Entrance(gateway.addresses[1 if authority else 0], authority)
        topic = f"interop/{name}"
        await gateway.publish(*(f"{topic}/{number}" for number in range(20)), data={"price": 1.25})
        compresses = await client(gateway, entrance, topic, compression)
        compressed = await gateway.metric("tidegate_messages_compressed_total")
        assert (compressed > 0) == (compression and compresses), f"{compressed:.0f} messages were compressed"

    return run


def tests():
    for mode, compression in {"compression": True, "no compression": False}.items():
        settings = {"subscribers.compression.mode": "on" if compression else "off", "publicFolder": PAGES}
        for name, client in CLIENTS_BY_NAME.items():
            yield f"{name}, {mode}", settings, session(name, client, compression)
