"""The scenario with each client: libraries of Python, Node's ws, and a browser; with compression and without."""

import asyncio
import os
import tempfile

from clients import CLIENTS
from gateway import PATIENCE
from prerequisites import Skip, need
from scenario import scenario

FOLDER = os.path.dirname(os.path.abspath(__file__))
NODE_MODULES = "/usr/share/nodejs"


def python_client(kind):
    async def run(gateway, topic, compression):
        await scenario(kind(), f"ws://{gateway.address}/ws", topic, compression)
        return kind.compresses

    return run


async def node_ws(gateway, topic, compression):
    if not os.path.isdir(f"{NODE_MODULES}/ws"):
        raise Skip("Debian's node-ws is not installed")
    process = await asyncio.create_subprocess_exec(
        need("node"), f"{FOLDER}/node-ws.js", f"ws://{gateway.address}/ws", topic, "on" if compression else "off",
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "NODE_PATH": NODE_MODULES},
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode().strip()
    return True


async def chromium(gateway, topic, compression):
    # The browser leaves processes and files behind when it is ended, so it gets a group and a folder of its own.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = await asyncio.create_subprocess_exec(
            need("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
            f"http://{gateway.address}/browser.html?{topic}&{'on' if compression else 'off'}",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )
        try:
            said = await verdict(gateway)
            assert said == "ok", said
        finally:
            os.killpg(browser.pid, 9)
            await browser.wait()
    return True


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


CLIENTS_BY_NAME = {kind.name: python_client(kind) for kind in CLIENTS} | {"node-ws": node_ws, "chromium": chromium}


def session(name, client, compression):
    async def run(gateway):
        topic = f"interop/{name}"
        await gateway.publish(*(f"{topic}/{number}" for number in range(20)), data={"price": 1.25})
        compresses = await client(gateway, topic, compression)
        compressed = await gateway.metric("tidegate_messages_compressed_total")
        assert (compressed > 0) == (compression and compresses), f"{compressed:.0f} messages were compressed"

    return run


def tests():
    for mode, compression in {"compression": True, "no compression": False}.items():
        settings = {"subscribers.compression.mode": "on" if compression else "off", "publicFolder": FOLDER}
        for name, client in CLIENTS_BY_NAME.items():
            yield f"{name}, {mode}", settings, session(name, client, compression)
