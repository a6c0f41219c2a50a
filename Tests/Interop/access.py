"""Tokens that others make, keys and tickets: who gets in, and who does not."""

import asyncio
import json
import os
import tempfile
import time

import aiohttp
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from gateway import BINARY, PATIENCE
from joserfc import jwt as jose
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

SECRET = "a secret of more than thirty-two bytes, shared with nobody"
RIGHTS = {"subscribe": ["stocks/*", "inbox/{subject}/**"], "publish": ["stocks/*"], "operate": True}
PRIVATE = {
    "RS256": rsa.generate_private_key(65537, 2048), "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
PRIVATE["PS256"] = PRIVATE["RS256"]
JOSE = {
    "RS256": RSAKey.generate_key(2048, {"kid": "r1", "use": "sig"}), "ES256": ECKey.generate_key("P-256", {"kid": "e1"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "o1"}),
}
JOSE["PS256"] = JOSE["RS256"]


def claims(issuer, **others):
    return {"iss": issuer, "aud": "tidegate", "sub": "ann", "exp": int(time.time()) + 600, "tidegate": RIGHTS} | others


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def configuration():
    """A settings' file whose issuers are PyJWT and joserfc, with keys made now."""
    folder = tempfile.mkdtemp(prefix="tidegate-")

    def write(name, content):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)

    issuers = [{"issuer": "secret", "audience": ["tidegate"], "algorithms": ["HS256"], "secret": "file:secret"}]
    write("secret", SECRET.encode() + b"\n")
    for algorithm, key in PRIVATE.items():
        write(f"{algorithm}.pem", pem(key))
        issuers.append({"issuer": algorithm, "audience": ["tidegate"], "algorithms": [algorithm], "keys": f"file:{algorithm}.pem"})
    keys = KeySet([JOSE["RS256"], JOSE["ES256"], JOSE["EdDSA"]])
    write("jwks.json", json.dumps(keys.as_dict(private=False)).encode())
    issuers.append({"issuer": "joserfc", "audience": ["tidegate"], "algorithms": list(JOSE), "keys": "file:jwks.json"})
    settings = {"publicFolder": "", "access": {"anonymous": {}, "tokens": {"issuers": issuers, "leeway": 0}}}
    write("config.json", json.dumps(settings).encode())
    return os.path.join(folder, "config.json")


def by_pyjwt(algorithm, **others):
    if algorithm == "HS256":
        return jwt.encode(claims("secret", **others), SECRET, algorithm)
    return jwt.encode(claims(algorithm, **others), PRIVATE[algorithm], algorithm)


def by_joserfc(algorithm, **others):
    if algorithm == "HS256":
        return jose.encode({"alg": algorithm}, claims("secret", **others), OctKey.import_key(SECRET))
    header = {"alg": algorithm, "kid": JOSE[algorithm].kid}
    return jose.encode(header, claims("joserfc", **others), JOSE[algorithm], algorithms=[algorithm])


