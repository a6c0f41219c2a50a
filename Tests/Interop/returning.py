"""Real EventSources behind the documented proxies: after a restart, and after a crash, every one of them is back by itself."""

import asyncio
import contextlib
import json
import os
import signal

from aiohttp import web

from gateway import PATIENCE
from prerequisites import Skip, need
from proxies import Proxy, free_port, haproxy, nginx
from readers import BROWSERS, FOLDER, NODE_MODULES, browsing

SOURCES = 20
# A browser opens six connections to a host and keeps the others waiting.
BROWSER_SOURCES = 5
PAGE = f"127.0.0.1:{free_port()}"
SETTINGS = {
    "drain.deadline": 1,
    "drain.spread": 0.5,
    "drain.reconnectSpread": 0.5,
    "access.origins": f"http://{PAGE}",
}


class Crowd:
    """What the sources have said."""

    def __init__(self, count):
        self.count = count
        self.said = {}
        self.changed = asyncio.Event()

    def hear(self, event):
        assert event["type"] != "closed", f"EventSource {event['source']} gave up for good"
        key = (event["type"], event.get("reason"))
        self.said.setdefault(key, set()).add(event["source"])
        self.changed.set()

    async def all(self, kind, reason=None):
        """Waits until every one has said so since the last time."""
        async with asyncio.timeout(PATIENCE):
            while len(self.said.get((kind, reason), [])) < self.count:
                self.changed.clear()
                await self.changed.wait()
        self.said.pop((kind, reason))


@contextlib.asynccontextmanager
async def in_node(kind, url):
    if kind == "package" and not os.path.isdir(f"{NODE_MODULES}/eventsource"):
        raise Skip("Debian's node-eventsource is not installed")
    flags = ["--experimental-eventsource", "--no-warnings"] if kind == "node" else []
    process = await asyncio.create_subprocess_exec(
        need("node"), *flags, f"{FOLDER}/node-returning.js", kind, url, str(SOURCES),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "NODE_PATH": NODE_MODULES},
    )
    crowd = Crowd(SOURCES)

    async def listen():
        while line := await process.stdout.readline():
            crowd.hear(json.loads(line))

    try:
        yield crowd, asyncio.create_task(listen())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def in_browser(browser, url):
    crowd = Crowd(BROWSER_SOURCES)
    fault = asyncio.get_running_loop().create_future()

    async def said(request):
        try:
            crowd.hear(json.loads(await request.text()))
        except AssertionError as given_up:
            if not fault.done():
                fault.set_exception(given_up)
        return web.Response()

    application = web.Application()
    application.router.add_post("/said", said)
    application.router.add_static("/", FOLDER)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, *PAGE.split(":")).start()
    try:
        async with browsing(browser, f"http://{PAGE}/returning.html?{BROWSER_SOURCES}&{url}"):
            yield crowd, fault
    finally:
        await runner.cleanup()


async def unless(fault, step):
    """The step, unless a source gives up before."""
    step = asyncio.ensure_future(step)
    await asyncio.wait({fault, step}, return_when=asyncio.FIRST_COMPLETED)
    if not step.done():
        step.cancel()
        await fault
        raise AssertionError("the sources' process has ended")
    return await step


def back_after(end, proxy, sources):
    async def run(gateway):
        async with Proxy(proxy, gateway) as front, sources(f"http://{front.address}/sse?topics=a") as (crowd, fault):
            await unless(fault, crowd.all("live"))
            if end == signal.SIGTERM:
                gateway.process.send_signal(end)
                await unless(fault, crowd.all("goodbye", "draining"))
            else:
                gateway.process.kill()
                # Nobody is there: the proxy says so to each of them.
                await unless(fault, crowd.all("goodbye", "unavailable"))
            await gateway.succeed()
            await unless(fault, crowd.all("live"))

    return run


def tests():
    kinds = {
        "node-eventsource": lambda url: in_node("package", url),
        "EventSource of Node": lambda url: in_node("node", url),
    } | {f"EventSource of {name}": lambda url, name=name: in_browser(name, url) for name in BROWSERS}
    for proxy in [nginx, haproxy]:
        for name, sources in kinds.items():
            for word, end in {"restart": signal.SIGTERM, "crash": signal.SIGKILL}.items():
                yield f"{proxy.__name__}, back after a {word}, {name}", SETTINGS, back_after(end, proxy, sources)
