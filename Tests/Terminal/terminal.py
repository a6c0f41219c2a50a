"""What a person does with `tidegate watch`, done by tmux. Run by Tests/Terminal/run."""

import inspect
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback

from pane import BINARY, PATIENCE, SOCKET, Gateway, Pane, tmux, until


def quote(last, more=""):
    """JSON as publishers of prices write it, with all its decimals."""
    return f'{{"last":{last:.2f},"bid":{last - 0.01:.2f},"ask":{last + 0.01:.2f},"open":100.00{more}}}'


def market():
    gateway = Gateway()
    for place, name in enumerate(["ACME", "GLOBEX", "HOOLI", "INITECH", "STARKO"]):
        gateway.put(f"sim/{name}", quote(101.5 + place))
    gateway.put("host/load", '{"load1":0.42}')
    return gateway


def selected(screen):
    """The topic behind the marker."""
    return next((line.split()[1] for line in screen.split("\n") if line.startswith(("▌", ">"))), None)


def topics(screen):
    found = []
    for line in screen.split("\n"):
        words = line.lstrip("▌> ").split()
        if words and words[0].startswith(("sim/", "host/", "fx/", "t/")):
            found.append(words[0])
    return found


def test_values_arrive_and_change(gateway, pane):
    pane.watch(gateway, "'sim/*'").wait("● live")
    screen = pane.wait("sim/ACME")
    assert "host/load" not in screen and "101.50" in screen and "+1.50%" in screen, screen
    gateway.put("sim/ACME", quote(98.25))
    pane.wait("-1.75%")
    gateway.delete("sim/GLOBEX")
    pane.wait("sim/ACME", absent="sim/GLOBEX")


def test_flashes_fade(gateway, pane):
    pane.watch(gateway).wait("sim/ACME")
    gateway.put("sim/ACME", quote(120.0))
    pane.wait("120.00")
    plain = lambda: "48;5;28m" not in pane.screen(True) and "48;5;22m" not in pane.screen(True)
    until("the flash to be gone", plain)


def test_every_key(gateway, pane):
    pane.watch(gateway).wait("● live")
    pane.wait_for("the first row", lambda screen: selected(screen) == "host/load")
    steps = [("j", "sim/ACME"), ("k", "host/load"), ("Down", "sim/ACME"), ("Down", "sim/GLOBEX"), ("Up", "sim/ACME"),
             ("G", "sim/STARKO"), ("g", "host/load"), ("NPage", "sim/STARKO"), ("PPage", "host/load"),
             ("End", "sim/STARKO"), ("Home", "host/load")]
    for key, topic in steps:
        pane.keys(key)
        pane.wait_for(f"{topic} after {key}", lambda screen: selected(screen) == topic)
    pane.keys("?")
    pane.wait("filter by name as you type")
    pane.keys("x")
    pane.wait("sim/ACME")
    pane.text("/hoo")
    pane.wait_for("one row", lambda screen: topics(screen) == ["sim/HOOLI"])
    pane.keys("Enter")
    pane.wait('"hoo"')
    pane.keys("Enter")
    pane.wait("last: 103.50")
    pane.keys("Escape")
    pane.wait("sim/HOOLI", absent="last: ")
    pane.keys("Escape")
    pane.wait("sim/ACME")
    pane.keys("s")
    pane.wait_for("the highest first", lambda screen: topics(screen)[0] == "sim/STARKO" and "LAST▼" in screen)
    pane.keys("S")
    pane.wait_for("the lowest first", lambda screen: topics(screen)[0] == "host/load" and "LAST▲" in screen)
    pane.keys("-")
    pane.wait("5/s pace")
    pane.keys("+", "+")
    pane.wait("20/s pace")
    for transport in ["sse", "poll", "ws"]:
        pane.keys("t")
        pane.wait(f"● live  {transport} ")
        gateway.put("sim/ACME", quote(200.0 + len(transport)))
        pane.wait(f"{200.0 + len(transport):.2f}")
    pane.keys("p")
    pane.wait("paused")
    gateway.put("sim/ACME", quote(150.0))
    gateway.put("sim/NEW", quote(1.0))
    pane.keys("p")
    screen = pane.wait("150.00", absent="paused")
    pane.wait("sim/NEW")
    pane.keys("g", "d")
    dropped = selected(screen)
    pane.wait("dropped")
    pane.keys("u")
    pane.wait(dropped)
    pane.keys("Right")
    pane.wait("ASK", absent="BID")
    pane.keys("Left")
    pane.wait("BID")
    pane.keys("r")
    pane.wait("● live")
    pane.keys("C-l")
    pane.wait("● live")
    pane.keys("q")
    pane.wait_restored()


