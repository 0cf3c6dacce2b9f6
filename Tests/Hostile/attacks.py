"""The attacks. Each function is one round of one: it gets a server's address and a `Round`, and returns what the attacker saw."""
import os
import random
import socket
import struct
import time

from wire import GOODBYE, IGNORABLE, LONGEST, Peer, frame, goodbye, header, hello


class Round:
    def __init__(self, number, seed, end, pause):
        self.number = number
        self.random = random.Random(f"{seed} {number}")
        self.pause = pause
        self._end = end

    def hold(self):
        """What is held is held until the attack is over."""
        time.sleep(max(0, self._end - time.monotonic()))


def garbage(address, round):
    with Peer(address) as peer:
        # Anything but the magic's first byte.
        peer.send(bytes([round.random.randrange(255)]) + round.random.randbytes(round.random.randrange(1 << 16)))
        return peer.end()


def garbage_frames(address, round):
    with Peer(address) as peer:
        # A header without an illegal bit would be a frame.
        peer.send(hello() + round.random.randbytes(7) + b"\xFF" + round.random.randbytes(round.random.randrange(1 << 16)))
        return peer.end()


def huge_length(address, round):
    with Peer(address) as peer:
        peer.send(hello() + header(0xFFFFFFFF))
        return peer.end()


def endless_frame(address, round):
    """All but the last byte of several of the longest frames: as much memory as can be had without ever asking for an answer."""
    peers = [Peer(address) for _ in range(6)]
    try:
        for peer in peers:
            peer.send(hello() + header(LONGEST))
        open_peers = peers
        for _ in range(LONGEST // (1 << 20) - 1):
            open_peers = [peer for peer in open_peers if send_what_fits(peer, bytes(1 << 20))]
        for peer in peers:
            peer.socket.settimeout(20)
        return peers[0].end()
    finally:
        for peer in peers:
            peer.socket.close()


def send_what_fits(peer, data, patience=0.2):
    """Sends until the server takes no more for a while. False then, and when it has ended the connection."""
    peer.socket.settimeout(patience)
    try:
        peer.socket.sendall(data)
        return True
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        return False


def drip(address, round):
    with Peer(address) as peer:
        peer.send(hello())
        for byte in frame(b"too slow to be true" * 10):
            if not peer.send(bytes([byte])):
                break
            time.sleep(round.pause)
        return peer.end()


def drip_hello(address, round):
    with Peer(address) as peer:
        for byte in hello():
            if not peer.send(bytes([byte])):
                break
            time.sleep(round.pause)
        return peer.end()


def never_reads(address, round):
    """Asks for answers that it does not read, until the server stops to listen; then stays."""
    peers = [Peer(address) for _ in range(4)]
    try:
        blocked = 0
        for peer in peers:
            peer.send(hello())
            # The server's queue and the socket's buffers together take far less.
            for _ in range(256):
                if not send_what_fits(peer, frame(bytes(1 << 18))):
                    blocked += 1
                    break
        round.hold()
        return "blocked" if blocked == len(peers) else "never blocked"
    finally:
        for peer in peers:
            peer.socket.close()


def connects(address, round):
    """Comes and goes, in various states of undress."""
    with Peer(address) as peer:
        peer.send([b"", hello(), hello()[:11], hello() + header(100), hello() + frame(b"hello")][round.number % 5])
    return "left"


def descriptors(address, round):
    """A flood of descriptors beside honest frames. They must not be kept, and the frames must be answered."""
    with Peer(address) as peer:
        peer.send(hello())
        peer.receive(len(hello()))
        pipes = [end for _ in range(60) for end in os.pipe()]
        try:
            for number in range(8):
                payload = struct.pack("<Q", number)
                if not send_descriptors(peer, frame(payload), pipes):
                    return "refused"
                if not peer.echo_of(payload):
                    return "wrong echo"
        finally:
            for end in pipes:
                os.close(end)
        peer.send(goodbye())
        return "echoes, " + peer.end()


def send_descriptors(peer, data, numbers):
    """False when the server lets no descriptors in (SO_PASSRIGHTS, Linux 6.16)."""
    try:
        socket.send_fds(peer.socket, [data], numbers)
        return True
    except PermissionError:
        return False


def lingering_descriptor(address, round):
    """A descriptor whose close blocks: a TCP socket with SO_LINGER and data that nobody reads. Whoever holds it last waits."""
    with socket.socket() as listener, Peer(address) as peer:
        peer.send(hello())
        peer.receive(len(hello()))
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        clogged = socket.create_connection(listener.getsockname())
        reader, _ = listener.accept()
        try:
            clogged.setblocking(False)
            try:
                while True:
                    clogged.send(bytes(1 << 16))
            except BlockingIOError:
                pass
            clogged.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 30))
            if not send_descriptors(peer, frame(b"close me"), [clogged.fileno()]):
                clogged.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
                return "refused"
            # While the message is under way this is not the last one, so it does not wait.
            clogged.close()
            time.sleep(round.pause)
        finally:
            # Ends every wait.
            reader.close()
            clogged.close()
        return "taken"


def unknown_kind(address, round):
    with Peer(address) as peer:
        peer.send(hello() + frame(b"from the future", kind=round.random.randrange(2, 256)))
        return peer.end()


def ignorable_flood(address, round):
    """Frames that are passed over cost the server time and bring nothing. The one behind them must be answered."""
    with Peer(address) as peer:
        peer.send(hello())
        peer.receive(len(hello()))
        peer.send(frame(bytes(50), kind=200, flags=IGNORABLE) * 20_000 + frame(b"still there?"))
        if not peer.echo_of(b"still there?"):
            return "wrong echo"
        peer.send(goodbye())
        return "echo, " + peer.end()


def lying_hello(address, round):
    lies = [
        hello(version=2), hello(reserved=1), hello(body_length=8), hello(body_length=0xFFF8), hello(body_length=20),
        hello(features=1 << 40), hello(reserved_end=1), b"\xFF\x52\x49\xFE",
    ]
    with Peer(address) as peer:
        peer.send(lies[round.number % len(lies)])
        return peer.end()


def tiny_limit(address, round):
    """A hello that says: I take nothing. Then a question, whose answer would be too long."""
    with Peer(address) as peer:
        peer.send(hello(longest=0) + frame(b"answer me"))
        return peer.end()


def bad_padding(address, round):
    with Peer(address) as peer:
        peer.send(hello() + header(1) + b"x" + b"\0\0\0\0\0\1\0")
        return peer.end()


def after_goodbye(address, round):
    with Peer(address) as peer:
        peer.send(hello() + header(0, GOODBYE) + frame(b"one more thing"))
        return peer.end()


def cut_frame(address, round):
    with Peer(address) as peer:
        peer.send(hello() + frame(bytes(100))[:50])
        peer.socket.shutdown(socket.SHUT_WR)
        return peer.end()
