"""One face for the event-stream clients that people have: each is an asynchronous iterator of (type, what its data says)."""

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


async def with_httpx_sse(url):
    async with httpx.AsyncClient(timeout=None) as client, httpx_sse.aconnect_sse(client, "GET", url) as source:
        async for event in understood(source.aiter_sse()):
            yield event


async def with_aiosseclient(url):
    async for event in understood(aiosseclient.aiosseclient(url)):
        yield event


async def told_by(*command):
    """What a process says of its events, one a line."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "NODE_PATH": NODE_MODULES}
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
    async def events(url):
        if kind == "package" and not os.path.isdir(f"{NODE_MODULES}/eventsource"):
            raise Skip("Debian's node-eventsource is not installed")
        async for event in told_by(need("node"), *flags, f"{FOLDER}/node-events.js", kind, url):
            yield event

    return events


def in_python(client):
    """A client that blocks is ended with its process."""
    return lambda url: told_by(sys.executable, f"{FOLDER}/python-events.py", client, url)


# Each with a folder for its files.
BROWSERS = {
    "Chromium": lambda folder: ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"],
    "Firefox": lambda folder: ["firefox-esr", "--headless", "--no-remote", "--profile", folder],
}


@contextlib.asynccontextmanager
async def browsing(name, url):
    """A browser that shows a page. It leaves processes and files behind when it is ended, so it gets a group and a folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        program, *flags = BROWSERS[name](folder)
        browser = await asyncio.create_subprocess_exec(
            need(program), *flags, url,
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

    async def events(url):
        origin, _, query = url.partition("/sse?")
        async with contextlib.aclosing(with_httpx_sse(f"{origin}/sse?topics=heard/*")) as heard:
            assert (await anext(heard))[0] == "live"
            async with browsing(name, f"{origin}/events.html?{query}"):
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
