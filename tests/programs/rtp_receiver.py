"""Tests rtp_receiver with its sender, ffmpeg: the written bytes are the sent ones, also if packets are reordered, lost
or duplicated."""

import contextlib
import pathlib
import random
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time

from program import Program, check, check_command_line, main, need, run

QUIET = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin"]
# Each stream fits the buffer of a socket: a slow receiver loses nothing.
PCMU = ["-f", "lavfi", "-i", "sine=frequency=440:duration=10", "-ar", "8000", "-ac", "1", "-c:a", "pcm_mulaw"]
L16 = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2", "-ar", "44100", "-ac", "1", "-c:a", "pcm_s16be"]
SEQUENCE, SSRC = 65500, 4711  # the sequence number wraps around after 36 packets


def tone(codec, raw):
    """The payload of the stream, from the same encoder."""
    made = subprocess.run([*QUIET, *codec, "-f", raw, "-"], capture_output=True, timeout=60)
    check(made.returncode == 0 and len(made.stdout) > 10000, "ffmpeg:", made.stderr)
    return made.stdout


def sender(port, codec, *options, query=""):
    return [*QUIET, "-readrate", "40", *codec, "-f", "rtp", "-seq", SEQUENCE, "-ssrc", SSRC, *options,
            f"rtp://127.0.0.1:{port}{query}"]


def capture(codec):
    """The packets of ffmpeg, for a relay that changes them as a network does."""
    packets = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind(("127.0.0.1", 0))
        relay.settimeout(0.5)
        command = sender(relay.getsockname()[1], codec, "-rtpflags", "skip_rtcp")
        ffmpeg = subprocess.Popen([str(each) for each in command], stdout=subprocess.DEVNULL)
        while True:
            with contextlib.suppress(socket.timeout):
                packets.append(relay.recv(2048))
                continue
            if ffmpeg.poll() is not None:
                break
    check(ffmpeg.returncode == 0, "ffmpeg ended with", ffmpeg.returncode)
    return packets


def wait_until(condition, *what):
    end = time.monotonic() + 30
    while not condition():
        check(time.monotonic() < end, "timeout, waiting for", *what)
        time.sleep(0.02)


