"""The rows about names, connecting, and servers."""
import contextlib
import os
import stat

from sides import need
from talk import (
    ABSTRACT_CLIENT, ABSTRACT_SERVER, ADDRESS_IN_USE, CONNECTED, NAME, READ_WRITE, SERVER_NOT_FOUND, SOCKET_ACCESS, UNCONNECTED,
    UNKNOWN, USER_ACCESS, connect, errors, same, send, take)


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
            buffers = client.bytesAvailable(), client.bytesToWrite(), client.canReadLine(), client.flush()
            same(buffers, (0, 0, False, False), "the fresh socket")
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
