"""What the rows of Qt's own tests are made of."""
from sides import Object, need

READ_WRITE, WRITE_ONLY = 3, 2
USER_ACCESS, ABSTRACT_SERVER, ABSTRACT_CLIENT = 1, 8, 1
UNCONNECTED, CONNECTED, CLOSING = 0, 3, 6
PEER_CLOSED, SERVER_NOT_FOUND, SOCKET_ACCESS, UNKNOWN = 1, 2, 3, -1
ADDRESS_IN_USE = 8
NAME = "row"


class Talk:
    """A program with the server, and one with its clients."""

    def __init__(self, serving, call, calling, place, abort_leaves_open):
        self.serving, self.call, self.calling, self.place = serving, call, calling, place
        self.server = serving.server
        # Of the clients.
        self.abort_leaves_open = abort_leaves_open

    def listen(self, name=NAME, options=0):
        need(self.server.listen(name, options), f"cannot listen: {self.server.serverError()}")

    def unique_name(self):
        """For abstract names, which all programs share."""
        return f"ringipc{self.place.replace('/', '-')}"

    def socket(self):
        return self.calling.new_socket()

    def accept(self):
        need(self.server.waitForNewConnection(30_000), "nobody is accepted")
        number = self.server.nextPendingConnection()
        need(number >= 0, "nothing is pending")
        return Object(self.serving, number)

    def pair(self, mode=READ_WRITE, read_buffer_size=None):
        """The two ends of a connection."""
        self.listen()
        client = self.socket()
        if read_buffer_size is not None:
            client.setReadBufferSize(read_buffer_size)
        need(client.connectToServer(NAME, 0, mode), "no connection")
        return client, self.accept()


def same(got, wanted, what):
    need(got == wanted, f"{what} is {got!r:.200} and not {wanted!r:.200}")


def connect(socket, name=NAME, options=0):
    need(socket.connectToServer(name, options, READ_WRITE), f"no connection to {name}: {socket.error()}")


def send(socket, data):
    """Until all of it is with the kernel: Qt's wait is for a piece."""
    same(socket.write(data), len(data), "the number of bytes written")
    while socket.bytesToWrite() > 0:
        need(socket.waitForBytesWritten(), "the bytes are not sent")


def take(socket, count):
    """As many bytes, which may come in pieces."""
    while socket.bytesAvailable() < count:
        need(socket.waitForReadyRead(), "the bytes do not come")
    return socket.read(count)


def states(socket):
    return [word for word in socket.told() if word.startswith("state")]


def errors(socket):
    return [word for word in socket.told() if word.startswith("error")]