def rewritten(packet, sources=0, extension=None, padding=0, ssrc=SSRC):
    """The payload in a packet with optional parts."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension is not None else 0) | sources
    parts = [bytes([first]), packet[1:8], struct.pack("!I", ssrc), b"csrc" * sources]
    if extension is not None:
        parts += [struct.pack("!HH", 0xBEDE, len(extension) // 4), extension]
    parts += [packet[12:], bytes(padding - 1) + bytes([padding]) if padding else b""]
    return b"".join(parts)


class Receiver(Program):
    def __init__(self, folder, program, *options, to_stdout=False):
        self.file = pathlib.Path(folder, "received")
        self.file.unlink(missing_ok=True)
        if to_stdout:
            shell = ["sh", "-c", 'file=$1; shift; exec "$@" >"$file"', "sh", self.file]
            super().__init__(*shell, program, "--output", "-", *options, announced_on="stderr")
        else:
            super().__init__(program, "--output", self.file, *options)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((self.host, self.port))

    def __exit__(self, *what):
        self.socket.close()
        super().__exit__(*what)

    def send(self, packets):
        for i, packet in enumerate(packets):
            self.socket.send(packet)
            if i % 20 == 19:
                time.sleep(0.004)

    def wait_for(self, size):
        wait_until(lambda: self.file.exists() and self.file.stat().st_size >= size, size, "bytes")

    def finish(self, **expected):
        """Stops the receiver and compares its counts; the default is 0."""
        pool = self.stop()
        words = "written missing late duplicates restarts streams foreign RTCP".split()
        counts = {word: int(number) for number, word in re.findall(rf"(\d+) ({'|'.join(words)})\b",
                                                                   self.output + self.errors)}
        check(list(counts) == words, "no statistics:", self.output, self.errors)
        expected = {"streams": 1, **expected}
        for word in words:
            check(counts[word] == expected.get(word, 0), counts[word], word, "not", expected.get(word, 0))
        accounted = sum(counts[word] for word in ("written", "late", "duplicates", "foreign", "RTCP"))
        check(accounted + pool["malformed"] == pool["received"], counts, "of", pool)
        return pool

    def check_written(self, expected):
        written = self.file.read_bytes()
        check(written == expected, "the", len(written), "written bytes differ from the", len(expected), "sent")


def frames(data):
    """The complete frames."""
    result = []
    while len(data) >= 2 and len(data) >= 2 + int.from_bytes(data[:2], "big"):
        size = int.from_bytes(data[:2], "big")
        result.append(data[2:2 + size])
        data = data[2 + size:]
    return result


def joined(packets):
    return b"".join(packet[12:] for packet in packets)


def check_ffmpeg(folder, command, codec, raw, **how):
    """Receives from ffmpeg, which also sends RTCP to the port."""
    sent = tone(codec, raw)
    with Receiver(folder, *command, **how) as receiver:
        done = run(*sender(receiver.port, codec, query=f"?rtcpport={receiver.port}"))
        check(done.returncode == 0, done)
        if "--framed" in command:
            wait_until(lambda: len(joined(frames(receiver.file.read_bytes()))) >= len(sent), len(sent), "bytes")
            packets = frames(receiver.file.read_bytes())
            check(joined(packets) == sent, "the payload of the frames differs")
            check([packet[2:4] for packet in packets] ==
                  [struct.pack("!H", (SEQUENCE + i) % 65536) for i in range(len(packets))], "frames out of order")
        else:
            receiver.wait_for(len(sent))
            receiver.check_written(sent)
        pool = receiver.stop()
        said = receiver.output + receiver.errors
        rtcp = int(re.search(r"(\d+) RTCP", said)[1])
        count = pool["received"] - rtcp
        check(f"{count} written, 0 missing, 0 late, 0 duplicates, 0 restarts, 1 streams, 0 foreign" in said and
              rtcp > 0 and pool["malformed"] == 0, said)
    print(f"{raw} {how or ''}: {len(sent)} bytes in {count} packets, {rtcp} RTCP")


def shuffled(packets, seed):
    """Moves each packet by up to 20 positions. The first is not in front; the last stays, and marks the end."""
    source = random.Random(seed)
    order = sorted(range(len(packets) - 1), key=lambda i: i + (source.randrange(20) if i else 10))
    check(order[0] != 0, "the first is in front")
    return [packets[i] for i in order] + packets[-1:]


def check_network(folder, command, packets):
    """A relay reorders, drops and duplicates the packets of ffmpeg."""
    source = random.Random(1)
    count = len(packets)
    patient = [*command, "--latency", "1000"]

    with Receiver(folder, *patient) as receiver:
        receiver.send(shuffled(packets, 2))
        receiver.wait_for(len(joined(packets)))
        receiver.check_written(joined(packets))
        receiver.finish(written=count)

    with Receiver(folder, *command) as receiver:
        gone = {i for i in range(1, count - 2) if source.randrange(10) == 0} | set(range(40, 47))
        kept = [packet for i, packet in enumerate(packets) if i not in gone]
        receiver.send(kept[:-1])
        receiver.wait_for(len(joined(kept[:-1])))
        receiver.send([packets[min(gone)], packets[max(gone)]])  # one of them is outside of the window
        receiver.send(kept[-1:])
        receiver.wait_for(len(joined(kept)))
        receiver.check_written(joined(kept))
        receiver.finish(written=len(kept), missing=len(gone), late=2)

    with Receiver(folder, *command) as receiver:
        receiver.send(each for packet in packets[:-1] for each in (packet, packet))
        receiver.send(packets[-1:])
        receiver.wait_for(len(joined(packets)))
        receiver.check_written(joined(packets))
        receiver.finish(written=count, duplicates=count - 1)

    with Receiver(folder, *patient) as receiver:  # packets that wait when the signal arrives are written
        receiver.send(packets[:10])
        receiver.wait_for(len(joined(packets[:10])))
        receiver.send(packets[11:20])
        time.sleep(0.2)  # less than the latency
        receiver.finish(written=19, missing=1)
        receiver.check_written(joined(packets[:10] + packets[11:20]))

    with Receiver(folder, *patient) as receiver:
        receiver.send(shuffled([packet for packet in kept[:-1] for _ in range(2)] + kept[-1:], 3))
        receiver.wait_for(len(joined(kept)))
        receiver.check_written(joined(kept))
        receiver.finish(written=len(kept), missing=len(gone), duplicates=len(kept) - 1)
    print(f"relayed: {count} packets reordered, {len(gone)} lost, {count - 1} duplicated")


def check_parts(folder, command, packets):
    """Lists of sources, extensions and padding are not payload, but parts of a frame."""
    ways = [{"sources": 15}, {"extension": b""}, {"extension": b"12345678"}, {"padding": 1}, {"padding": 255},
            {"sources": 2, "extension": b"1234", "padding": 4}]
    dressed = [rewritten(packet, **ways[i % len(ways)]) for i, packet in enumerate(packets)]
    for options, expected in (([], joined(packets)),
                              (["--framed"], b"".join(struct.pack("!H", len(each)) + each for each in dressed))):
        with Receiver(folder, *command, *options) as receiver:
            receiver.send(dressed)
            receiver.wait_for(len(expected))
            receiver.check_written(expected)
            receiver.finish(written=len(packets))


def check_streams(folder, command, packets):
    """Another sender is foreign until the first one has been silent for a while; a jump of the sequence restarts it."""
    others = [rewritten(packet, ssrc=815) for packet in packets]
    wild = [packets[i][:2] + struct.pack("!H", 20000 + i) + packets[i][4:] for i in range(10)]
    with Receiver(folder, *command) as receiver:
        receiver.send(each for pair in zip(packets[:50], others) for each in pair)
        receiver.send([b"", b"\x80", b"\x00" * 40, b"\x80\x00" + bytes(1600)])
        receiver.send(wild)
        receiver.wait_for(len(joined(packets[:50] + wild[1:])))
        time.sleep(3.5)
        receiver.send(others)
        written = joined(packets[:50] + wild[1:] + others)  # the first one looks like a single stray packet
        receiver.wait_for(len(written))
        receiver.check_written(written)
        pool = receiver.finish(written=59 + len(others), late=1, restarts=1, streams=2, foreign=50)
        check(pool["malformed"] == 4, pool)


def check_floods(folder, command, packets):
    """Random datagrams do not change the stream, and memory stays bounded, also with random sequence numbers."""
    with Receiver(folder, *command) as receiver:
        receiver.send(packets[:200])
        receiver.wait_for(len(joined(packets[:200])))
        over = threading.Event()

        def stay():  # else a random datagram could replace a silent sender
            while not over.wait(0.1):
                receiver.send(packets[:1])

        def go_on():
            over.set()
            time.sleep(0.5)
            receiver.send(packets[200:])
            receiver.wait_for(len(joined(packets)))
            receiver.check_written(joined(packets))

        thread = threading.Thread(target=stay)
        thread.start()
        try:
            receiver.flood(still_there=go_on)
        finally:
            over.set()
            thread.join()
        pool = receiver.stop()
        check(f"{len(packets)} written, 0 missing, 0 late" in receiver.output, receiver.output)
        check(pool["malformed"] > 5000, pool)
        check(pool["misses"] * 50 < pool["acquires"], pool)

    source = random.Random(4)
    with Receiver(folder, *command) as receiver:
        resident = []
        for _ in range(2):
            receiver.send(b"\x80\x00" + struct.pack("!HII", source.randrange(65536), 0, SSRC) +
                          source.randbytes(source.randrange(1400)) for _ in range(4000))
            time.sleep(0.3)
            resident.append(receiver.resident())
        check(None in resident or resident[1] - resident[0] < 2048, "its memory grew:", resident)
        receiver.stop()
        check("1 streams, 0 foreign" in receiver.output, receiver.output)


def check_full_disk(program, packets):
    if pathlib.Path("/dev/full").exists():
        with Program(program, "--output", "/dev/full", "--latency", "0") as receiver:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sends:
                sends.sendto(packets[0], (receiver.host, receiver.port))
            _, errors = receiver.process.communicate(timeout=60)
            check(receiver.process.returncode == 1 and "/dev/full cannot be written" in errors, errors)


def test(program, *options):
    folder_name = str(pathlib.Path(tempfile.gettempdir(), "no", "such", "folder"))
    check_command_line(program, ([], "--output is required"), (["--output", folder_name], "cannot be written"),
                       (["--output", "-", "--latency", "-1"], "--latency"), (["--output", "-", "--port", "x"], "--port"))
    need("ffmpeg", "ffmpeg")
    command = [program, *options]
    with tempfile.TemporaryDirectory() as folder:
        check_ffmpeg(folder, command, PCMU, "mulaw")
        check_ffmpeg(folder, [*command, "--framed"], L16, "s16be")
        packets = capture(PCMU)
        check(joined(packets) == tone(PCMU, "mulaw"), "the relay lost packets")
        check_network(folder, command, packets)
        if not options:
            check_floods(folder, command, packets)
            check_ffmpeg(folder, command, L16, "s16be", to_stdout=True)
            check_parts(folder, command, packets)
            check_streams(folder, command, packets)
            check_full_disk(program, packets)


if __name__ == "__main__":
    main(test)
