"""Qt's own tests of local sockets that have two sides, with Qt on one of them and QtLocalSocket on the other. Numbers are those of the table in `QtNames.md`."""
from sides import need

READ_WRITE, WRITE_ONLY = 3, 2
ABSTRACT_SERVER, ABSTRACT_CLIENT = 8, 1
UNCONNECTED, CONNECTED, CLOSING = 0, 3, 6
PEER_CLOSED, SERVER_NOT_FOUND, UNKNOWN = 1, 2, -1
ADDRESS_IN_USE = 8
NAME = "row"


class Talk:
    """A program with the server, and one with its clients."""

    def __init__(self, serving, calling, place):
        self.serving, self.calling, self.place = serving, calling, place
        self.server = serving.server

    def listen(self, name=NAME, options=0):
        need(self.server.listen(name, options), f"cannot listen: {self.server.serverError()}")

    def socket(self):
        return self.calling.new_socket()

    def accept(self):
        need(self.server.waitForNewConnection(30_000), "nobody is accepted")
        return self.next()

    def next(self):
        number = self.server.nextPendingConnection()
        need(number >= 0, "nothing is pending")
        return type(self.server)(self.serving, number)

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


# ---- connecting

def row_05(count):
    def run(talk):
        talk.listen()
        for index in range(count):
            client = talk.socket()
            connect(client)
            same(client.serverName(), NAME.encode(), "the server's name")
            same(client.fullServerName(), f"{talk.place}/{NAME}".encode(), "the full name")
            same(talk.server.fullServerName(), f"{talk.place}/{NAME}".encode(), "the full name at the server")
            need(client.waitForConnected() and client.isValid(), "it is not connected")
            same((client.state(), client.error(), client.errorString()), (CONNECTED, UNKNOWN, b"Unknown error"), "state and error")
            same((client.bytesAvailable(), client.bytesToWrite(), client.canReadLine(), client.flush()), (0, 0, False, False), "the fresh socket")
            same(client.told(), ["state2", "state3", "connected"], "what is told")
            same(talk.accept().state(), CONNECTED, "the state at the server")
            same(talk.server.newConnections(), index + 1, "the number of connections")
        same(talk.server.serverError(), UNKNOWN, "the server's error")

    return run


def row_16(talk):
    path = f"{talk.place}/{NAME}"
    talk.listen(path)
    same((talk.server.serverName(), talk.server.fullServerName()), (path.encode(), path.encode()), "the names at the server")
    client = talk.socket()
    connect(client, path)
    same((client.serverName(), client.fullServerName()), (path.encode(), path.encode()), "the names")
    client.disconnectFromServer()
    same((client.serverName(), client.fullServerName()), (b"", b""), "the names afterwards")


# ---- transfer

def row_10(talk):
    client, accepted = talk.pair()
    line = b"test" + b"a" * 50_000 + b"\n"
    send(accepted, line)
    while not client.canReadLine():
        need(client.waitForReadyRead(), "the line does not come")
    same((client.bytesToWrite(), client.flush(), client.isValid()), (0, False, True), "the socket that reads")
    same(client.readLine(len(line)), line, "the line")
    same(client.errorString(), b"Unknown error", "the error")
    client.disconnectFromServer()
    same(states(client), ["state2", "state3", "state6", "state0"], "the states")
    same((client.told().count("disconnected"), errors(client)), (1, []), "the end")
    need(accepted.waitForDisconnected(), "the other side does not see the end")


def row_10_nobody(talk):
    client = talk.socket()
    need(not client.connectToServer(NAME, 0, READ_WRITE), "there is a connection")
    same((states(client), errors(client)), (["state2", "state0"], [f"error{SERVER_NOT_FOUND}"]), "what is told")


ROWS = [
    *((f"05 listenAndConnect, {count} connections", row_05(count), False) for count in (0, 1, 5)),
    ("10 sendData", row_10, False),
    ("10 sendData, no server", row_10_nobody, False),
    ("16 fullPath", row_16, False),
]


def qt_client(row, backend):
    def run(qt, ours, place):
        with ours.led(backend) as serving, qt.led() as calling:
            row(Talk(serving, calling, place))
            serving.server.close()

    return run


def qt_server(row, backend):
    def run(qt, ours, place):
        with qt.led() as serving, ours.led(backend) as calling:
            row(Talk(serving, calling, place))
            serving.server.close()

    return run


def rows(version, backends):
    for name, row, is_abstract in ROWS:
        reason = "Qt has abstract names since 6.2" if is_abstract and version == "qt5" else None
        for backend in backends:
            yield f"row {name}, Qt client, {backend}", qt_client(row, backend), reason
            yield f"row {name}, Qt server, {backend}", qt_server(row, backend), reason
