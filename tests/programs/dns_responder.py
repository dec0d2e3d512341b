"""Tests dns_responder with its client, dig (bind9-dnsutils): the exact answers to a thousand queries."""

import pathlib
import re
import signal
import socket
import tempfile
import time

from program import Program, check, check_command_line, main, need, run

SUFFIX = "example.test"
TEXTS = {"t400": 400, "t600": 600, "t1100": 1100, "t2000": 2000}  # name: size


def records():
    """(name, type): data as dig prints it."""
    known = {}
    for i in range(300):
        name = f"h{i}.{SUFFIX}"
        known[name, "A"] = [f"192.0.{i % 200}.{n}" for n in range(1, 4 if i % 7 == 0 else 2)]
        if i % 3 == 0:
            known[name, "AAAA"] = [f"2001:db8::{i + 1:x}"]
        if i % 5 == 0:
            known[name, "TXT"] = [f'"text of {i} # no comment"']
    for name, size in TEXTS.items():
        text = "".join(chr(ord("a") + i % 26) for i in range(size))
        known[f"{name}.{SUFFIX}", "TXT"] = [" ".join(f'"{text[i:i + 255]}"' for i in range(0, size, 255))]
    return known


def hosts_file(known):
    lines = ["# made by a test", ""]
    for (name, kind), data in known.items():
        for each in data:
            if kind == "TXT":
                lines.append(f"txt {name} {each.replace(chr(34) + ' ' + chr(34), '')[1:-1]}")
            else:
                lines.append(f"{each}\t{name.upper()}  alias-{name}. # an address")
    return "\n".join(lines) + "\n"


class Client:
    def __init__(self, server):
        self.to = [f"@{server.host}", "-p", str(server.port), "+notcp", "+ignore", "+tries=1", "+timeout=20"]
        self.asked = 0

    def ask(self, *query):
        """Status, flags, answers, number of bytes and output of one query."""
        said = run("dig", *self.to, *query).stdout
        self.asked += 1
        status = re.search(r"status: (\w+)", said)
        check(status, "dig", *query, "got no answer:", said)
        return (status[1], set(re.search(r"flags: ([a-z ]*);", said)[1].split()),
                [line.split(None, 4)[3:] for line in said.splitlines() if line and line[0] != ";"],
                int(re.search(r"MSG SIZE +rcvd: (\d+)", said)[1]), said)

    def ask_all(self, queries, folder):
        batch = pathlib.Path(folder, "queries")
        batch.write_text("".join(f"{name} {kind}\n" for name, kind in queries), encoding="ascii")
        said = run("dig", *self.to, "+noall", "+comments", "+question", "+answer", "-f", batch).stdout
        self.asked += len(queries)
        return said.split(";; Got answer:\n")[1:]


def mixed_case(text, i):
    return "".join(c.upper() if (i >> n % 7) % 2 else c for n, c in enumerate(text))


def check_a_thousand(client, known, folder):
    names = {name for name, _ in known}
    queries = []
    for i in range(334):
        name = f"alias-h{i}.{SUFFIX}" if i % 4 == 1 else f"h{i}.{SUFFIX}"  # names from 300 on do not exist
        queries += [(mixed_case(name, i), kind) for kind in ("A", "AAAA", "TXT")]
    seen = client.ask_all(queries, folder)
    check(len(seen) == len(queries), len(seen), "answers to", len(queries), "queries")
    for (name, kind), answer in zip(queries, seen):
        plain = name.lower()
        aliased = plain.startswith("alias-")
        plain = plain.removeprefix("alias-")
        expected = [] if aliased and kind == "TXT" else known.get((plain, kind), [])
        got = [line.split(None, 4) for line in answer.splitlines() if line and line[0] != ";"]
        check(f";{name}." in answer, name, kind, "is not the question of", answer)
        check(got == [[f"{name}.", "300", "IN", kind, data] for data in expected], name, kind, expected, answer)
        status = "NOERROR" if plain in names else "NXDOMAIN"
        check(f"status: {status}," in answer and "flags: qr aa rd;" in answer, name, kind, answer)


