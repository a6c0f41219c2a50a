"""A server that is reached by TLS, with a user who may do no more than the nodes need."""

import subprocess

from gateway import ROOT, free_port
from outages import expect
from servers import Server
from storms import PERSISTENT, Storm

# docs/cluster.md says the same.
RIGHTS = (
    "~{tg}:* resetchannels -@all +info +exists +script|load +evalsha +get +getdel +set +del +persist +pexpire +hget +hmget +hset "
    "+hgetall +hdel +time +xadd +xread +xtrim +rpush +lindex +llen")


def by_tls(database):
    def case(folder, seed):
        return read_and_write(folder, seed, database)

    return case


def read_and_write(folder, seed, database):
    rights = RIGHTS + (" +select" if database else "")
    certificates = folder / "certificates"
    subprocess.run([str(ROOT / "Tests" / "certificates"), str(certificates)], check=True)
    (folder / "secret").write_text("s3cret", encoding="utf-8")
    port = free_port()
    server = Server(folder, options=[
        *PERSISTENT, f"user tidegate on >s3cret {rights}", f"tls-port {port}", f"tls-cert-file {certificates}/server.pem",
        f"tls-key-file {certificates}/server.key", f"tls-ca-cert-file {certificates}/ca.pem", "tls-auth-clients no"])
    settings = {"secret": f"file:{folder}/secret", "ca": str(certificates / "ca.pem"), "checkpointBytes": 1024}
    url = f"rediss://tidegate@localhost:{port}/{database}"
    with Storm(folder, seed, server=server, url=url, settings=settings) as storm:
        storm.load(1500)
        # Two, because the first is kept beside the second, and the log cut behind it.
        positions = set()

        def has_two():
            positions.add(server.call("HGET", "{tg}:meta", "checkpoint", login=("-n", str(database))))
            return len(positions - {""}) > 1

        storm.wait_for(has_two, "no checkpoints are made")
        server.stop()
        server.start()
        storm.add_node("d")
        storm.load(500)
        storm.check()
        expect("s3cret" not in storm.tell_logs(), "the secret is in the log")
        refused = server.call("ACL", "LOG")
        expect(refused == "", f"what it may not do was tried: {refused}")
        return storm.summary()


CASES = [
    ("tls, and a user of few rights", by_tls(0)),
    ("tls, and a user of few rights, in database 3", by_tls(3)),
]
