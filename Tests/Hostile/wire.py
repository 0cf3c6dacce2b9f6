"""The native wire format, written from Docs/WireFormat.md alone, and what happens to the one who misuses it."""
import socket
import struct

MAGIC = bytes.fromhex("FF5249FF")
HELLO_LENGTH = 24
DATA, GOODBYE = 0, 1
IGNORABLE = 1
LONGEST = 16 << 20


def hello(version=1, reserved=0, body_length=16, features=0, longest=LONGEST, reserved_end=0):
    return MAGIC + struct.pack("<BBHQII", version, reserved, body_length, features, longest, reserved_end)


def header(length, kind=DATA, flags=0, reserved=0):
    return struct.pack("<IBBH", length, kind, flags, reserved)


def frame(payload, kind=DATA, flags=0):
    return header(len(payload), kind, flags) + payload + bytes(-len(payload) % 8)


def goodbye():
    return header(0, GOODBYE)


class Peer:
    """A connection that can be used against its purpose."""

    def __init__(self, address, patience=20):
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            # Waits while the listen queue is full; with a timeout it would not.
            self.socket.connect("\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            self.socket.close()
            raise
        self.socket.settimeout(patience)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False when the server has ended the connection."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def receive(self, count):
        """So many bytes, or fewer at the end of the stream."""
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                break
            data += piece
        return data

    def echo_of(self, payload):
        """Whether the next frame has this payload."""
        return self.receive(len(frame(payload))) == frame(payload)

    def end(self):
        """Reads until the server ends the connection, and says how it did."""
        try:
            while self.socket.recv(1 << 16):
                pass
            return "end of stream"
        except ConnectionResetError:
            return "reset"
        except TimeoutError:
            return "still open"
