"""fit_buckets from its command line: what its options change, what it says of bad input, its bar, its plot."""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import tempfile
import time

from program import check, main, need, run


class Fit:
    """One run: the struct of stdout, the rows of the table on stderr."""

    def __init__(self, program, *arguments):
        result = run(program, *arguments)
        check(result.returncode == 0, arguments, "ended with", result)
        self.text, self.messages = result.stdout, result.stderr
        found = re.findall(r"bucket\{\.size = (\d+), \.limit = (\d+)\}", self.text)
        self.sizes, self.limits = [int(size) for size, _ in found], [int(limit) for _, limit in found]
        self.name = re.search(r"^struct (\w+) \{$", self.text, re.MULTILINE)[1]
        rows = re.findall(r"^(\w\S*) +(\d+) +([\d.]+)% +(\d+) +([\d.]+)% +([\d.]+)%$", self.messages, re.MULTILINE)
        self.rows = {name: [float(each) for each in numbers] for name, *numbers in rows}
        check(self.name in self.rows and "libtorrent_buckets" in self.rows, "no table:", self.messages)
        self.loss = self.rows[self.name][1]


def check_options(program, capture, trace):
    plain = Fit(program, capture)
    check(plain.loss <= 5 and plain.name == "fitted_buckets", plain.text)
    check("3000 datagrams in 3000 frames" in plain.messages, plain.messages)
    check("quic_buckets<ip::dual>" in plain.rows, plain.messages)
    check(plain.sizes[-1] == 1452, plain.sizes)
    losses = [Fit(program, capture, "--buckets", count).loss for count in range(1, 7)]
    check(losses == sorted(losses, reverse=True) and losses[0] > 30 > 10 > losses[-1], losses)
    for limit in (30, 10, 2):
        few = Fit(program, capture, "--loss", f"{limit}%")
        check(few.loss <= limit, limit, few.text)
        if len(few.sizes) > 1:
            check(Fit(program, capture, "--buckets", len(few.sizes) - 1).loss > limit - 0.1, "one bucket less does it:", few.text)
    aligned = Fit(program, capture, "--align", "64", "--at-least", "8972", "--name", "mine")
    check(aligned.name == "mine" and all(size % 64 == 0 for size in aligned.sizes), aligned.text)
    check(aligned.sizes[-1] >= 8972 and "(40, 8972)" in aligned.text, aligned.text)

    held = [sum(Fit(program, capture, "--hold", hold, "--buckets", "3").limits) for hold in ("1ms", "20ms", "1s")]
    check(held[0] < held[1] < held[2], held)
    windows = [sum(Fit(program, capture, "--window", window, "--buckets", "3").limits) for window in ("10ms", "1s", "1min")]
    check(windows[0] < windows[1] < windows[2] == 3000, windows)
    at = [sum(Fit(program, capture, "--window", "10ms", "--percentile", p, "--buckets", "3").limits) for p in (1, "50%", 100)]
    check(at[0] < at[1] < at[2] == windows[0], at)

    six = Fit(program, capture, "--filter", "ip6")
    check("quic_buckets<ip::v6>" in six.rows and "3000 datagrams" not in six.messages, six.messages)
    both = Fit(program, capture, trace)
    check(f"datagrams: {3000 + 11322}," in both.text, both.text)
    check("datagrams: 11322, of 3 to 1451 bytes" in Fit(program, trace).text, "the trace")


def check_bad_input(program, capture, trace, folder):
    def refuses(words, *arguments, lines=1):
        result = run(program, *arguments)
        check(result.returncode > 0 and result.stdout == "", arguments, "ended with", result)
        check(words in result.stderr and result.stderr.count("\n") == lines, arguments, "did not say", words, "but", result)

    empty = pathlib.Path(folder, "empty.trace")
    empty.write_bytes(b"PKTTRACE" + bytes([1, 0, 0, 0]) + bytes(12))
    refuses("no-such-file: cannot be read as a file", "no-such-file")
    refuses(": cannot be read as a file", folder)
    refuses(": no capture that libpcap can read: unknown file format", __file__)
    refuses(": no frame matches the filter \"tcp\"", capture, "--filter", "tcp")
    refuses(": no UDP datagram in 3000 frames: 3000 later fragments", later_fragments(folder))
    refuses(": filter \"udp prt 5\": ", capture, "--filter", "udp prt 5")
    refuses("a packet trace has no addresses", trace, "--filter", "udp")
    refuses("a packet trace has no addresses", trace, "--hold", "1s")
    refuses(": the trace acquires no packet", empty)
    refuses("--loss 0%: the best 255 buckets lose 0.", capture, "--loss", "0", lines=2)
    for words, *arguments in (("file is required",), ("--buckets", capture, "--buckets", "0"), ("--buckets", capture, "--buckets", "256"),
                              ("excludes", capture, "--buckets", "3", "--loss", "3%"), ("--loss", capture, "--loss", "101%"),
                              ("--loss", capture, "--loss", "few"), ("--window", capture, "--window", "5"),
                              ("--window", capture, "--window", "0s"), ("--hold", capture, "--hold", "-1s"),
                              ("--hold", capture, "--hold", "5 parsecs"), ("--align", capture, "--align", "0"),
                              ("--at-least", capture, "--at-least", "65536"), ("--percentile", capture, "--percentile", "101"),
                              ("no identifier", capture, "--name", "2b"), ("--help", capture, "--no-such-option")):
        refuses(words, *arguments, lines=2)
    check("--filter" in run(program, "--help").stdout, "--help")


