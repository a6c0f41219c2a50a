"""One face for the event-stream clients that people have: at an entrance and a path each is an asynchronous iterator of (type, what its data says)."""

import asyncio
import contextlib
import json
import os
import sys
import tempfile

import aiosseclient
import httpx
import httpx_sse

from prerequisites import Skip, need

FOLDER = os.path.dirname(os.path.abspath(__file__))
NODE_MODULES = "/usr/share/nodejs"


async def understood(events):
    async for event in events:
        yield event.event or "message", json.loads(event.data)


async def with_httpx_sse(entrance, path):
    async with (
        httpx.AsyncClient(timeout=None, verify=entrance.trust or True) as client,
        httpx_sse.aconnect_sse(client, "GET", entrance.http + path) as source,
    ):
        async for event in understood(source.aiter_sse()):
            yield event


async def with_aiosseclient(entrance, path):
    if entrance.authority:
        raise Skip("it can't be told whom to trust")
    async for event in understood(aiosseclient.aiosseclient(entrance.http + path)):
        yield event


async def told_by(entrance, *command):
    """What a process says of its events, one a line."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env=entrance.environment | {"NODE_PATH": NODE_MODULES}
    )
    try:
        while line := await process.stdout.readline():
            event = json.loads(line)
            yield event["type"], event["data"]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def in_node(kind, *flags):
    async def events(entrance, path):
        if kind == "package" and not os.path.isdir(f"{NODE_MODULES}/eventsource"):
            raise Skip("Debian's node-eventsource is not installed")
        command = [need("node"), *flags, f"{FOLDER}/node-events.js", kind, entrance.http + path]
        async for event in told_by(entrance, *command):
            yield event

    return events


def in_python(client):
    """A client that blocks is ended with its process."""
    return lambda entrance, path: told_by(
        entrance, sys.executable, f"{FOLDER}/python-events.py", client, entrance.http + path
    )


# Each with a folder for its files.
BROWSERS = {
    "Chromium": lambda folder: ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"],
    "Firefox": lambda folder: ["firefox-esr", "--headless", "--no-remote", "--profile", folder],
}


async def trust(folder, authority):
    """Both browsers read such a database: Firefox its profile's, Chromium that of the home folder."""
    home = f"{folder}/.pki/nssdb"
    os.makedirs(home)
    for place in [folder, home]:
        certutil = await asyncio.create_subprocess_exec(
            need("certutil"), "-A", "-d", f"sql:{place}", "-t", "C,,", "-n", "authority", "-i", authority
        )
        assert await certutil.wait() == 0


@contextlib.asynccontextmanager
async def browsing(name, url, authority=None):
    """A browser that shows a page. It leaves processes and files behind when it is ended, so it gets a group and a folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        program, *flags = BROWSERS[name](folder)
        if authority:
            await trust(folder, authority)
        browser = await asyncio.create_subprocess_exec(
            need(program), *flags, url, env=os.environ | {"HOME": folder},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(browser.pid, 9)
            await browser.wait()


def in_browser(name):
    """A page beside the stream hears the events and publishes each."""

    async def events(entrance, path):
        async with contextlib.aclosing(with_httpx_sse(entrance, "/sse?topics=heard/*")) as heard:
            assert (await anext(heard))[0] == "live"
            page = f"{entrance.http}/events.html?{path.removeprefix('/sse?')}"
            async with browsing(name, page, entrance.authority):
                async for kind, update in heard:
                    if kind == "message":
                        yield update["data"]["type"], update["data"]["data"]

    return events


READERS = {
    "httpx-sse": with_httpx_sse,
    "aiosseclient": with_aiosseclient,
    "sseclient-py": in_python("sseclient-py"),
    "sseclient": in_python("sseclient"),
    "requests-sse": in_python("requests-sse"),
    "node-eventsource": in_node("package"),
    "EventSource of Node": in_node("node", "--experimental-eventsource", "--no-warnings"),
    "fetch in Node": in_node("fetch"),
} | {f"EventSource of {name}": in_browser(name) for name in BROWSERS}
