"""Qt's own tests of local sockets that have two sides, with Qt on one of them and QtLocalSocket on the other.

Numbers are those of the table in `QtNames.md`.
"""
import rows_servers as servers
import rows_streams as streams
from talk import Talk

# Pieces, what is read of them, the longest piece of a line, and whether only whole lines are asked for.
LINES = [
    (["\n", "x", "\n", "y", "y", "x", "\n"], ["\n", "", "", "x\n", "", "", "", "", "yyx\n", "", ""], 80, True),
    (["x", "\n", "\n", "y", "y", "\n", "x", "x"], ["", "x\n", "", "\n", "", "", "", "yy\n", "", "", "", "xx", ""], 80, True),
    (["\nx\nx\n"], ["\n", "x", "\n", "x", "\n", "", ""], 1, False),
    (["x\n\n\nx", "x"], ["x\n", "\n", "\n", "x", "", "x", "", ""], 2, False),
    (["On", "e.", ".\n", " \n", "tw", "o.", ".", "!\n"],
     ["", "One", "", "..\n", "", " \n", "", "", "two", "", "", "..!", "\n", "", ""], 3, True),
    (["Eight\n letters"], ["Eight\n", "", " letters", ""], 80, True),
    (["\nEight", " \n", " let", "ters\n"], ["\n", "Eigh", "t", "", " \n", "", " let", "", "ters", "\n", "", ""], 4, False),
    (["Eight\n letter", "s"], ["Eight\n", " letter", "", "s", "", ""], 80, False),
]
KINDS = {True: "abstract", False: "regular"}
# A name, what is done, and whether it needs abstract names.
ROWS = [
    *((f"05 listenAndConnect, {count} connections", servers.row_05(count), False) for count in (0, 1, 5)),
    *((f"06 listenAndConnectAbstractNamespace, {KINDS[server]}, {KINDS[client]}", servers.row_06(server, client), True)
      for server in (True, False) for client in (True, False)),
    *((f"07 listenAndConnectAbstractNamespaceTrailingZeros, {len(server)}, {len(client)}", servers.row_07(server, client), True)
      for server in ("", "\0") for client in ("", "\0")),
    ("10 sendData", streams.row_10, False),
    ("10 sendData, no server", streams.row_10_nobody, False),
    *((f"11 readLine, set {index}", streams.row_11(lines), False) for index, lines in enumerate(LINES)),
    *((f"12 skip, {sizes[2]} of {sizes[0]}", streams.row_12(sizes), False)
      for sizes in ((10, 3, 6, 6), (20_000, 1, 10_000, 10_000), (20_000, 1, 20_000, 19_999))),
    ("13 readBufferOverflow", streams.row_13, False),
    ("14 simpleCommandProtocol1", streams.row_14, False),
    ("15 simpleCommandProtocol2", streams.row_15, False),
    ("16 fullPath", servers.row_16, False),
    *((f"17 hitMaximumConnections, {limit}", servers.row_17(limit), False) for limit in (0, 1, 3)),
    *((f"20 processConnection, {count} clients", servers.row_20(count), False) for count in (1, 2, 5, 30)),
    ("22 waitForDisconnect", streams.row_22, False),
    ("23 waitForDisconnectByServer", streams.row_23, False),
    ("24 waitForReadyReadOnDisconnected", streams.row_24, False),
    ("25 delayedDisconnect", streams.row_25, False),
    ("26 removeServer", servers.row_26, False),
    ("27 recycleServer", servers.row_27, False),
    ("28 recycleClientSocket", servers.row_28, False),
    ("29 multiConnect", servers.row_29, False),
    ("30 writeOnlySocket", streams.row_30, False),
    *((f"31 writeToClientAndDisconnect, {chunks} chunks", streams.row_31(chunks), False) for chunks in (1, 20)),
    ("32 writeToDisconnected", streams.row_32, False),
    ("34 bytesWrittenSignal", streams.row_34, False),
    ("35 syncDisconnectNotify", streams.row_35, False),
    ("36 asyncDisconnectNotify", streams.row_36, False),
    *((f"37 verifySocketOptions, {bits:04o}", servers.row_37(option, bits), False)
      for option, bits in ((1, 0o700), (2, 0o070), (4, 0o007), (7, 0o777))),
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
