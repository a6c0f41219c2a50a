"""Clients and judges of TLS that others made, at an endpoint that speaks it; a second one is plain."""

import asyncio
import atexit
import shutil
import socket
import ssl
import subprocess
import tempfile

import aiohttp
import httpx
import websockets
from prerequisites import need

FOLDER = tempfile.mkdtemp()
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
SETTINGS = {
    "endpoints.0.redirect": "false",
    "endpoints.1.tls.certificate": f"{FOLDER}/server.pem",
    "endpoints.1.tls.key": f"{FOLDER}/server.key",
    "endpoints.1.tls.hsts": 31536000,
}


def tests():
    subprocess.run(["Tests/certificates", FOLDER], check=True)
    named = {
        "curl": curl,
        "Python's ssl": bare,
        "httpx": with_httpx,
        "websockets": with_websockets,
        "aiohttp": with_aiohttp,
        "sslscan": sslscan,
    }
    return [(f"TLS: {name}", SETTINGS, test) for name, test in named.items()]


def trusting(version=None):
    context = ssl.create_default_context(cafile=f"{FOLDER}/ca.pem")
    if version:
        context.maximum_version = version
    return context


def authority(gateway):
    return "localhost:" + gateway.addresses[1].rsplit(":", 1)[1]


async def told_by(*words):
    process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return (await process.communicate())[0].decode()


async def curl(gateway):
    await gateway.publish("a", data=1)
    words = [need("curl"), "-sS", "--cacert", f"{FOLDER}/ca.pem"]
    assert '"data":1' in await told_by(*words, f"https://{authority(gateway)}/topics/a")
    # Data follows the end of the snapshot, and curl ends by itself.
    stream = await told_by(*words, "--max-time", "2", "-N", f"https://{authority(gateway)}/sse?topics=a")
    assert "event: live" in stream, stream
    refused = await told_by(words[0], "-sS", f"https://{authority(gateway)}/")
    assert "SSL certificate problem" in refused, refused
    assert "use https://" in await told_by(words[0], "-sS", f"http://{authority(gateway)}/")


def talk(address, context):
    """One request, and both goodbyes."""
    host, port = address.split(":")
    with context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := client.recv(4096):
            answer += piece
        version = client.version()
        # The other side has sent close_notify: a plain end of the connection would be an error here.
        client.unwrap()
        return answer, version


async def bare(gateway):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        answer, spoken = await asyncio.to_thread(talk, authority(gateway), trusting(version))
        assert answer.endswith(b"ok\n") and spoken == version.name.replace("_", "."), (answer, spoken)


async def with_httpx(gateway):
    await gateway.publish("a", data=1)
    async with httpx.AsyncClient(verify=trusting()) as client:
        answer = await client.get(f"https://{authority(gateway)}/poll?topics=a")
        assert answer.json()["updates"][0]["data"] == 1
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        large = "x" * 60_000
        for number in range(20):
            answer = await client.put(f"https://{authority(gateway)}/topics/large/{number}", json=large)
            assert answer.status_code == 200
        # More than one record, and more than the kernel takes at once.
        answer = await client.get(f"https://{authority(gateway)}/poll?topics=large/*")
        updates = answer.json()["updates"]
        assert len(updates) > 2 and all(update["data"] == large for update in updates)


async def with_websockets(gateway):
    async with websockets.connect(f"wss://{authority(gateway)}/ws?topics=a", ssl=trusting()) as client:
        while '"live"' not in await client.recv():
            pass
        for number in range(50):
            await gateway.publish("a", data=number)
            while f'"data":{number}' not in await client.recv():
                pass


async def with_aiohttp(gateway):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting())) as session:
        async with session.ws_connect(f"wss://{authority(gateway)}/ws?topics=a") as client:
            while '"live"' not in await client.receive_str():
                pass
            await gateway.publish("a", data=1)
            while '"data":1' not in await client.receive_str():
                pass


async def sslscan(gateway):
    report = await told_by(need("sslscan"), "--no-colour", authority(gateway))
    for line in ["TLSv1.0   disabled", "TLSv1.1   disabled", "TLSv1.2   enabled", "TLSv1.3   enabled"]:
        assert line in report, report
    assert "Session renegotiation not supported" in report
    suites = [line.split()[4] for line in report.splitlines() if line.startswith(("Preferred", "Accepted"))]
    assert len(suites) == 6 and all("GCM" in suite or "CHACHA20" in suite for suite in suites), suites