def test_what_grows_stale_is_dim_until_it_comes_back(_, pane):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write('{"publicFolder":"","topics":{"stale":[{"pattern":"t/old","seconds":0.5}]}}')
        file.flush()
        gateway = Gateway(config=file.name)
    try:
        gateway.put("t/fresh", quote(101.25))
        gateway.put("t/old", quote(102.25))
        pane.watch(gateway, "'t/*'").wait("● live")
        for number, transport in enumerate(["ws", "sse", "poll"]):
            pane.wait("~t/old")
            styled = [line for line in pane.screen(True).split("\n") if "t/old" in line or "t/" in line and "fresh" in line]
            dim, plain = "38;5;244m", "38;5;78m"
            assert any(dim in line and plain not in line and "old" in line for line in styled), styled
            assert any(plain in line and "fresh" in line for line in styled), styled
            price = f"{103 + number}.25"
            gateway.put("t/old", quote(103 + number + 0.25))
            pane.wait(price)
            # Who looks too late sees that it has grown stale again.
            pane.wait("~t/old")
            pane.keys("t")
            pane.wait(f"● live  {['sse', 'poll', 'ws'][number]} ")
        pane.keys("G", "Enter")
        pane.wait_for("for how long", lambda screen: re.search(r"stale for [1-9]\d*s", screen))
        gateway.put("t/old", quote(99.25), "?ttl=0.2")
        pane.wait("t/fresh", absent="t/old")
    finally:
        gateway.stop()


def test_patterns_are_added(gateway, pane):
    pane.watch(gateway, "'host/**'").wait("● live")
    pane.text("asim/*")
    pane.wait("watch too: sim/*")
    pane.keys("Enter")
    screen = pane.wait("sim/ACME")
    assert "host/load" in screen and "host/** sim/*" in screen, screen
    pane.text("ax//y")
    pane.keys("Enter")
    pane.wait("watch too: x//y")
    pane.wait("empty segment")
    # It can be put right, or given up.
    pane.keys("Escape")
    pane.wait("? help")
    pane.keys("t")
    pane.wait("● live  sse")
    pane.wait("sim/ACME")


def test_mouse(gateway, pane):
    pane.watch(gateway).wait("sim/STARKO")
    # As a terminal with SGR reports sends them, split inside the sequence.
    for piece in ["\x1b[<6", "5;5;5M"]:
        pane.text(piece)
    pane.wait_for("three rows down", lambda screen: selected(screen) == "sim/HOOLI")
    pane.text("\x1b[<0;5;4M")
    pane.wait_for("the row clicked on", lambda screen: selected(screen) == "host/load")


def test_resizes(gateway, pane):
    for number in range(80):
        gateway.put(f"t/{number:02}", quote(100.0 + number))
    pane.watch(gateway).wait("● live")
    for columns, rows in [(200, 60), (40, 12), (20, 5), (80, 24)]:
        pane.resize(columns, rows)
        def fits(screen):
            lines = screen.rstrip("\n").split("\n")
            return len(lines) == rows and "?" in lines[-1] and len(topics(screen)) >= rows - 5
        pane.wait_for(f"{columns}×{rows}", fits)
        pane.keys("Enter")
        pane.wait_for("the detail", lambda screen: "Esc close" in screen or columns < 40)
        pane.keys("Escape")
        pane.wait_for("the table", fits)


def test_a_storm_of_resizes(gateway, pane):
    for number in range(80):
        gateway.put(f"t/{number:02}", quote(100.0 + number))
    pane.watch(gateway).wait("● live")
    pane.text("/t/")
    pane.keys("Enter", "s", "p", "Enter")
    for step in range(60):
        pane.resize(20 + step * 37 % 180, 3 + step * 23 % 57)
    pane.resize(80, 24)
    def whole(screen):
        lines = screen.rstrip("\n").split("\n")
        return (len(lines) == 24 and "paused" in lines[0] and "81 of 86 topics" in lines[1] and "LAST▼" in lines[2]
                and "version" in screen and len(topics(screen)) > 9 and "Esc close" in lines[23])
    pane.wait_for("filter, order, pause and detail as they were", whole)
    pane.keys("Escape", "p", "q")
    pane.wait_restored()


def test_a_window_that_grew_leaves_nothing_behind(gateway, pane):
    pane.watch(gateway).wait("● live")
    pane.resize(200, 60)
    pane.wait_for("the wide header", lambda screen: "updates/s" in screen and "pace a topic" in screen)
    pane.keys("q")
    pane.wait_restored()
    assert "sim/ACME" not in pane.screen(), pane.screen()


def test_pastes(gateway, pane):
    pane.watch(gateway).wait("● live")
    tmux("set-buffer", "dq?")
    tmux("paste-buffer", "-p", "-t", pane.name)
    pane.wait("then paste")
    pane.text("/")
    tmux("set-buffer", "sim/HOO\n")
    tmux("paste-buffer", "-p", "-t", pane.name)
    screen = pane.wait("filter: sim/HOO")
    pane.wait_for("one row", lambda screen: topics(screen) == ["sim/HOOLI"])
    pane.keys("C-c")
    pane.wait_restored()


