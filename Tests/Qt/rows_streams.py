"""The rows about bytes that come through, and how connections end."""
from sides import need
from talk import (
    CLOSING, CONNECTED, NAME, PEER_CLOSED, READ_WRITE, SERVER_NOT_FOUND, UNCONNECTED, WRITE_ONLY, errors, same, send, states, take)


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
                send(accepted, piece.encode())
                need(client.waitForReadyRead(), "the piece does not come")
            while piece is None or not whole_lines_only or client.bytesAvailable() >= limit or client.canReadLine():
                was_empty = client.bytesAvailable() == 0
                line = client.readLine(limit)
                if was_empty:
                    same(line, -1 if piece is None else b"", "a line where nothing is")
                    break
                result.append(line.decode())
            result.append("")
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


# ---- how it ends

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
