"""Tests coap_server with its client, coap-client (libcoap3-bin), whose program has several names."""

import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

import coap
from coap import Peer, block, message, number
from program import Program, check, check_command_line, main, need, run

NAMES = ["coap-client", "coap-client-notls", "coap-client-openssl", "coap-client-gnutls"]
CLIENT = next((name for name in NAMES if shutil.which(name)), NAMES[0])


class Client:
    """coap-client: it writes the received bytes to a file."""

    def __init__(self, server, folder):
        self.address = f"coap://{server.host}:{server.port}/"
        self.folder = pathlib.Path(folder)

    def get(self, path, *options):
        into = self.folder / "got"
        into.unlink(missing_ok=True)
        said = run(CLIENT, "-o", into, *options, self.address + path)
        check(said.stderr == "", "GET of", path, options, said)
        return into.read_bytes() if into.exists() else b""  # no file for an empty resource

    def put(self, path, content, *options):
        source = self.folder / "put"
        source.write_bytes(content)
        said = run(CLIENT, "-m", "put", "-f", source, *options, self.address + path)
        check(said.stderr == "" and said.stdout.strip() == "", "PUT to", path, options, said)

    def fails(self, error, *arguments):
        said = run(CLIENT, *arguments[:-1], self.address + arguments[-1])
        check(said.stderr.startswith(error), arguments, "is not", error, said)

    def observe(self, path, seconds):
        return subprocess.Popen([CLIENT, "-s", str(seconds), "-w", self.address + path], stdout=subprocess.PIPE, text=True)


def check_client(client, files):
    for path, content in files.items():
        check(client.get(path) == content, "GET of", path)
    links = client.get(".well-known/core").decode().split(",")
    check(sorted(links) == sorted(f"</{path}>;obs" for path in files), "discovered", links)
    big = files["big"]
    for size in (16, 64, 1024):
        check(client.get("big", "-b", size) == big, "GET in blocks of", size)
        changed = random.Random(size).randbytes(65536 - 7)
        client.put(f"made/of/{size}", changed, "-b", size)
        check(client.get(f"made/of/{size}") == changed, "PUT in blocks of", size)
        client.put(f"made/of/{size}", big, "-b", size)
        check(client.get(f"made/of/{size}", "-b", size) == big, "PUT again in blocks of", size)
    check(client.get("big", "-N") == big, "GET that is not confirmed")
    client.put("small%20one", b"", "-N")
    check(client.get("small%20one", "-N") == b"", "nothing was PUT")
    client.put("small%20one", b"x" * 1024)
    check(client.get("small%20one") == b"x" * 1024, "one block was PUT")
    client.fails("4.04", "nothing/here")
    client.fails("4.05", "-m", "delete", "small")
    client.fails("4.05", "-m", "put", "-e", "x", ".well-known/core")
    client.fails("4.02", "-O", "9,x", "small")
    client.fails("4.06", "-A", "50", ".well-known/core")


def check_observing(client):
    """An observer gets each new value, also a large one as a whole."""
    client.put("watched", b"first")
    watching = client.observe("watched", 4)
    check(watching.stdout.readline() == "first\n", "the value at first")
    client.put("watched", b"second")
    check(watching.stdout.readline() == "second\n", "the new value")
    large = "".join(chr(ord("a") + i % 26) for i in range(3000))
    client.put("watched", large.encode())
    check(watching.stdout.readline() == large + "\n", "the large value")
    watching.communicate(timeout=60)
    check(watching.returncode == 0, "the observer ended with", watching.returncode)


def check_duplicates(server):
    """A duplicate gets the same answer and is not executed again."""
    with Peer(server) as one, Peer(server) as other:
        request = message(coap.CON, coap.PUT, 7, b"t", [(coap.PATH, b"twice")], b"x")
        answers = []
        for _ in range(3):
            one.send(request)
            answers.append(one.receive().encoded)
        check(answers == [message(coap.ACK, coap.CREATED, 7, b"t")] * 3, "duplicates were answered", answers)
        other.send(request)  # from another peer
        other.id = 7
        check(other.receive().code == coap.CHANGED, "a new message was answered as a duplicate")
        for _ in range(128):  # as many messages as the server remembers
            other.ask(coap.GET, "twice")
        one.send(request)
        check(one.receive().code == coap.CHANGED, "the oldest message was not forgotten")
        for _ in range(2):
            other.send(message(coap.NON, coap.GET, 9999, b"n", [(coap.PATH, b"twice")]))
        check(other.receive().token == b"n", "no answer to a non-confirmable message")
        check(other.receive(0.3) is None, "two answers to a non-confirmable message")
    return 3


