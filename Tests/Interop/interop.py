"""Real clients and proxies against the real gateway: usage: interop.py [PART OF A TEST'S NAME]"""

import asyncio
import signal
import sys
import time
import traceback

import access
import behind
import events
import forwarded
import limits
import operations
import proxies
import returning
import secure
import sessions
import vanished
from gateway import Gateway
from prerequisites import Skip

# Each module has `tests()`: for each test its name, the gateway's settings, and a function that takes a gateway.
MODULES = [sessions, access, events, forwarded, limits, operations, proxies, returning, vanished, secure, behind]


async def outcome(name, settings, test):
    """Runs a test with a gateway of its own, and says how it went in one line."""
    began = time.monotonic()
    try:
        async with Gateway(settings) as gateway:
            await test(gateway)
    except Skip as reason:
        print(f"skip  {name}: {reason}", flush=True)
        return "skipped"
    except Exception:  # pylint: disable=broad-except # The other tests must still run.
        print(f"FAIL  {name}\n{traceback.format_exc()}", flush=True)
        return "failed"
    print(f"ok    {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return "passed"


async def main(part=""):
    # Ended from outside, as by Ctrl-C: first end everything that was started.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    chosen = [test for module in MODULES for test in module.tests() if part in test[0]]
    outcomes = [await outcome(*test) for test in chosen]
    counts = [f"{outcomes.count(word)} {word}" for word in ["passed", "failed", "skipped"]]
    print(f"{len(chosen)} tests: {', '.join(counts)}")
    return 0 if chosen and "failed" not in outcomes else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