def test_a_small_window_has_every_key(gateway, pane):
    pane.resize(40, 12)
    pane.watch(gateway, "'sim/*'").wait("● live  ws")
    pane.wait("10/s pace")
    pane.keys("?")
    screen = pane.wait("any key back")
    for words in ["/      filter", "s S    sort", "+ -    pace", "t      transport", "p      pause", "Enter  detail",
                  "a      add", "d u    drop", "q      quit", "g G", "PgUp"]:
        assert words in screen, (words, screen)
    pane.keys("x")
    pane.text("/hoo")
    pane.wait("filter: hoo")
    pane.keys("Enter", "Enter")
    screen = pane.wait("+3.50%", absent="CHANGE%")
    assert "sim/HOOLI" in screen and "103.50" in screen and "ask: 103.51" in screen, screen
    pane.keys("q")
    pane.wait_restored()


def test_a_gateway_that_restarts(gateway, pane):
    pane.watch(gateway, "'sim/*'").wait("sim/STARKO")
    gateway.stop()
    pane.wait("again in")
    assert "sim/ACME" in pane.screen(), "what is known stays on the screen"
    gateway.start()
    gateway.put("sim/ACME", quote(77.0))
    # The gateway has lost its state: versions count from 1 again, and the other topics are gone.
    screen = pane.wait("77.00", absent="sim/GLOBEX")
    assert "● live" in screen, screen


def test_starts_before_the_gateway(gateway, pane):
    gateway.stop()
    pane.watch(gateway).wait("again in")
    pane.wait("cannot connect")
    gateway.start()
    gateway.put("sim/LATE", quote(5.0))
    pane.keys("r")
    pane.wait("sim/LATE")


def test_suspends_and_goes_on(gateway, pane):
    pane.watch(gateway).wait("sim/ACME")
    for stop in [lambda: pane.keys("C-z"), lambda: os.kill(pane.process(), signal.SIGTSTP)]:
        stop()
        pane.wait("Stopped")
        pane.wait_restored()
        gateway.put("sim/ACME", quote(321.0))
        pane.command("fg")
        screen = pane.wait("321.00")
        assert pane.flag("alternate_on") == "1"
        assert "Stopped" not in screen, screen
    pane.keys("q")
    pane.wait_restored()


def test_a_stop_that_cannot_be_caught(gateway, pane):
    pane.watch(gateway).wait("sim/ACME")
    os.kill(pane.process(), signal.SIGSTOP)
    pane.wait("Stopped")
    pane.command("reset; fg")
    pane.wait("sim/ACME")
    pane.keys("q")
    pane.wait_restored()


def test_signals_restore_the_terminal(gateway, pane):
    for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT,
                   signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGQUIT]:
        pane.command("clear")
        pane.watch(gateway).wait("sim/ACME")
        os.kill(pane.process(), number)
        pane.wait("shell>", absent="● live")
        pane.wait_restored()
    pane.watch(gateway).wait("sim/ACME")
    pane.keys("C-c")
    pane.wait_restored()


def test_depths_of_colour(gateway, pane):
    def styles(variables, arguments=""):
        other = Pane(**variables)
        other.watch(gateway, arguments).wait("sim/ACME")
        seen = other.screen(styled=True)
        other.close()
        return seen
    full = styles({"COLORTERM": "truecolor"})
    assert "38;2;" in full
    indexed = styles({"TERM": "screen-256color"})
    assert "38;5;" in indexed and "38;2;" not in indexed
    sixteen = styles({"TERM": "screen"})
    assert "[32m" in sixteen and "38;" not in sixteen, sixteen
    for none in [styles({"NO_COLOR": "1"}), styles({}, "--no-color")]:
        assert "38;" not in none and "[3" not in none.replace("[39m", "").replace("[30m", ""), none


def test_ascii(gateway, pane):
    gateway.put("t/%E3%83%88", "7")
    pane.watch(gateway, "--ascii").wait("* live")
    screen = pane.wait("t/?")
    assert screen.isascii(), screen
    other = Pane(LANG="C", LC_ALL="C")
    other.watch(gateway).wait("* live")
    assert other.screen().isascii()
    other.close()


def test_wide_characters(gateway, pane):
    gateway.put("t/%E3%83%88%E3%83%A8%E3%82%BF", "3302.76")
    gateway.put("t/plain", "17.25")
    pane.watch(gateway, "'t/*'").wait("t/トヨタ")
    wide = next(line for line in pane.lines() if "トヨタ" in line)
    plain = next(line for line in pane.lines() if "t/plain" in line)
    # A wide character is one character in Python and two columns in the terminal.
    assert wide.index(".") + 3 == plain.index("."), (wide, plain)


