"""Clients and judges of TLS that others made, at an endpoint that speaks it; a second one is plain."""

import asyncio
import atexit
import contextlib
import shutil
import socket
import ssl
import subprocess
import tempfile

import httpx
import tlslite
from tlslite.messages import ApplicationData

from entrance import Entrance
from gateway import PATIENCE
from prerequisites import need
from readers import READERS
from sessions import CLIENTS_BY_NAME, PAGES, session

FOLDER = tempfile.mkdtemp()
AUTHORITY = f"{FOLDER}/ca.pem"
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
SETTINGS = {
    "endpoints.0.redirect": "false",
    "endpoints.1.tls.certificate": f"{FOLDER}/server.pem",
    "endpoints.1.tls.key": f"{FOLDER}/server.key",
    "endpoints.1.tls.hsts": 31536000,
    "subscribers.compression.mode": "on",
    "publicFolder": PAGES,
}


def tests():
    subprocess.run(["Tests/certificates", FOLDER], check=True)
    named = {
        "curl": curl,
        "Python's ssl": bare,
        "httpx": with_httpx,
        "sslscan": sslscan,
        "records without content": empty_records,
    }
    named |= {name: session(name, client, True, AUTHORITY) for name, client in CLIENTS_BY_NAME.items()}
    named |= {f"every event of a stream, {name}": heard_by(reader) for name, reader in READERS.items()}
    return [(f"TLS: {name}", SETTINGS, test) for name, test in named.items()]


def trusting(version=None):
    context = ssl.create_default_context(cafile=AUTHORITY)
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
    words = [need("curl"), "-sS", "--cacert", AUTHORITY]
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


def send_nothing(address, version):
    """Says nothing in so many records, with a request before and one behind; what comes back until the end."""
    host, port = address.split(":")
    settings = tlslite.HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    with socket.create_connection((host, int(port)), PATIENCE) as bare:
        client = tlslite.TLSConnection(bare)
        client.handshakeClientCert(settings=settings, serverName=host)
        request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answer = b""
        try:
            client.sendall(request)
            for _ in range(1000):
                for _ in client._sendMsg(ApplicationData().create(bytearray())):  # pylint: disable=protected-access
                    pass
            client.sendall(request)
            while piece := client.read(max=4096):
                answer += piece
        except (OSError, tlslite.errors.TLSError):
            pass
        return answer


async def empty_records(gateway):
    """They are counted, and the connection ends long before there are a thousand; nobody else is concerned."""
    for version in [(3, 3), (3, 4)]:
        answer = await asyncio.to_thread(send_nothing, authority(gateway), version)
        assert answer.count(b"HTTP/1.1 200") <= 1, answer
        others, _ = await asyncio.to_thread(talk, authority(gateway), trusting())
        assert others.endswith(b"ok\n")


def heard_by(reader):
    """By TLS nobody else sees the heartbeats (events.py); what is between them comes whole."""

    async def run(gateway):
        topics = [f"events/{number}" for number in range(20)]
        await gateway.publish(*topics, data={"price": 1.25})
        events = reader(Entrance(authority(gateway), AUTHORITY), "/sse?topics=events/*")

        async def expect(kind):
            found, data = await asyncio.wait_for(anext(events), PATIENCE)
            assert found == kind, f"{kind} expected, not {found}: {data}"
            return data

        async with contextlib.aclosing(events):
            assert {(await expect("message"))["topic"] for _ in topics} == set(topics)
            await expect("live")
            for price in range(20):
                await gateway.publish("events/1", data={"price": price})
                assert (await expect("message"))["data"] == {"price": price}

    return run


async def sslscan(gateway):
    report = await told_by(need("sslscan"), "--no-colour", authority(gateway))
    for line in ["TLSv1.0   disabled", "TLSv1.1   disabled", "TLSv1.2   enabled", "TLSv1.3   enabled"]:
        assert line in report, report
    assert "Session renegotiation not supported" in report
    suites = [line.split()[4] for line in report.splitlines() if line.startswith(("Preferred", "Accepted"))]
    assert len(suites) == 6 and all("GCM" in suite or "CHACHA20" in suite for suite in suites), suites
