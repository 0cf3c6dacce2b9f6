/* A server on the event loop, for one client. */
#include <QCoreApplication>
#include <cstdio>
#include <memory>

#include "options.h"
#include "plan.h"

namespace {

class Server {
public:
    explicit Server(const Options &options) : options(options) {}

    int run() {
        if (options.access != 0) server.setSocketOptions(QLocalServer::SocketOptions(options.access));
        QObject::connect(&server, &QLocalServer::newConnection, &server, [this] { accept(); });
        if (!server.listen(name(server, options.address))) qFatal("listen: %s", qPrintable(server.errorString()));
        std::puts("READY");
        std::fflush(stdout);
        return QCoreApplication::exec();
    }

private:
    void accept() {
        QLocalSocket *const socket = server.nextPendingConnection();
        socket->setReadBufferSize(options.readBufferSize);
        wire = std::make_unique<Wire>(socket, options.form);
        QObject::connect(socket, &QLocalSocket::readyRead, socket, [this] { read(); });
        QObject::connect(socket, &QLocalSocket::disconnected, socket, [this] { ended(); });
        if (options.mode == "source") sendAll();
    }

    void sendAll() {
        for (int i = 0; i < int(options.lengths.size()); i++) wire->send(content(i, options.lengths[i]));
        if (options.aborts) return abortInside();
        wire->socket->flush();
        wire->socket->disconnectFromServer();
    }

    void read() {
        QByteArray got;
        while (received < int(options.lengths.size()) && wire->take(got, options.lengths[received])) {
            const QByteArray expected = content(received, options.lengths[received]);
            if (got != expected || got.isNull() != expected.isNull()) qFatal("message %d is not what was sent", received);
            received++;
            if (options.mode == "echo") wire->send(got);
        }
    }

    void abortInside() {
        const QByteArray block = wire->encoded(content(int(options.lengths.size()), 100));
        wire->socket->write(block.left(block.size() / 2));
        while (wire->socket->bytesToWrite() > 0 && wire->socket->waitForBytesWritten(-1)) {}
        wire->socket->abort();
    }

    void ended() { QCoreApplication::exit(report(received, *wire, wire->socket->error())); }

    const Options &options;
    QLocalServer server;
    std::unique_ptr<Wire> wire;
    int received = 0;
};

} // namespace

int server(const Options &options) { return Server(options).run(); }