def test_digits_are_those_that_came(gateway, pane):
    values = {
        "int": "8389766036995847940", "fraction": "0.1000000000000000055511", "infinite": "1e999", "zero": "-0", "tens": "1.10",
        "text": '"1.10"', "nested": '{"book":{"id":8389766036995847940,"px":0.1000000000000000055511}}',
    }
    for name, value in values.items():
        gateway.put(f"t/{name}", value)
    path = os.path.join(tempfile.mkdtemp(), "day.ndjson")
    pane.resize(140, 24)
    pane.watch(gateway, "'t/*'", "--record", path).wait("● live")
    shown = dict(values, text="1.10", nested="8389766036995847940")
    for name, digits in shown.items():
        pane.wait_for(digits, lambda screen: any(f"t/{name} " in line and f" {digits} " in line for line in screen.split("\n")))
    gateway.put("t/int", "8389766036995847941")
    pane.wait(" +1 ")
    pane.keys("q")
    pane.wait_restored()
    recorded = open(path).read()
    assert all(f'"data":{value}}}' in recorded for value in values.values()), recorded
    del values["int"]
    for arguments in (["topics", "t/*"], ["topics", "t/*", "--json"], *(
            ["tail", "t/*", "--count", "7", "--transport", transport, *how] for transport in ("ws", "sse", "poll") for how in ([], ["--json"]))):
        done = subprocess.run([BINARY, *arguments, "--url", gateway.url], capture_output=True, text=True, timeout=PATIENCE)
        assert all(value in done.stdout for value in values.values()), (arguments, done)


def test_columns_are_chosen(gateway, pane):
    gateway.put("sim/ACME", quote(101.0, ',"book":{"depth":17}'))
    pane.watch(gateway, "'sim/*'", "--columns", "ask,book.depth").wait("DEPTH")
    screen = pane.wait("17")
    assert "BID" not in screen and "ASK" in screen, screen


def test_recording_is_played_back(gateway, pane):
    path = os.path.join(tempfile.mkdtemp(), "day.ndjson")
    pane.watch(gateway, "'sim/*'", "--record", path).wait("sim/STARKO")
    gateway.put("sim/ACME", quote(222.25))
    pane.wait("222.25")
    gateway.delete("sim/GLOBEX")
    pane.wait("sim/ACME", absent="sim/GLOBEX")
    pane.keys("q")
    pane.wait_restored()
    other = Gateway("--set", "feeds.host.enabled=false", "--set", "feeds.market.enabled=false", "--set",
                    f"feeds.replay.file={path}", "--set", "feeds.replay.topic={topic}", "--set",
                    "feeds.replay.loop=false")
    pane.command("clear")
    pane.watch(other, "'sim/*'").wait("222.25", absent="sim/GLOBEX")
    pane.wait("sim/HOOLI")
    other.stop()


def test_output_that_is_no_terminal(gateway, pane):
    watch = subprocess.Popen(
        [BINARY, "watch", gateway.url, "sim/*"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = [watch.stdout.readline() for _ in range(5)]
    assert all("sim/" in line and "\x1b" not in line for line in lines), lines
    gateway.put("sim/ACME", quote(99.0))
    assert '"last":99.00' in watch.stdout.readline()
    watch.send_signal(signal.SIGTERM)
    assert watch.wait(PATIENCE) == 0
    watch.stdout.close()
    watch.stderr.close()


def test_refuses_what_cannot_be(gateway, pane):
    for arguments, status, words in [
        (["--transport", "carrier-pigeon"], 2, "--transport is one of ws, sse, poll"),
        (["a//b"], 2, "empty segment"), (["--columns", "a,,b"], 2, "--columns wants"),
        (["--colums", "a"], 2, "did you mean --columns?"), (["ftp://x"], 2, "http"),
        (["http://a", "--url", "http://b"], 2, "given twice"), (["--record", "/nowhere/x"], 1, "cannot record"),
    ]:
        done = subprocess.run([BINARY, "watch", *arguments], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == status and words in done.stderr, (arguments, done)


def main():
    wanted = " ".join(sys.argv[1:]).replace(" ", "_")
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_") and wanted in name]
    tests = [(name, test) for name, test in tests if inspect.isfunction(test)]
    failed = 0
    for name, test in tests:
        gateway, pane = market(), Pane()
        try:
            test(gateway, pane)
            print(f"ok      {name[5:].replace('_', ' ')}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {name[5:].replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
        finally:
            gateway.stop()
            pane.close()
    subprocess.run(["tmux", "-L", SOCKET, "kill-server"], capture_output=True)
    print(f"{len(tests) - failed} of {len(tests)} passed")
    sys.exit(1 if failed or not tests else 0)


main()
