"""fit_buckets on traffic of real clients, captured on loopback by tcpdump: every datagram is found."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from coap_server import CLIENT
from program import Program, check, main, need, run


class Loopback:
    """tcpdump on the loopback interface; it needs the right to capture."""

    def __init__(self, file):
        self.file = file
        as_root = ["-Z", "root"] if os.geteuid() == 0 else []  # else it may not write into the folder
        # 256 bytes of a frame: the headers are in them, and the buffer of the kernel holds many.
        self.process = subprocess.Popen(["tcpdump", "-i", "lo", "--immediate-mode", "-U", "-s", "256", *as_root,
                                         "-w", str(file), "udp"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        while line and "listening on" not in line:
            line = self.process.stderr.readline() if self.process.poll() is None else ""
        if not line:
            print("skipped: tcpdump cannot capture on loopback")
            sys.exit(77)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        size = -1
        while size != (size := self.file.stat().st_size):  # until all is written
            time.sleep(0.5)
        self.process.terminate()
        self.process.communicate(timeout=60)


def total(counted):
    return counted["received"] + counted["sent"]


def dns(program, folder):
    hosts = pathlib.Path(folder, "hosts")
    hosts.write_text("192.0.2.1 host.example\ntxt host.example " + 300 * "x" + "\n", encoding="ascii")
    with Program(program, hosts) as server:
        at = [f"@{server.host}", "-p", str(server.port), "+notcp", "+tries=1", "+timeout=20"]
        for kind in 20 * ["A", "TXT"]:
            run("dig", *at, "host.example", kind)
        return server.port, total(server.stop())


def rtp(program, folder):
    with Program(program, "--output", pathlib.Path(folder, "tone"), "--latency", "50") as server:
        run("ffmpeg", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", "sine=duration=10", "-ar", "8000",
            "-c:a", "pcm_mulaw", "-f", "rtp", f"rtp://127.0.0.1:{server.port}")
        return server.port, total(server.stop())


def coap(program, folder):
    served = pathlib.Path(folder, "served")
    served.mkdir()
    served.joinpath("text").write_text(5000 * "x", encoding="ascii")
    with Program(program, "--resources", served) as server:
        for size in (16, 64, 1024):
            run(CLIENT, "-o", os.devnull, "-b", str(size), f"coap://127.0.0.1:{server.port}/text")
        return server.port, total(server.stop())


def utp(_, folder):
    """At least as many as the packets of the file."""
    size = 4_000_000
    said = run(python_with_libtorrent(), "-B", pathlib.Path(__file__).with_name("utp_transfer.py"), folder, size)
    check(said.returncode == 0, said)
    return int(said.stdout), -(-size // 1472)


def python_with_libtorrent():
    """Debian's has the module of its package; the one that runs this may be another."""
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and run(python, "-c", "import libtorrent").returncode == 0:
            return python
    print("skipped: no Python has libtorrent; on Debian: apt-get install python3-libtorrent")
    sys.exit(77)


def test(fit_buckets, client, server):
    client = CLIENT if client == "coap-client" else client
    need("tcpdump", "tcpdump")
    if client == "libtorrent":
        python_with_libtorrent()
    else:
        need(client, PACKAGES[client])
    with tempfile.TemporaryDirectory() as folder:
        capture = pathlib.Path(folder, "lo.pcap")
        with Loopback(capture):
            port, expected = TRAFFIC[client](server, folder)
        result = run(fit_buckets, capture, "--filter", f"udp port {port}", "--hold", "50ms", "--loss", "10%")
        print(result.stderr, result.stdout)
        check(result.returncode == 0, result)
        datagrams = int(re.search(r": (\d+) datagrams in", result.stderr)[1])
        check(datagrams == expected > 30 or client == "libtorrent" and datagrams > expected, datagrams, expected)
        share = re.search(r"^fitted_buckets +\d+ +([\d.]+)%", result.stderr, re.MULTILINE)
        check(float(share[1]) <= 10, result.stderr)


TRAFFIC = {"dig": dns, "ffmpeg": rtp, CLIENT: coap, "libtorrent": utp}
PACKAGES = {"dig": "bind9-dnsutils", "ffmpeg": "ffmpeg", CLIENT: "libcoap3-bin"}

if __name__ == "__main__":
    main(test)
