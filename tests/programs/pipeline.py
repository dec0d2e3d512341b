"""Tests pipeline: every datagram comes back right, and the numbers of all threads and of the pool add up."""

import random
import re
import signal
import socket
import struct
import time

from program import Program, check, check_command_line, main, run

LARGEST = 1464
SOCKETS = 32


def open_sockets(server, count=SOCKETS):
    """Datagrams of one socket go to one worker. With 32 sockets no worker of three is left out."""
    opened = []
    for _ in range(count):
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.connect((server.host, server.port))
        each.settimeout(20)
        opened.append(each)
    return opened


def split(answer):
    """Payload, worker, and number of the answer."""
    return (answer[:-8], *struct.unpack(">II", answer[-8:]))


def exchange(server, datagrams, in_flight=2):
    """Sends datagrams of all sizes and checks that each comes back, in order. Returns the numbers of the answers of
    each worker."""
    source = random.Random(7)
    numbers = {}
    sockets = open_sockets(server)
    for _ in range(datagrams // (in_flight * SOCKETS)):
        expected = []
        for each in sockets:
            for _ in range(in_flight):
                payload = source.randbytes(source.choice((0, 1, 20, 548, LARGEST, source.randrange(LARGEST))))
                each.send(payload)
                expected.append((each, payload))
        for each, payload in expected:
            answer, worker, number = split(each.recv(65536))
            check(answer == payload, "sent", payload, "and received", answer)
            numbers.setdefault(worker, []).append(number)
    for each in sockets:
        each.close()
    return numbers


def check_sums(counted, output, pool, threads):
    """At the end, no datagram and no packet is missing."""
    check(counted["received"] == counted["malformed"] + counted["dropped"] + counted["sent"] + counted["lost"], output)
    unused = int(re.search(r"^(\d+) packets that nothing", output, re.MULTILINE)[1])
    check(unused <= 64, output)
    workers = [int(each) for each in re.search(r"^answers of each worker:(.*)$", output, re.MULTILINE)[1].split()]
    check(len(workers) == threads and sum(workers) >= counted["sent"] + counted["lost"], output)
    if pool:
        check(counted["outstanding"] == 0, output)
        check(counted["hits"] + counted["misses"] == counted["received"] - counted["malformed"] + unused, output)
        check(counted["kept"] + counted["freed"] == counted["hits"] + counted["misses"], output)
        check(counted["remote"] == counted["drained"], output)
    return workers


def check_echo(program, memory, threads, by):
    """Every datagram comes back with the next number of its worker; those that are too large do not."""
    pool = memory != "malloc"
    with Program(program, "--memory", memory, "--workers", threads) as server:
        numbers = exchange(server, 20000)
        too_large, = open_sockets(server, 1)
        too_large.send(bytes(LARGEST + 1))
        too_large.send(b"the next one")
        answer, worker, number = split(too_large.recv(65536))
        check(answer == b"the next one", answer)
        numbers[worker].append(number)
        too_large.close()
        counted = server.stop(by, pool)
    print(server.output)
    workers = check_sums(counted, server.output, pool, threads)
    check(counted["dropped"] == counted["lost"] == 0 and counted["malformed"] == 1, server.output)
    check(sorted(numbers) == list(range(threads)), "some workers had nothing to do:", sorted(numbers))
    for worker, answered in numbers.items():
        check(sorted(answered) == list(range(workers[worker])), "numbers of worker", worker, "are missing or doubled")
    if pool:
        check(counted["hits"] > counted["misses"], server.output)
        released_elsewhere = counted["received"] - 1 if memory == "single_owner" else 0
        check(counted["remote"] == released_elsewhere, server.output)


def check_overload(program, memory):
    """Short queues drop packets on the thread of the receiver and on those of the workers. The answers that come are
    right and in order, and the sums hold."""
    pool = memory != "malloc"
    with Program(program, "--memory", memory, "--workers", 3, "--queue", 1) as server:
        sockets = open_sockets(server)
        answers = 0
        for burst in range(100):
            for i in range(8):
                for each in sockets:
                    each.send(b"%d %d" % (burst, i))
            for each in sockets:
                each.setblocking(False)
                last = (-1, -1)
                try:
                    while True:
                        at = tuple(map(int, split(each.recv(65536))[0].split()))
                        check(at <= (burst, 7) and (at[0] < burst or at > last), "answer", at, "behind", last)
                        last = at if at[0] == burst else last
                        answers += 1
                except BlockingIOError:
                    pass
        time.sleep(0.3)  # the last answers are on their way
        counted = server.stop(pool=pool)
        for each in sockets:
            each.close()
    print(server.output)
    check_sums(counted, server.output, pool, 3)
    check(counted["dropped"] > 0 and 0 < answers <= counted["sent"], answers, server.output)


def check_limits(program, memory):
    """It ends by itself after --packets and after --seconds, and prints statistics while it runs."""
    pool = memory != "malloc"
    with Program(program, "--memory", memory, "--packets", 130) as server:
        numbers = exchange(server, 64)
        left = 130 - sum(map(len, numbers.values()))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:  # not connected: no error when the server ends
            client.settimeout(20)
            for i in range(left + 50):
                client.sendto(b"%d" % i, (server.host, server.port))
            got = [split(client.recv(65536))[0] for _ in range(left)]
        check(got == [b"%d" % i for i in range(left)], got)
        counted = server.end(pool)
    check_sums(counted, server.output, pool, 2)
    check(counted["received"] == counted["sent"] == 130, server.output)

    with Program(program, "--memory", memory, "--seconds", 4) as server:
        exchange(server, 2000)
        counted = server.end(pool)
    check_sums(counted, server.output, pool, 2)
    lines = re.findall(r"^(\d+) received, (\d+) dropped, (\d+) sent, (\d+) lost(.*)$", server.output, re.MULTILINE)
    check(2 <= len(lines) <= 4, "lines of statistics:", server.output)
    for line in lines:
        check(("; hits=" in line[4]) == pool, line)
    check(int(lines[-1][0]) == counted["received"], server.output)


def check_arguments(program):
    check_command_line(program, (["--memory", "none"], "--memory"), (["--workers", "0"], "--workers"),
                       (["--queue", "0"], "--queue"), (["--packets", "-1"], "--packets"),
                       (["--seconds", "-1"], "--seconds"), (["--address", "nonsense"], "nonsense"), option="--memory")
    with Program(program) as first:
        check("in use" in run(program, "--port", first.port).stderr, "a port twice")
        counted = first.stop()
    check(counted["received"] == 0, first.output)
    check_sums(counted, first.output, True, 2)


def test(program, memory):
    if memory == "single_owner":
        check_arguments(program)
    check_echo(program, memory, 1, signal.SIGTERM)
    check_echo(program, memory, 3, signal.SIGINT)
    check_overload(program, memory)
    check_limits(program, memory)


if __name__ == "__main__":
    main(test)
