"""What messages consist of, and a relay that damages one of them."""
import contextlib
import os
import socket
import threading

STEP = 0x9E3779B97F4A7C15


def content(sequence, size):
    words = b"".join(((sequence + i * STEP) % 2**64).to_bytes(8, "little") for i in range(size // 8 + 1))
    return words[:size]


class Relay:
    """Stands between a client and its server, and changes the last byte of the first occurrence of `victim` in one direction."""

    def __init__(self, address, target, victim, from_client):
        self.target, self.victim = target, victim
        self.from_client, self.damaged = from_client, False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(address)
        self.listener.listen(1)
        self.sockets = [self.listener]
        self.threads = []

    def run(self, action, *arguments):
        thread = threading.Thread(target=action, args=arguments)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        try:
            near, _ = self.listener.accept()
        except OSError:
            return  # nobody came
        far = socket.socket(socket.AF_UNIX)
        self.sockets += [near, far]
        far.connect(self.target)
        self.run(self.forward, near, far, self.from_client)
        self.run(self.forward, far, near, not self.from_client)

    def forward(self, source, target, damages):
        passed = b""
        try:
            while data := source.recv(1 << 16):
                if damages:
                    data, passed = self.damage(data, passed)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of the two has gone, as is expected

    def damage(self, data, passed):
        """The victim may be in pieces: what has passed already is looked at together with what comes."""
        both = passed + data
        place = both.find(self.victim)
        if place >= 0 and not self.damaged:
            self.damaged = True
            last = place + len(self.victim) - 1 - len(passed)
            data = data[:last] + bytes([data[last] ^ 1]) + data[last + 1:]
        return data, both[-(len(self.victim) - 1):]

    def close(self):
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        for each in self.sockets:
            each.close()


@contextlib.contextmanager
def relay(folder, target, victim, from_client):
    address = os.path.join(folder, "relay")
    between = Relay(address, target, victim, from_client)
    between.run(between.accept)
    try:
        yield between, address
    finally:
        between.close()
