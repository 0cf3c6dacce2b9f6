"""Qt's own tests of local sockets that have two sides, with Qt on one of them and QtLocalSocket on the other. Numbers are those of the table in `QtNames.md`."""
import contextlib
import os
import stat

from sides import need
from talk import *  # noqa: F403


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


def row_06(is_server_abstract, is_client_abstract):
    def run(talk):
        name = talk.unique_name()
        talk.listen(name, ABSTRACT_SERVER if is_server_abstract else USER_ACCESS)
        meets(talk, name, ABSTRACT_CLIENT if is_client_abstract else 0, is_server_abstract == is_client_abstract)
        need(os.path.exists(f"{talk.place}/{name}") != is_server_abstract, "an abstract name has a file, or another has none")

    return run


def row_07(server_suffix, client_suffix):
    def run(talk):
        name = talk.unique_name()
        talk.listen(name + server_suffix, ABSTRACT_SERVER)
        same(talk.server.fullServerName(), (name + server_suffix).encode(), "the name at the server")
        is_same = server_suffix == client_suffix
        client = meets(talk, name + client_suffix, ABSTRACT_CLIENT, is_same)
        same(client.fullServerName(), (name + client_suffix).encode() if is_same else b"", "the name at the client")

    return run


def meets(talk, name, options, agree):
    """Whether a client of that name reaches the server."""
    client = talk.socket()
    same(client.connectToServer(name, options, READ_WRITE), agree, "whether there is a connection")
    # A connection that there is waits already.
    same(talk.server.waitForNewConnection(30_000 if agree else 0), agree, "whether anybody is accepted")
    return client


def row_16(talk):
    path = f"{talk.place}/{NAME}"
    talk.listen(path)
    same((talk.server.serverName(), talk.server.fullServerName()), (path.encode(), path.encode()), "the names at the server")
    client = talk.socket()
    connect(client, path)
    same((client.serverName(), client.fullServerName()), (path.encode(), path.encode()), "the names")
    client.disconnectFromServer()
    same((client.serverName(), client.fullServerName()), (b"", b""), "the names afterwards")


# ---- servers

def row_17(limit):
    def run(talk):
        talk.server.setMaxPendingConnections(limit)
        talk.listen()
        clients = [talk.socket() for _ in range(limit + 1)]
        for client in clients:
            connect(client)
        need(talk.server.waitForNewConnection(30_000) and talk.server.hasPendingConnections(), "nobody is accepted")
        same([client.state() for client in clients], [CONNECTED] * len(clients), "the clients' states")

    return run


def row_20(count):
    """Each client is a process of its own, begins too early, and reads when the server's process is gone."""

    def run(talk):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(talk.call()).new_socket() for _ in range(count)]
            for client in clients:
                need(not client.connectToServer(NAME, 0, READ_WRITE), "there is a connection")
                same(client.error(), SERVER_NOT_FOUND, "the error")
            talk.listen()
            for client in clients:
                connect(client)
            for _ in clients:
                accepted = talk.accept()
                send(accepted, b"test\n")
                accepted.close()
            talk.serving.end()
            for client in clients:
                same(client.told().count("readyRead"), 0, "how often bytes were told of too early")
                need(client.waitForReadyRead(), "the line does not come")
                same((client.told().count("readyRead"), client.readLine(80)), (1, b"test\n"), "the line")
                client.close()

    return run


def row_26(talk):
    """The second server is of the other side, and takes the name."""
    first, second = talk.server, talk.calling.server
    need(second.removeServer(NAME), "a name that nobody has is not free")
    talk.listen()
    need(not second.listen(NAME, 0), "a name in use is listened on")
    same(second.serverError(), ADDRESS_IN_USE, "the error")
    need(second.removeServer(NAME) and second.listen(NAME, 0), "the name cannot be taken")
    connect(talk.serving.new_socket())
    need(second.waitForNewConnection(30_000), "nobody is accepted under the name")
    second.close()
    first.close()


def row_27(talk):
    client = talk.socket()
    for name in ("first", "second"):
        talk.listen(name)
        connect(client, name)
        accepted = talk.accept()
        talk.server.close()
        client.disconnectFromServer()
        same(client.state(), UNCONNECTED, "the state")
        need(accepted.waitForDisconnected(), "the server's side sees no end")


