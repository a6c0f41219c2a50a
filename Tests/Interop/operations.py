"""What Prometheus' own tool says of the metrics, after something has happened to count."""

import asyncio
import subprocess

from prerequisites import need


def tests():
    return [("promtool accepts the metrics", {}, metrics)]


async def metrics(gateway):
    promtool = need("promtool")
    async with gateway.http.ws_connect(f"ws://{gateway.address}/ws?topics=a") as socket:
        await gateway.publish("a", data=1)
        while '"updates"' not in (await socket.receive_str()):
            pass
    async with gateway.http.get(f"http://{gateway.address}/metrics") as answer:
        page = await answer.read()
    told = await asyncio.to_thread(
        subprocess.run, [promtool, "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert told.returncode == 0, told.stderr.decode() + told.stdout.decode()
    assert b"tidegate_delivered_age_seconds_bucket" in page