def check_messages(server):
    with Peer(server) as peer:
        peer.ping()
        check(peer.ask(coap.GET, "small", [(9, b"")]).code == coap.BAD_OPTION, "a critical option")
        peer.send(message(coap.NON, coap.GET, 100, b"", [(9, b""), (coap.PATH, b"small")]))
        peer.send(message(coap.NON, coap.CONTENT, 101))  # an answer without a request
        peer.send(message(coap.ACK, 0, 102))
        peer.send(message(coap.RST, 0, 103))
        peer.send(message(coap.NON, 0, 104))
        peer.send(bytes([0x80]) + message(coap.CON, coap.GET, 105)[1:])  # version 2
        peer.send(b"\x40\x01")
        check(peer.receive(0.3) is None, "an answer to messages that must be ignored")
        for wrong in (message(coap.CON, coap.CONTENT, 110), b"\x40\x01\x00\x6e\xff", b"\x41\x00\x00\x6e!"):
            peer.send(wrong)
            check(peer.receive().encoded == message(coap.RST, 0, 110), wrong, "was not rejected")
        check(peer.ask(coap.PUT, "typed", [(coap.FORMAT, number(50))], b"{}").code == coap.CREATED, "a typed one")
        check(peer.ask(coap.GET, "typed").options == {coap.FORMAT: number(50)}, "another content format")
        check(peer.ask(coap.GET, "typed", [(coap.ACCEPT, b"")]).code == coap.NOT_ACCEPTABLE, "an unacceptable format")
        for options, code in (((0, 1), coap.CONTINUE), ((2, 1), coap.INCOMPLETE), ((1, 0), coap.INCOMPLETE)):
            answer = peer.ask(coap.PUT, "order", [(coap.BLOCK1, block(*options, 0))], b"x" * 16)
            check(answer.code == code, "block", options, "was answered", answer)
        check(peer.ask(coap.GET, "order").code == coap.NOT_FOUND, "half a body was stored")


def observe(peer, path, token, value=0):
    return peer.ask(coap.GET, path, [(coap.OBSERVE, number(value))], token=token)


def newer(one, other):
    return int.from_bytes(one.options[coap.OBSERVE], "big") > int.from_bytes(other.options[coap.OBSERVE], "big")


def check_retransmission(program, options):
    with Program(program, "--port", 0, "--ack-timeout", 0.3, *options) as server, Peer(server) as silent, Peer(server) as writer:
        def change(text):
            writer.ask(coap.PUT, "r", payload=text)

        def is_silent(seconds):
            silent.ping()
            check(silent.receive(seconds) is None, "a notification too many")

        change(b"0")
        at_first = observe(silent, "r", b"a")
        check(at_first.payload == b"0", at_first)
        change(b"1")
        first, arrival = silent.receive(), time.monotonic()
        check(first.kind == coap.CON and first.token == b"a" and first.payload == b"1", "notified of", first)
        check(newer(first, at_first), first, "is not newer than", at_first)
        again = silent.receive()
        check(again.encoded == first.encoded, "the retransmission differs:", again)
        check(time.monotonic() - arrival > 0.2, "retransmitted too early")
        change(b"2")  # the first is not acknowledged: the next transmission has the new value
        newest = silent.receive()
        while newest.payload == b"1":
            newest = silent.receive()
        check(newest.payload == b"2" and newest.id != first.id and newer(newest, first), "notified of", newest)
        silent.send(message(coap.ACK, 0, first.id))  # too late
        check(silent.receive().encoded == newest.encoded, "an acknowledgement of an older message was accepted")
        silent.send(message(coap.ACK, 0, newest.id))
        is_silent(3)
        change(b"3")
        rejected = silent.receive()
        check(rejected.payload == b"3", rejected)
        silent.send(message(coap.RST, 0, rejected.id))
        is_silent(1)
        change(b"4")
        is_silent(1)  # the observation has ended

        with Peer(server) as typed:  # the content format of an observed resource does not change
            observe(typed, "r", b"f")
            writer.ask(coap.PUT, "r", [(coap.FORMAT, number(50))], b"5")
            last = typed.receive()
            check(last.code == coap.NOT_ACCEPTABLE and last.kind == coap.CON, last)
            typed.send(message(coap.ACK, 0, last.id))
        for i in range(64):  # the most observers of a resource
            check(coap.OBSERVE in observe(silent, "r", bytes([i])).options, "observer", i)
        check(observe(silent, "r", b"more").options == {coap.FORMAT: number(50)}, "one observer too many")
        check(coap.OBSERVE in observe(silent, "r", b"\7").options, "a repeated registration did not replace the old one")
        check(coap.OBSERVE not in observe(silent, "r", b"\7", 1).options, "deregistration")
        check(coap.OBSERVE in observe(silent, "r", b"more").options, "no observer can replace one that has left")
        writer.ask(coap.PUT, "r", [(coap.FORMAT, number(50))], b"6")
        notified = [silent.receive() for _ in range(64)]
        check({each.token for each in notified} == {b"more", *(bytes([i]) for i in range(64) if i != 7)}, notified)
        server.stop(signal.SIGINT)