def row_28(talk):
    talk.listen()
    client = talk.socket()
    for line in (b"a first line", b"another one", b"and the third"):
        client.abort()
        connect(client)
        send(talk.accept(), line)
        same(take(client, len(line)), line, "the line")
    same(errors(client), [], "the errors")


def row_29(talk):
    talk.listen()
    clients = [talk.socket() for _ in range(3)]
    for client in clients:
        connect(client)
    for index, client in enumerate(clients):
        send(talk.accept(), bytes([index]))
    # In the order in which they connected.
    same([take(client, 1) for client in clients], [b"\0", b"\1", b"\2"], "what the clients got")


def row_37(option, bits):
    def run(talk):
        talk.listen(options=option)
        same(stat.S_IMODE(os.stat(f"{talk.place}/{NAME}").st_mode), bits, "the file's mode")
        client = talk.socket()
        may = bits & 0o200 != 0 or os.geteuid() == 0
        same(client.connectToServer(NAME, 0, READ_WRITE), may, "whether there is a connection")
        same(client.error(), UNKNOWN if may else SOCKET_ACCESS, "the error")

    return run


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


def row_11(sizes):
    pieces, lines, limit, whole_lines_only = sizes

    def run(talk):
        """After each piece, and after the end, lines are read as far as they go; nothing stands for the end of that."""
        client, accepted = talk.pair()
        result = []
        for piece in (*pieces, None):
            if piece is None:
                accepted.close()
                need(not client.waitForReadyRead(), "there are bytes after the end")
            else:
                send(accepted, piece)
                need(client.waitForReadyRead(), "the piece does not come")
            while piece is None or not whole_lines_only or client.bytesAvailable() >= limit or client.canReadLine():
                was_empty = client.bytesAvailable() == 0
                line = client.readLine(limit)
                if was_empty:
                    same(line, -1 if piece is None else b"", "a line where nothing is")
                    break
                result.append(line)
            result.append(b"")
        same(result, lines, "what was read")
        same(client.state(), UNCONNECTED, "the state")

    return run


def row_12(sizes):
    total, first, skip, skipped = sizes

    def run(talk):
        client, accepted = talk.pair()
        data = bytes(index * 31 % 256 for index in range(total))
        send(accepted, data)
        accepted.close()
        need(client.waitForDisconnected(), "no end")
        same(client.read(first), data[:first], "the beginning")
        same(client.skip(skip), skipped, "the number of bytes skipped")
        rest = data[first + skipped:]
        same(client.read(total), rest or -1, "the rest")

    return run


def row_13(talk):
    client, accepted = talk.pair(read_buffer_size=128)
    data = bytes(range(256))
    send(accepted, data)
    for half in (data[:128], data[128:]):
        need(client.waitForReadyRead(), "the bytes do not come")
        same(client.bytesAvailable(), 128, "the number of bytes")
        same(client.read(128), half, "the half")
    same(client.bytesAvailable(), 0, "the number of bytes left")


def command(number):
    """With its length in front, as the row has them."""
    body = f"command {number} ".encode() + b"x" * (number % 70)
    return len(body).to_bytes(8, "big") + body


def row_14(talk):
    client, accepted = talk.pair()
    for index in range(2_000):
        send(client, command(index))
        length = int.from_bytes(take(accepted, 8), "big")
        same(take(accepted, length), command(index)[8:], f"command {index}")


def row_15(talk):
    client, accepted = talk.pair()
    accepted.collect()
    for index in range(500):
        client.write(command(index))
    need(client.runUntilSent(), "the commands are not sent")
    client.abort()
    same((client.state(), client.bytesToWrite(), client.isOpen()), (UNCONNECTED, 0, talk.abort_leaves_open), "the aborted socket")
    same(client.told().count("disconnected"), 1, "the number of ends")
    need(accepted.runUntilTold("disconnected"), "the reader sees no end")
    same(accepted.collected(), b"".join(map(command, range(500))), "the commands")


def row_30(talk):
    client, accepted = talk.pair(mode=WRITE_ONLY)
    same((client.bytesAvailable(), client.state()), (0, CONNECTED), "the socket that only writes")
    accepted.abort()
    need(client.waitForDisconnected(), "no end")
    same(client.state(), UNCONNECTED, "the state")


