/*
 * The client of the text that RingIPC began from: it connects, waits, and writes messages at short intervals through a QDataStream. Without
 * "length" they arrive cut or glued; with it, a quint32 as it lies in memory goes in front of each.
 *
 *     seed-client NAME plain|length LENGTHS
 */
#include <QCoreApplication>
#include <QDataStream>
#include <QLocalSocket>
#include <cstdio>
#include <cstring>

#include "Peer/plan.h"

int main(int count, char **arguments) {
    QCoreApplication application(count, arguments);
    if (count != 4) return 64;
    const bool hasLength = std::strcmp(arguments[2], "length") == 0;
    const QList<int> sizes = lengths(arguments[3]);

    QLocalSocket socket;
    socket.connectToServer(arguments[1]);
    if (!socket.waitForConnected()) {
        std::fprintf(stderr, "%s\n", qPrintable(socket.errorString()));
        return 1;
    }
    QDataStream out(&socket);
    for (int i = 0; i < int(sizes.size()); i++) {
        const QByteArray message = content(i, sizes[i]);
        const quint32 length = quint32(message.size());
        if (hasLength) out.writeRawData(reinterpret_cast<const char *>(&length), sizeof length);
        out.writeRawData(message.constData(), int(message.size()));
    }
    while (socket.bytesToWrite() > 0 && socket.waitForBytesWritten(-1)) {}
    socket.disconnectFromServer();
    if (socket.state() != QLocalSocket::UnconnectedState) socket.waitForDisconnected(-1);
    return 0;
}
