#include <QCoreApplication>
#include <QLocalServer>
#include <QSocketNotifier>
#include <memory>

#include "connection.h"
#include "peer.h"

static void listen(QLocalServer &server, struct kit *kit) {
    server.setListenBacklogSize(4096);
    if (!server.listen(QString::fromLocal8Bit(kit_address(kit)))) kit_fail(server.errorString().toLocal8Bit().constData());
    kit_ready(kit);
}

/* ---- one connection, by waiting for it */

static void answer(struct kit *kit, Connection &connection) {
    switch (kit_served(kit, connection.message.constData(), std::size_t(connection.message.size()))) {
    case KIT_NOTHING: break;
    case KIT_ECHO: connection.send(connection.message); break;
    case KIT_CONFIRM: {
        QByteArray confirmation(KIT_CONFIRMATION_BYTES, Qt::Uninitialized);
        kit_confirmation(kit, confirmation.data());
        connection.send(confirmation);
    }
    }
}

void serve_one(struct kit *kit) {
    QLocalServer server;
    listen(server, kit);
    server.waitForNewConnection(-1);
    QLocalSocket *socket = server.nextPendingConnection();
    Connection connection(socket);
    while (!kit_finished(kit) && connection.receive()) {
        do answer(kit, connection);
        while (connection.take());
        connection.flush();
    }
    if (socket->state() == QLocalSocket::ConnectedState) socket->waitForDisconnected(-1);
}

/* ---- many connections, on the event loop */

static void echo(struct kit *kit, Connection &connection) {
    uint64_t messages = 0;
    for (; connection.take(); messages++) connection.send(connection.message);
    kit_echoed(kit, messages);
    connection.socket->flush();
}

static void accept(struct kit *kit, QLocalServer &server) {
    while (QLocalSocket *socket = server.nextPendingConnection()) {
        auto connection = std::make_shared<Connection>(socket);
        QObject::connect(socket, &QLocalSocket::readyRead, socket, [kit, connection] { echo(kit, *connection); });
        QObject::connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }
}

void serve_many(struct kit *kit) {
    QLocalServer server;
    QObject::connect(&server, &QLocalServer::newConnection, [&] { accept(kit, server); });
    QSocketNotifier stop(kit_stop_descriptor(kit), QSocketNotifier::Read);
    QObject::connect(&stop, &QSocketNotifier::activated, [] { QCoreApplication::quit(); });
    listen(server, kit);
    QCoreApplication::exec();
}