# ---- the end

def row_22(talk):
    client, accepted = talk.pair()
    client.disconnectFromServer()
    need(accepted.waitForDisconnected(), "the server's side sees no end")
    same(accepted.told().count("disconnected"), 1, "the number of ends")


def row_23(talk):
    client, accepted = talk.pair()
    accepted.close()
    same(accepted.state(), UNCONNECTED, "the state of the one that closed")
    need(client.waitForDisconnected(), "the client sees no end")
    wanted = ["state2", "state3", "connected", f"error{PEER_CLOSED}", "state6", "state0", "readChannelFinished", "disconnected"]
    same(client.told(), wanted, "what is told")
    same(client.errorString(), b"QLocalSocket: Remote closed", "the error")


def row_24(talk):
    client, accepted = talk.pair()
    client.waitInReadyRead()
    send(accepted, b"\0")
    accepted.close()
    need(client.waitForReadyRead(), "the byte does not come")
    same(client.collected(), b"\0", "the byte")
    same([word for word in client.told() if word.startswith(("readyRead", "waited"))], ["readyRead", "waited:false"], "the wait inside")
    same(client.error(), PEER_CLOSED, "the error")


def row_25(talk):
    client, accepted = talk.pair()
    client.write(b"\0")
    client.disconnectFromServer()
    same(client.state(), CLOSING, "the state with an unsent byte")
    need(client.waitForDisconnected(), "no end")
    same((client.state(), client.isOpen()), (UNCONNECTED, True), "the state, and whether it is open")
    need(accepted.waitForReadyRead(), "the byte does not come")
    same(accepted.bytesAvailable(), 1, "the number of bytes")
    accepted.close()
    need("aboutToClose1" in accepted.told(), "the byte could not be read before closing")
    same((accepted.state(), accepted.isOpen(), accepted.bytesAvailable()), (UNCONNECTED, False, 0), "the closed socket")


def row_31(chunks):
    def run(talk):
        client, accepted = talk.pair()
        talk.server.close()
        for index in range(chunks):
            same(accepted.write(bytes([index]) * 100), 100, "the number of bytes written")
        accepted.close()
        if accepted.state() != UNCONNECTED:
            need(accepted.waitForDisconnected(), "no end at the writer")
        need(client.waitForDisconnected(), "no end")
        same((client.state(), client.told().count("readChannelFinished")), (UNCONNECTED, 1), "the end")
        same(client.read(100 * chunks + 1), b"".join(bytes([index]) * 100 for index in range(chunks)), "the bytes")

    return run


def row_32(talk):
    client, accepted = talk.pair()
    accepted.abort()
    same(client.state(), CONNECTED, "the state before anything is tried")
    same((client.write(b"\0"), client.bytesToWrite()), (1, 1), "the number of bytes written, and of those to write")
    need(not client.waitForBytesWritten(), "the byte is written")
    same((errors(client), client.state(), client.bytesToWrite()), ([f"error{PEER_CLOSED}"], UNCONNECTED, 0), "the end")


def row_34(talk):
    client, accepted = talk.pair()
    client.write(b"testing\n")
    same(client.bytesToWrite(), 8, "the number of bytes to write")
    need(client.runUntilTold("bytesWritten"), "the loop does not tell of it")
    same((client.bytesToWrite(), take(accepted, 8)), (0, b"testing\n"), "the bytes")


def row_35(talk):
    client, accepted = talk.pair()
    accepted.close()
    need(not client.waitForReadyRead(), "there are bytes")
    told_end(client)
    same(client.write(b"\0"), -1, "the number of bytes written afterwards")


def row_36(talk):
    client, accepted = talk.pair()
    accepted.close()
    need(client.runUntilTold("disconnected"), "the loop tells no end")
    told_end(client)


def told_end(client):
    told = client.told()
    same((client.state(), told.count("disconnected"), told.count("readChannelFinished")), (UNCONNECTED, 1, 1), "the end")
    need(told.index("state0") < min(told.index("disconnected"), told.index("readChannelFinished")), "the end is told before the state")