def check_sizes(client, largest):
    """An answer that does not fit is truncated: TC, and only question and OPT."""
    for options, limit in ((["+noedns"], 512), (["+bufsize=100"], 512), (["+bufsize=512"], 512),
                           (["+bufsize=1232"], 1232), (["+bufsize=4096"], 4096)):
        for name, size in TEXTS.items():
            # Header, question, record, lengths of strings, OPT; without a cookie the size is known.
            whole = 12 + len(name) + 15 + 4 + 12 + size + -(-size // 255) + (0 if options == ["+noedns"] else 11)
            status, flags, answers, received, said = client.ask(*options, "+nocookie", f"{name}.{SUFFIX}", "TXT")
            fits = whole <= min(limit, largest) if limit > 512 else whole <= 512
            check(status == "NOERROR" and ("tc" not in flags) == fits, name, options, said)
            check(len(answers) == fits and received == (whole if fits else whole - 12 - size - -(-size // 255)),
                  name, options, whole, said)


def check_refusals(client):
    for query, status in ((["ANY", f"h1.{SUFFIX}"], "REFUSED"), (["CH", "TXT", f"h1.{SUFFIX}"], "REFUSED"),
                          (["+opcode=STATUS", f"h1.{SUFFIX}"], "NOTIMP"),
                          (["+edns=1", "+noednsneg", f"h1.{SUFFIX}"], "BADVERS"),
                          (["MX", f"h1.{SUFFIX}"], "NOERROR"), (["A", SUFFIX], "NOERROR"),
                          (["A", "test"], "NOERROR"), (["A", "."], "NOERROR"), (["A", "other"], "NXDOMAIN")):
        got, flags, answers, _, said = client.ask(*query)
        check((got, answers) == (status, []) and "ra" not in flags, query, said)
    check("rd" not in client.ask("+norecurse", f"h1.{SUFFIX}")[1], "RD is not copied")
    check("EDNS" not in client.ask("+noedns", f"h1.{SUFFIX}")[4], "OPT in an answer to a query without it")


def check_silence(server):
    """Answers and datagrams shorter than a header get no answer; a malformed question gets FORMERR."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((server.host, server.port))
        client.settimeout(20)
        client.send(b"\x01" * 11)
        client.send(b"\x12\x34\x80\x00" + b"\x00\x01" + b"\x00" * 6 + b"\x00\x00\x01\x00\x01")
        client.send(b"\x56\x78\x01\x00" + b"\x00\x01" + b"\x00" * 6 + b"\xc0\x0c\x00\x01\x00\x01")
        check(client.recv(512) == b"\x56\x78\x81\x01" + b"\x00" * 8, "no FORMERR, or one answer too many")


def check_server(program, hosts, known, folder, *options, pool=True):
    with Program(program, hosts, *options) as server:
        client = Client(server)
        check_a_thousand(client, known, folder)
        check_sizes(client, 4096 if "--max-size" in options else 1232)
        check_refusals(client)
        check_silence(server)
        for seed, prefix in ((1, b""), (2, bytes.fromhex("123401000001000000000001"))):
            server.flood(10000, prefix=prefix, seed=seed)
            check(client.ask(f"H7.{SUFFIX}")[2] == [["A", data] for data in known[f"h7.{SUFFIX}", "A"]], "after a flood")
        counted = server.stop()
    print(server.output)
    check(counted["malformed"] >= 5000, "malformed datagrams are not counted", counted)
    check(counted["sent"] > client.asked and counted["received"] > 10000 + client.asked, client.asked, counted)
    check(counted["lost"] == 0 and counted["outstanding"] == 0, counted)
    check(counted["acquires"] > counted["received"], counted)
    if pool:
        check(counted["misses"] < 300, "too many misses", counted)
    else:
        check(counted["hits"] == 0 and counted["idle"] == 0, counted)


QUERY = b"\x12\x34\x01\x00" + b"\x00\x01" + b"\x00" * 6 + b"\x02h3\x07example\x04test\x00" + b"\x00\x01\x00\x01"


def check_stop(program, hosts):
    """Queries that arrived before the signal are answered, also if they are more than a batch."""
    with Program(program, hosts) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        server.process.send_signal(signal.SIGSTOP)
        for _ in range(200):
            client.sendto(QUERY, (server.host, server.port))
        server.process.send_signal(signal.SIGTERM)
        counted = server.stop(signal.SIGCONT)
        check(counted["received"] == counted["sent"] == 200, counted)


def check_waiting(program, hosts, known):
    """Delayed answers are right; of too many waiting queries the oldest are dropped; they wait in small packets."""
    with Program(program, hosts, "--delay", "150") as server:
        before = time.monotonic()
        check(Client(server).ask(f"h3.{SUFFIX}", "AAAA")[2] == [["AAAA", known[f"h3.{SUFFIX}", "AAAA"][0]]], "late")
        check(time.monotonic() - before >= 0.15, "it did not wait")
        server.stop(signal.SIGINT)
    with Program(program, hosts, "--delay", "60000") as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for i in range(6000):
                client.sendto(QUERY, (server.host, server.port))
                if i % 50 == 0:
                    time.sleep(0.002)
        time.sleep(0.5)
        counted = server.stop()
    waited, size, dropped = map(int, re.search(r"(\d+) waited, .* (\d+) bytes .* (\d+) of them", server.output).groups())
    check(waited == counted["received"] > 4096, "number of waiting queries", counted, server.output)
    check(dropped == waited - 4096 and counted["sent"] == 0, "too few or too many were dropped:", server.output)
    check(size == 4096 * 512, "they wait in large packets:", server.output)
    print(server.output)


def check_arguments(program, hosts, folder):
    def bad(*lines):
        path = pathlib.Path(folder, "bad")
        path.write_text("\n".join(("# first", "192.0.2.1 good", *lines)) + "\n", encoding="latin1")
        result = run(program, path)
        check(result.returncode == 1, lines, result)
        return result.stderr

    for line in ("192.0.2.256 a", "192.0.2.1", "192.0.2.1 a..b", f"192.0.2.1 {'a' * 64}", "2001:db8::g a", "fe80::1%lo a",
                 f"192.0.2.1 {'a.' * 128}", "192.0.2.1 a b\\c", "txt", "txt a..b c", "text a b", f"txt a {'x' * 4096}"):
        said = bad("", line)
        check("bad:4: " in said and said.count("\n") == 1, repr(line), "is reported as", said)
    check_command_line(program, ([], "hosts"), (["no-such-file"], "no-such-file: cannot be"), ([folder], ": cannot be read"),
                       ([hosts, "--max-size", "511"], "--max-size"), ([hosts, "--max-size", "4097"], "--max-size"),
                       ([hosts, "--delay", "-1"], "--delay"), ([hosts, "--port", "65536"], "--port"),
                       ([hosts, "--address", "nonsense"], "nonsense"))
    with Program(program, hosts) as first:
        check("in use" in run(program, hosts, "--port", first.port).stderr, "a port twice")
        first.stop()


def test(program, *options):
    need("dig", "bind9-dnsutils")
    known = records()
    with tempfile.TemporaryDirectory() as folder:
        hosts = pathlib.Path(folder, "hosts")
        hosts.write_text(hosts_file(known), encoding="ascii")
        if "--no-pool" in options:
            check_server(program, hosts, known, folder, "--no-pool", "--max-size", "4096", pool=False)
            return
        check_arguments(program, hosts, folder)
        check_server(program, hosts, known, folder)
        check_stop(program, hosts)
        check_waiting(program, hosts, known)


if __name__ == "__main__":
    main(test)
