"""The common part of the tests of the programs: start one, flood it, stop it, read its statistics."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time


class Failure(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(str(each) for each in what))


def main(test):
    """Runs test(path of the program, further arguments). The exit status is 0 if it passed."""
    try:
        test(*sys.argv[1:])
    except Failure as failure:
        print("FAILED:", failure)
        sys.exit(1)
    print("passed")


def need(client, package):
    """Skips the test if the client program is missing."""
    if shutil.which(client) is None:
        print(f"skipped: {client} is missing; on Debian: apt-get install {package}")
        sys.exit(77)


def run(*command, timeout=60):
    return subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=timeout)


def check_command_line(program, *bad_ones, option="--no-pool"):
    """Checks --help, which names `option`, an unknown option, and command lines that must fail, each with a part of its
    message."""
    helped = run(program, "--help")
    check(helped.returncode == 0 and option in helped.stdout, "--help:", helped)
    for arguments, words in [(["--no-such-option"], "--help"), *bad_ones]:
        result = run(program, *arguments)
        check(result.returncode not in (0, 77) and result.returncode > 0, arguments, "ended with", result)
        check(words in result.stderr, arguments, "did not say", repr(words), "but", result)


class Program:
    """A running program. It listens on `host` at `port`; after stop() its output is in `output`."""

    def __init__(self, *command, announced_on="stdout"):
        # AddressSanitizer keeps freed memory, which would look like growth.
        options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1")))
        self.process = subprocess.Popen([str(each) for each in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "ASAN_OPTIONS": options})
        line = getattr(self.process, announced_on).readline()
        found = re.fullmatch(r"listening on (.*):(\d+)\n", line)
        if not found:
            self.process.kill()
            raise Failure(f"it does not print its address: {line!r}, {self.process.communicate()}")
        self.host, self.port = found[1], int(found[2])
        self.output = self.errors = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            print("killed; its output:", self.process.communicate())

    def stop(self, by=signal.SIGTERM, pool=True):
        """Stops the program. Returns what end() returns."""
        self.process.send_signal(by)
        return self.end(pool)

    def end(self, pool=True):
        """Waits until the program has ended and checks its status. Returns its statistics, with the total row of the
        pool if it has one."""
        self.output, self.errors = self.process.communicate(timeout=60)
        check(self.process.returncode == 0, "it ended with", self.process.returncode, self.output, self.errors)
        said = self.output + self.errors
        numbers = {word: int(number) for number, word in re.findall(r"(\d+) (received|malformed|dropped|sent|lost)\b", said)}
        check({"received", "malformed", "sent", "lost"} <= numbers.keys(), "no statistics:", said)
        if not pool:
            return numbers
        head = re.search(r"^bucket +(.*)$", said, re.MULTILINE)
        total = re.search(r"^ *total +(.*)$", said, re.MULTILINE)
        check(head and total, "no statistics of the pool:", said)
        numbers |= dict(zip(head[1].split(), map(int, total[1].split())))
        numbers["acquires"] = numbers["hits"] + numbers["misses"]
        return numbers

    def resident(self):
        """Resident memory in KiB, None if the system does not tell it."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])
        except OSError:
            return None

    def flood(self, datagrams=20000, longest=1500, seed=1, prefix=b"", still_there=None):
        """Sends random datagrams, then calls `still_there`, which checks that the program still answers.
        Its memory must not grow by more than 2 MiB after the first half."""
        source = random.Random(seed)
        settled = None
        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect((self.host, self.port))
            for i in range(datagrams):
                length = source.choice((source.randrange(20), source.randrange(100), source.randrange(longest)))
                try:
                    sender.send(prefix + source.randbytes(length))
                except OSError:  # no buffer space, or the program has ended: checked below
                    pass
                if i % 50 == 49:
                    time.sleep(0.002)
                if i == datagrams // 2:
                    settled = self.resident()
        check(self.process.poll() is None, "the flood ended the program")
        if still_there:
            still_there()
        grown = None if settled is None else self.resident() - settled
        check(grown is None or grown < 2048, "its memory grew by", grown, "KiB")
        print(f"flood: {datagrams} datagrams, memory grew by {grown} KiB from {settled}")