# Pieces, what is read of them, the longest piece of a line, and whether only whole lines are asked for.
LINES = [
    ([b"\n", b"x", b"\n", b"y", b"y", b"x", b"\n"], [b"\n", b"", b"", b"x\n", b"", b"", b"", b"", b"yyx\n", b"", b""], 80, True),
    ([b"On", b"e.", b".\n", b"tw", b"o.", b"!\n"], [b"", b"One", b"", b"..\n", b"", b"", b"two", b"", b".!\n", b"", b""], 3, True),
    ([b"\nx\nx\n"], [b"\n", b"x", b"\n", b"x", b"\n", b"", b""], 1, False),
    ([b"x\n\n\nx", b"x"], [b"x\n", b"\n", b"\n", b"x", b"", b"x", b"", b""], 2, False),
    ([b"Eight\n letters"], [b"Eight\n", b"", b" letters", b""], 80, True),
    ([b"Eight\n letter", b"s"], [b"Eight\n", b" letter", b"", b"s", b"", b""], 80, False),
]

KINDS = {True: "abstract", False: "regular"}
# A name, what is done, and whether it needs abstract names.
ROWS = [
    *((f"05 listenAndConnect, {count} connections", row_05(count), False) for count in (0, 1, 5)),
    *((f"06 listenAndConnectAbstractNamespace, {KINDS[server]}, {KINDS[client]}", row_06(server, client), True)
      for server in (True, False) for client in (True, False)),
    *((f"07 listenAndConnectAbstractNamespaceTrailingZeros, {len(server)}, {len(client)}", row_07(server, client), True)
      for server in ("", "\0") for client in ("", "\0")),
    ("10 sendData", row_10, False),
    ("10 sendData, no server", row_10_nobody, False),
    *((f"11 readLine, set {index}", row_11(lines), False) for index, lines in enumerate(LINES)),
    *((f"12 skip, {sizes[2]} of {sizes[0]}", row_12(sizes), False)
      for sizes in ((10, 3, 6, 6), (20_000, 1, 10_000, 10_000), (20_000, 1, 20_000, 19_999))),
    ("13 readBufferOverflow", row_13, False),
    ("14 simpleCommandProtocol1", row_14, False),
    ("15 simpleCommandProtocol2", row_15, False),
    ("16 fullPath", row_16, False),
    *((f"17 hitMaximumConnections, {limit}", row_17(limit), False) for limit in (0, 1, 3)),
    *((f"20 processConnection, {count} clients", row_20(count), False) for count in (1, 2, 5, 30)),
    ("22 waitForDisconnect", row_22, False),
    ("23 waitForDisconnectByServer", row_23, False),
    ("24 waitForReadyReadOnDisconnected", row_24, False),
    ("25 delayedDisconnect", row_25, False),
    ("26 removeServer", row_26, False),
    ("27 recycleServer", row_27, False),
    ("28 recycleClientSocket", row_28, False),
    ("29 multiConnect", row_29, False),
    ("30 writeOnlySocket", row_30, False),
    *((f"31 writeToClientAndDisconnect, {chunks} chunks", row_31(chunks), False) for chunks in (1, 20)),
    ("32 writeToDisconnected", row_32, False),
    ("34 bytesWrittenSignal", row_34, False),
    ("35 syncDisconnectNotify", row_35, False),
    ("36 asyncDisconnectNotify", row_36, False),
    *((f"37 verifySocketOptions, {bits:04o}", row_37(option, bits), False) for option, bits in ((1, 0o700), (2, 0o070), (4, 0o007), (7, 0o777))),
]


def qt_client(row, backend, version):
    def run(qt, ours, place):
        with ours.led(backend) as serving, qt.led() as calling:
            # In Qt 5 aborting does not close the device.
            row(Talk(serving, qt.led, calling, place, abort_leaves_open=version == "qt5"))

    return run


def qt_server(row, backend):
    def run(qt, ours, place):
        with qt.led() as serving, ours.led(backend) as calling:
            row(Talk(serving, lambda: ours.led(backend), calling, place, abort_leaves_open=False))

    return run


def rows(version, backends):
    for name, row, is_abstract in ROWS:
        reason = "Qt has abstract names since 6.2" if is_abstract and version == "qt5" else None
        for backend in backends:
            yield f"row {name}, Qt client, {backend}", qt_client(row, backend, version), reason
            yield f"row {name}, Qt server, {backend}", qt_server(row, backend), reason
