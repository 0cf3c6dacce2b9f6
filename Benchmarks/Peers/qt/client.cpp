#include <memory>

#include "connection.h"
#include "peer.h"

namespace {

enum { MOST_UNSENT = 1048576 }; /* bytes; the buffer of a QLocalSocket has no limit of its own */

class Client {
public:
    explicit Client(struct kit *kit) : kit(kit), outgoing(qsizetype(kit_size(kit)), Qt::Uninitialized) {}

    void connect() {
        socket = std::make_unique<QLocalSocket>();
        connection = std::make_unique<Connection>(socket.get());
        socket->connectToServer(QString::fromLocal8Bit(kit_address(kit)));
        if (!socket->waitForConnected()) fail();
    }

    void send() {
        kit_fill(kit, outgoing.data());
        connection->send(outgoing);
        if (socket->bytesToWrite() >= MOST_UNSENT) connection->flush();
    }

    void flush() { connection->flush(); }

    void poll() {
        socket->waitForReadyRead(0);
        if (connection->take()) handle();
    }

    void receive() {
        if (!connection->receive()) fail();
        handle();
    }

    void close() {
        socket->disconnectFromServer();
        if (socket->state() != QLocalSocket::UnconnectedState) socket->waitForDisconnected(-1);
        connection.reset();
        socket.reset();
    }

private:
    /* The message that was taken, and what else is there. */
    void handle() {
        do kit_received(kit, connection->message.constData(), std::size_t(connection->message.size()));
        while (connection->take());
    }

    void fail() { kit_fail(socket->errorString().toLocal8Bit().constData()); }

    struct kit *kit;
    QByteArray outgoing;
    std::unique_ptr<QLocalSocket> socket;
    std::unique_ptr<Connection> connection;
};

} // namespace

void client(struct kit *kit) {
    Client client(kit);
    for (;;) {
        switch (kit_turn(kit)) {
        case KIT_CONNECT: client.connect(); break;
        case KIT_SEND: client.send(); break;
        case KIT_FLUSH: client.flush(); break;
        case KIT_POLL: client.poll(); break;
        case KIT_RECEIVE: client.receive(); break;
        case KIT_CLOSE: client.close(); break;
        case KIT_DONE: return;
        }
    }
}