def later_fragments(folder):
    """3000 of them, raw IP."""
    frame = bytes([0x45, 0, 0, 28, 0, 1, 0, 1, 64, 17]) + bytes(18)
    path = pathlib.Path(folder, "fragments.pcap")
    number = lambda value, size=4: value.to_bytes(size, "little")
    head = number(0xa1b2c3d4) + number(2, 2) + number(4, 2) + bytes(8) + number(65535) + number(101)
    path.write_bytes(head + 3000 * (bytes(8) + 2 * number(len(frame)) + frame))
    return path


def check_cut(program, capture, folder):
    cut = pathlib.Path(folder, "cut.pcap")
    content = capture.read_bytes()
    cut.write_bytes(content[:len(content) // 2])
    half = Fit(program, cut)
    check(re.search(r"warning: read up to datagram 1\d{3} only: truncated dump file", half.messages), half.messages)
    cut.write_bytes(content[:30])
    result = run(program, cut)
    check(result.returncode == 1 and result.stderr.count("\n") == 1 and "truncated dump file" in result.stderr, result)


def check_bar(program, make_capture, folder):
    """On a terminal, of a run that takes longer than a second: it is halted until it has drawn the bar."""
    long = pathlib.Path(folder, "long.pcap")
    check(run(make_capture, long, 50000).returncode == 0, "no long capture")
    watched, terminal = pty.openpty()
    said = b""
    with subprocess.Popen([program, long], stdout=subprocess.DEVNULL, stderr=terminal) as process:
        os.close(terminal)
        while process.poll() is None:
            time.sleep(0.003)
            if b"[#" not in said:
                process.send_signal(signal.SIGSTOP)
                time.sleep(0.6)
                process.send_signal(signal.SIGCONT)
            while select.select([watched], [], [], 0)[0]:
                try:
                    said += os.read(watched, 65536)
                except OSError:  # the end of a terminal
                    break
    os.close(watched)
    check(process.returncode == 0 and re.search(rb"\r\[#+ *\] \d+/3\d\r", said), "no bar:", said)
    check("[#" not in run(program, long).stderr, "a bar where there is no terminal")


def check_plot(program, capture, folder):
    need("gnuplot", "gnuplot-nox")
    file = pathlib.Path(folder, "it's a plot.svg")
    fitted = Fit(program, capture, "--buckets", "3", "--plot", file)
    picture = file.read_text(encoding="utf8")
    check(picture.lstrip().startswith("<?xml") and "</svg>" in picture, picture[:200])
    for size in fitted.sizes:
        check(f">{size}</tspan>" in picture, size, "is no line of", picture)


def check_no_plot(program, capture, folder):
    result = run(program, capture, "--plot", "/no/such/folder/x.svg")
    check(result.returncode == 1 and result.stderr.endswith("x.svg cannot be written\n"), result)
    file = pathlib.Path(folder, "none.svg")
    said = subprocess.run([program, capture, "--plot", file], env={**os.environ, "PATH": folder}, text=True,
                          capture_output=True, timeout=60)
    check(said.returncode == 1 and said.stderr.endswith("is not written: gnuplot is not installed (Debian: gnuplot-nox), or failed\n"), said)
    check("not found" not in said.stderr and not file.exists(), said)


def test(program, make_capture, trace, *options):
    with tempfile.TemporaryDirectory() as folder:
        capture = pathlib.Path(folder, "mixed.pcap")
        check(run(make_capture, capture, 3000).returncode == 0, "no capture")
        if "--plot" in options:
            check_plot(program, capture, folder)
            return
        check_options(program, capture, trace)
        check_bad_input(program, capture, trace, folder)
        check_cut(program, capture, folder)
        check_no_plot(program, capture, folder)
        check_bar(program, make_capture, folder)


if __name__ == "__main__":
    main(test)
