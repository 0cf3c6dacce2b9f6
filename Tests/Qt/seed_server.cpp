/*
 * The server of the text that RingIPC began from: it removes a stale name, listens, and takes pending connections. Without "length" it takes
 * whatever one read brings for a message; with it, a quint32 in front says how long each is.
 *
 *     seed-server NAME plain|length LENGTHS
 *
 * Ends with the first client, and prints what it took for messages, how many of them were, and all bytes.
 */
#include <QCoreApplication>
#include <QDataStream>
#include <QLocalServer>
#include <QLocalSocket>
#include <cstdio>
#include <cstring>

#include "Peer/plan.h"

int main(int count, char **arguments) {
    QCoreApplication application(count, arguments);
    if (count != 4) return 64;
    const QString name = arguments[1];
    const bool hasLength = std::strcmp(arguments[2], "length") == 0;
    const QList<int> expected = lengths(arguments[3]);

    QLocalServer::removeServer(name);
    QLocalServer server;
    if (!server.listen(name)) {
        std::fprintf(stderr, "%s\n", qPrintable(server.errorString()));
        return 1;
    }
    std::puts("READY");
    std::fflush(stdout);

    server.waitForNewConnection(-1);
    QLocalSocket *socket = server.nextPendingConnection();
    QDataStream in(socket);
    int messages = 0, whole = 0;
    qint64 total = 0;
    while (socket->bytesAvailable() > 0 || socket->waitForReadyRead(-1)) {
        QByteArray message;
        if (hasLength) {
            quint32 length;
            while (socket->bytesAvailable() < qint64(sizeof length))
                if (!socket->waitForReadyRead(-1)) return 2;
            in.readRawData(reinterpret_cast<char *>(&length), sizeof length);
            while (socket->bytesAvailable() < length)
                if (!socket->waitForReadyRead(-1)) return 2;
            message.resize(int(length));
            in.readRawData(message.data(), int(length));
        } else {
            message = socket->readAll();
        }
        if (messages < int(expected.size()) && message == content(messages, expected[messages])) whole++;
        messages++;
        total += message.size();
    }
    std::printf("messages %d whole %d bytes %lld\n", messages, whole, static_cast<long long>(total));
    return 0;
}