async def status(gateway, token, path="/topics?match=stocks/*"):
    async with gateway.http.get(f"http://{gateway.address}{path}", headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status


async def tokens(gateway):
    for make in [by_pyjwt, by_joserfc]:
        for algorithm in ["HS256", "RS256", "PS256", "ES256", "EdDSA"]:
            assert await status(gateway, make(algorithm)) == 200, (make, algorithm)
            assert await status(gateway, make(algorithm), "/topics?match=inbox/ann/x") == 200
            assert await status(gateway, make(algorithm), "/topics?match=inbox/bob/x") == 403


async def forgeries(gateway):
    good = by_pyjwt("RS256")
    head, body, signature = good.split(".")
    wrong = {
        "expired": by_pyjwt("ES256", exp=int(time.time()) - 1), "too early": by_pyjwt("ES256", nbf=int(time.time()) + 60),
        "another audience": by_pyjwt("EdDSA", aud="other"), "nobody's issuer": by_pyjwt("HS256", iss="other"),
        "another issuer's key": jwt.encode(claims("ES256"), PRIVATE["RS256"], "RS256"),
        "no signature": f"{head}.{body}.", "another's claims": ".".join([head, by_pyjwt("RS256", sub="bob").split(".")[1], signature]),
        "none": jwt.encode(claims("RS256"), None, "none"),
        "another kid": jose.encode({"alg": "ES256", "kid": "o1"}, claims("joserfc"), JOSE["ES256"], algorithms=["ES256"]),
    }
    for name, token in wrong.items():
        assert await status(gateway, token) == 401, name
    # By the address's limit nothing that would cost a verification is looked at; what is known goes on.
    assert await status(gateway, by_pyjwt("RS256", jti="x")) == 200
    for _ in range(200):
        found = await status(gateway, "tg_wrong")
        assert found in (401, 429)
    assert found == 429
    assert await status(gateway, by_pyjwt("RS256", jti="y")) == 429


async def said(socket, kind):
    """The next message of a type."""
    while True:
        message = json.loads(await asyncio.wait_for(socket.receive_str(), PATIENCE))
        if message["type"] == kind:
            return message


async def first_message(gateway):
    async with gateway.http.ws_connect(f"ws://{gateway.address}/ws") as socket:
        # In one piece: what is asked before is refused, what is asked behind is granted.
        for message in [
            {"type": "subscribe", "id": 1, "topics": ["stocks/A"]}, {"type": "auth", "id": 2, "token": by_pyjwt("ES256")},
            {"type": "subscribe", "id": 3, "topics": ["stocks/A"]}, {"type": "subscribe", "id": 4, "topics": ["stocks/**"]},
        ]:
            await socket.send_json(message)
        refused = await said(socket, "error")
        assert (refused["id"], refused["code"]) == (1, "unauthenticated")
        assert (await said(socket, "authenticated"))["subject"] == "ann"
        assert (await said(socket, "subscribed"))["id"] == 3
        assert (await said(socket, "error"))["topics"] == ["stocks/**"]
        # Rights that shrink take what they do not cover; rights that end end the connection.
        brief = by_pyjwt("ES256", exp=int(time.time()) + 2, tidegate={"subscribe": []})
        await socket.send_json({"type": "auth", "token": brief})
        assert (await said(socket, "unsubscribed")) == {"type": "unsubscribed", "topics": ["stocks/A"], "code": "forbidden"}
        await said(socket, "expiring")
        assert (await said(socket, "error"))["code"] == "unauthenticated"
        assert (await asyncio.wait_for(socket.receive(), PATIENCE)).type == aiohttp.WSMsgType.CLOSE and socket.close_code == 1008
    async with gateway.http.ws_connect(f"ws://{gateway.address}/ws") as silent:
        assert (await said(silent, "error"))["code"] == "unauthenticated"
        await asyncio.wait_for(silent.receive(), PATIENCE)
        assert silent.close_code == 1008


async def tickets(gateway):
    bearer = {"Authorization": f"Bearer {by_pyjwt('RS256')}"}
    async with gateway.http.post(f"http://{gateway.address}/tickets", headers=bearer) as answer:
        ticket = (await answer.json())["ticket"]

    async def poll():
        async with gateway.http.get(f"http://{gateway.address}/poll?topics=stocks/A&wait=0&ticket={ticket}") as answer:
            return answer.status

    # From many connections at once exactly one wins.
    found = await asyncio.gather(*[poll() for _ in range(40)])
    assert sorted(found)[0] == 200 and found.count(200) == 1, found
    assert set(found) <= {200, 401, 429}


async def command_line(gateway):
    """`tail` shows the file's token, and the next one before it ends."""
    with tempfile.NamedTemporaryFile("w", suffix=".token", delete=False) as file:
        file.write(by_pyjwt("ES256", exp=int(time.time()) + 3) + "\n")
    tail = await asyncio.create_subprocess_exec(
        BINARY, "tail", "stocks/*", "--url", f"http://{gateway.address}", "--token-file", file.name, "--json", "--count", "2",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    bearer = {"Authorization": f"Bearer {by_pyjwt('RS256')}"}

    async def publish(value):
        async with gateway.http.put(f"http://{gateway.address}/topics/stocks/A", headers=bearer, json=value) as answer:
            assert answer.status == 200

    await publish(1)
    assert json.loads(await asyncio.wait_for(tail.stdout.readline(), PATIENCE))["data"] == 1
    lasting = by_pyjwt("ES256", sub="bob")
    with open(file.name, "w", encoding="utf-8") as again:
        again.write(lasting)
    give_up = time.monotonic() + PATIENCE
    while True:
        async with gateway.http.get(f"http://{gateway.address}/connections", headers=bearer) as answer:
            rows = (await answer.json())["connections"]
        if any(row.get("subject") == "bob" for row in rows):
            break
        assert time.monotonic() < give_up
    async with gateway.http.post(f"http://{gateway.address}/operations/disconnect", headers=bearer, json={"subject": "bob"}) as answer:
        assert await answer.json() == {"disconnected": 1}
    tail.terminate()
    await asyncio.wait_for(tail.wait(), PATIENCE)
    log = tail.returncode
    assert log is not None


def tests():
    config = configuration()
    settings = {"config": config, "access.deadline": 1, "operations.connections": "on"}
    yield "tokens by PyJWT and joserfc", settings, tokens
    yield "forged tokens", settings, forgeries
    yield "auth as the first message", settings, first_message
    yield "a ticket from many connections at once", settings | {"threads": 2}, tickets
    yield "tail with a token's file", settings, command_line