def check_giving_up(program, options):
    with Program(program, "--port", 0, "--ack-timeout", 0.1, *options) as server, Peer(server) as silent, Peer(server) as writer:
        writer.ask(coap.PUT, "r", payload=b"0")
        observe(silent, "r", b"a")
        writer.ask(coap.PUT, "r", payload=b"1")
        begin = time.monotonic()
        seen = [silent.receive().encoded for _ in range(5)]
        check(len(set(seen)) == 1, "one transmission and four retransmissions:", seen)
        check(time.monotonic() - begin > 1.4, "retransmitted too early: the timeout doubles each time")
        writer.ask(coap.PUT, "r", payload=b"2")
        check(silent.receive(4) is None, "a peer that does not answer is still notified")
        server.stop()


def check_bounds(program, client_of, options):
    with Program(program, "--port", 0, "--max-resources", 2, "--max-bytes", 3000, *options) as server:
        client = client_of(server)
        client.put("a", b"x" * 2000, "-b", 64)
        client.fails("4.13", "-m", "put", "-e", "x" * 1000, "b")
        client.put("b", b"x" * 998)
        client.put("a", b"")
        client.fails("4.13", "-m", "put", "-e", "x", "c")
        client.put("a", b"y" * 2000)
        check(client.get("a") == b"y" * 2000, "PUT within the bounds")
        server.stop()


def check_arguments(program, files):
    check_command_line(program, (["--resources", "no-such-folder"], "no-such-folder"), (["--port", "65536"], "--port"),
                       (["--resources", files / "small"], "--resources"), (["--address", "nonsense"], "nonsense"),
                       (["--ack-timeout", "0"], "--ack-timeout"),
                       (["--resources", files, "--max-resources", 2], "--max-resources"),
                       (["--resources", files, "--max-bytes", 50000], "--max-bytes"))


def test(program, *options):
    need(CLIENT, "libcoap3-bin")
    source = random.Random(1)
    files = {"small": b"Hello, world!\n", "empty": b"", "big": source.randbytes(65536)}
    with tempfile.TemporaryDirectory() as folder:
        served = pathlib.Path(folder, "served")
        (served / "a folder").mkdir(parents=True)
        for name, content in files.items():
            (served / name).write_bytes(content)
        with Program(program, "--port", 0, "--resources", served, *options) as server:
            client = Client(server, folder)
            check_client(client, files)
            check_observing(client)
            duplicates = check_duplicates(server)
            check_messages(server)
            for seed, prefix in enumerate((b"", b"\x40\x03", b"\x51\x01")):  # random, PUT, GET
                server.flood(7000, seed=seed, prefix=prefix)
                check(client.get("big") == files["big"], "GET after a flood")
            counted = server.stop()
        print(server.output)
        said = re.search(r"(\d+) duplicates, (\d+) notifications", server.output)
        check(int(said[1]) >= duplicates and int(said[2]) >= 2, said)
        check(counted["malformed"] > 7000 and counted["lost"] == 0, counted)
        check(counted["acquires"] > counted["received"] > 40000, counted)
        check(counted["most_outstanding"] <= 64 + 64 + 128 + 64, "outstanding packets are not bounded", counted)
        if "--no-pool" in options:
            check(counted["hits"] == 0 and counted["idle"] == 0, counted)
        else:
            check(counted["misses"] < counted["acquires"] / 100, "too many misses", counted)
            check_arguments(program, served)
            check_giving_up(program, options)
            check_bounds(program, lambda server: Client(server, folder), options)
        check_retransmission(program, options)


if __name__ == "__main__":
    main(test)
