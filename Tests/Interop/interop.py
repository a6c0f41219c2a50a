"""Real clients against the real gateway: usage: interop.py [PART OF A TEST'S NAME]"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
import traceback

import limits
import proxies
from clients import CLIENTS
from gateway import PATIENCE, Gateway
from scenario import scenario

FOLDER = os.path.dirname(os.path.abspath(__file__))
MODES = {"compression": True, "no compression": False}


class Skip(Exception):
    """Something cannot be had here."""


def settings(compression):
    return {
        "subscribers.compression.mode": "on" if compression else "off",
        "publicFolder": FOLDER,
    }


async def run_command(*command, **environment):
    process = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, env={**os.environ, **environment}
    )
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, errors.decode().strip()


async def python_client(kind, gateway, compression):
    topic = f"interop/{kind.name}"
    await gateway.publish(*(f"{topic}/{number}" for number in range(20)), data={"price": 1.25})
    await scenario(kind(), f"ws://{gateway.address}/ws", topic, compression)


async def node_ws(gateway, compression):
    if not shutil.which("node") or not os.path.isdir("/usr/share/nodejs/ws"):
        raise Skip("Debian's node-ws is not installed")
    await gateway.publish(*(f"interop/node/{number}" for number in range(20)), data={"price": 1.25})
    await run_command(
        "node", f"{FOLDER}/node-ws.js", f"ws://{gateway.address}/ws", "interop/node", "on" if compression else "off",
        NODE_PATH="/usr/share/nodejs",
    )


async def chromium(gateway, compression):
    if not shutil.which("chromium"):
        raise Skip("chromium is not installed")
    await gateway.publish(*(f"interop/chromium/{number}" for number in range(20)), data={"price": 1.25})
    # It leaves processes and files behind when it is ended, so it gets a group and a folder of its own.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = await asyncio.create_subprocess_exec(
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
            f"http://{gateway.address}/browser.html?{'on' if compression else 'off'}",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )
        try:
            cursor = ""
            while True:
                url = f"http://{gateway.address}/poll?topics=interop-verdict&wait={PATIENCE}&cursor={cursor}"
                async with gateway.http.get(url) as answer:
                    found = await answer.json()
                if found["updates"]:
                    break
                assert cursor == "", "the browser gave no verdict"
                cursor = found["cursor"]
            assert found["updates"][0]["data"] == "ok", found["updates"][0]["data"]
        finally:
            os.killpg(browser.pid, 9)
            await browser.wait()


def tests():
    """Each test by name, with the settings of the gateway that it wants."""
    for mode, compression in MODES.items():
        for kind in CLIENTS:
            yield f"{kind.name}, {mode}", settings(compression), [python_client, kind], compression
        yield f"node ws, {mode}", settings(compression), [node_ws], compression
        yield f"chromium, {mode}", settings(compression), [chromium], compression
    for name, wanted, test in limits.TESTS:
        yield name, wanted, [test], None
    for name, wanted, test in proxies.tests(Skip):
        yield name, wanted, [test], None


async def run(name, wanted, test, compression):
    function, *arguments = test
    began = time.monotonic()
    try:
        async with Gateway(**wanted) as gateway:
            await function(*arguments, gateway, *([compression] if compression is not None else []))
            if compression is not None:
                compressed = await gateway.metric("tidegate_messages_compressed_total")
                agreed = compression and getattr(arguments[0] if arguments else None, "compresses", True)
                assert (compressed > 0) == agreed, f"{compressed} messages were compressed"
    except Skip as reason:
        print(f"skip  {name}: {reason}")
        return True
    except Exception:  # pylint: disable=broad-except # The other tests are to run.
        print(f"FAIL  {name}\n{traceback.format_exc()}")
        return False
    print(f"ok    {name} ({time.monotonic() - began:.1f} s)")
    return True


async def main(part=""):
    chosen = [test for test in tests() if part in test[0]]
    outcomes = [await run(*test) for test in chosen]
    print(f"{len(chosen)} tests, {outcomes.count(False)} failed")
    return 0 if chosen and all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
