"""CoAP messages, for tests that no client can do: duplicates, missing answers, malformed messages."""

import socket

from program import check

CON, NON, ACK, RST = range(4)
GET, PUT, DELETE = 1, 3, 4
CREATED, CHANGED, CONTENT, CONTINUE = 0x41, 0x44, 0x45, 0x5f
BAD_OPTION, NOT_FOUND, NOT_ALLOWED, NOT_ACCEPTABLE, INCOMPLETE, TOO_LARGE = 0x82, 0x84, 0x85, 0x86, 0x88, 0x8d
OBSERVE, PATH, FORMAT, ACCEPT, BLOCK2, BLOCK1 = 6, 11, 12, 17, 23, 27


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def block(index, more, exponent):
    return number(index << 4 | more << 3 | exponent)


def nibble(value):
    return (value, b"") if value < 13 else (13, bytes([value - 13])) if value < 269 else (14, (value - 269).to_bytes(2, "big"))


def message(kind, code, identity, token=b"", options=(), payload=b""):
    encoded = bytes([0x40 | kind << 4 | len(token), code]) + identity.to_bytes(2, "big") + token
    last = 0
    for option, value in options:
        (delta, more), (length, longer) = nibble(option - last), nibble(len(value))
        encoded += bytes([delta << 4 | length]) + more + longer + value
        last = option
    return encoded + (b"\xff" + payload if payload else b"")


class Message:
    def __init__(self, encoded):
        self.encoded = encoded
        self.kind, self.code, self.id = encoded[0] >> 4 & 3, encoded[1], int.from_bytes(encoded[2:4], "big")
        at = 4 + (encoded[0] & 15)
        self.token, self.options, last = encoded[4:at], {}, 0
        while at < len(encoded) and encoded[at] != 0xff:
            first, at = encoded[at], at + 1
            sizes = []
            for value in (first >> 4, first & 15):
                if value == 13:
                    value, at = 13 + encoded[at], at + 1
                elif value == 14:
                    value, at = 269 + int.from_bytes(encoded[at:at + 2], "big"), at + 2
                sizes.append(value)
            last, at = last + sizes[0], at + sizes[1]
            self.options[last] = encoded[at - sizes[1]:at]
        self.payload = encoded[at + 1:]

    def __repr__(self):
        return f"<{self.kind} {self.code >> 5}.{self.code & 31:02} {self.id} {self.token} {self.options} {self.payload!r}>"


class Peer:
    """A socket with its own message ids."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((server.host, server.port))
        self.id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, encoded):
        self.socket.send(encoded)

    def receive(self, seconds=20):
        """The next message, None after a timeout."""
        self.socket.settimeout(seconds)
        try:
            return Message(self.socket.recv(65536))
        except socket.timeout:
            return None

    def ask(self, code, path, options=(), payload=b"", kind=CON, token=b"tk"):
        """Sends a request and returns its answer, whose kind is checked."""
        self.id += 1
        everything = sorted([*((PATH, part.encode()) for part in path.split("/")), *options], key=lambda each: each[0])
        self.send(message(kind, code, self.id, token, everything, payload))
        answer = self.receive()
        check(answer and answer.token == token, path, options, "got", answer)
        check(answer.kind == NON if kind == NON else (answer.kind, answer.id) == (ACK, self.id), path, "got", answer)
        return answer

    def ping(self):
        """Waits until the server has answered a ping, and so all messages before it. Drops earlier answers."""
        self.id += 1
        self.send(message(CON, 0, self.id))
        while True:
            answer = self.receive()
            check(answer, "no answer to a ping")
            if answer.encoded == message(RST, 0, self.id):
                return
