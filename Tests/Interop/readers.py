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


def in_browser(*command, profile):
    """A page beside the stream hears the events and publishes each; `profile` is the flag that names the browser's folder."""

    async def events(url):
        origin, _, query = url.partition("/sse?")
        async with contextlib.AsyncExitStack() as stack:
            # The browser leaves processes and files behind when it is ended, so it gets a group and a folder of its own.
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            heard = await stack.enter_async_context(contextlib.aclosing(with_httpx_sse(f"{origin}/sse?topics=heard/*")))
            assert (await anext(heard))[0] == "live"
            browser = await asyncio.create_subprocess_exec(
                need(command[0]), *command[1:], *profile(folder), f"{origin}/events.html?{query}",
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
            )
            stack.push_async_callback(end, browser)
            async for kind, update in heard:
                if kind == "message":
                    yield update["data"]["type"], update["data"]["data"]

    return events


async def end(browser):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(browser.pid, 9)
    await browser.wait()


READERS = {
    "httpx-sse": with_httpx_sse,
    "aiosseclient": with_aiosseclient,
    "sseclient-py": in_python("sseclient-py"),
    "sseclient": in_python("sseclient"),
    "requests-sse": in_python("requests-sse"),
    "node-eventsource": in_node("package"),
    "EventSource of Node": in_node("node", "--experimental-eventsource", "--no-warnings"),
    "fetch in Node": in_node("fetch"),
    "EventSource of Chromium": in_browser(
        "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", profile=lambda folder: [f"--user-data-dir={folder}"]
    ),
    "EventSource of Firefox": in_browser(
        "firefox-esr", "--headless", "--no-remote", profile=lambda folder: ["--profile", folder]
    ),
}
