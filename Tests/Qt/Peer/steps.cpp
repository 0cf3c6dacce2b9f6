/* Each line of the input is a step: who (the server, or a socket's number), a method, and its arguments. Each is answered by a line. Bytes
   and texts are hexadecimal digits after an x. Nothing happens between two steps: no event loop runs. */
#include "steps.h"

#include <QCoreApplication>
#include <QLocalServer>
#include <QLocalSocket>
#include <QTimer>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr int patienceMilliseconds = 30000;
using Words = QList<QByteArray>;

QByteArray spelled(bool value) { return value ? "true" : "false"; }
QByteArray spelled(qint64 value) { return QByteArray::number(value); }
QByteArray spelled(const QByteArray &bytes) { return 'x' + bytes.toHex(); }
QByteArray spelled(const QString &text) { return spelled(text.toUtf8()); }
QByteArray bytes(const QByteArray &word) { return QByteArray::fromHex(word.mid(1)); }
QString text(const QByteArray &word) { return QString::fromUtf8(bytes(word)); }

template <typename Condition> bool runUntil(Condition isDone) {
    QTimer limit;
    limit.setSingleShot(true);
    limit.start(patienceMilliseconds);
    while (!isDone() && limit.isActive()) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    return isDone();
}

/* The answer of what has none. */
template <typename Action> QByteArray done(Action action) {
    action();
    return spelled(true);
}

/* A socket, and what it has told. */
class End {
public:
    explicit End(QLocalSocket *socket) : socket(socket) {
        QObject::connect(socket, &QLocalSocket::stateChanged, socket, [this](int state) { told += "state" + QByteArray::number(state); });
        QObject::connect(socket, &QLocalSocket::errorOccurred, socket, [this](int error) { told += "error" + QByteArray::number(error); });
        QObject::connect(socket, &QLocalSocket::connected, socket, [this] { told += "connected"; });
        QObject::connect(socket, &QLocalSocket::disconnected, socket, [this] { told += "disconnected"; });
        QObject::connect(socket, &QLocalSocket::bytesWritten, socket, [this] { told += "bytesWritten"; });
        QObject::connect(socket, &QLocalSocket::readChannelFinished, socket, [this] { told += "readChannelFinished"; });
        QObject::connect(socket, &QLocalSocket::aboutToClose, socket, [this] { told += "aboutToClose" + spelled(available()); });
        QObject::connect(socket, &QLocalSocket::readyRead, socket, [this] { readyRead(); });
    }

    QByteArray answer(const QByteArray &method, const Words &words) {
        if (method == "connectToServer") return connectToServer(words);
        if (method == "disconnectFromServer") return done([this] { socket->disconnectFromServer(); });
        if (method == "close") return done([this] { socket->close(); });
        if (method == "abort") return done([this] { socket->abort(); });
        if (method == "setReadBufferSize") return done([&] { socket->setReadBufferSize(words[0].toInt()); });
        if (method == "write") return spelled(socket->write(bytes(words[0])));
        if (method == "flush") return spelled(socket->flush());
        if (method == "read") return read([this](char *data, int limit) { return socket->read(data, limit); }, words[0].toInt());
        if (method == "readLine") return read([this](char *data, int size) { return socket->readLine(data, size + 1); }, words[0].toInt());
        if (method == "skip") return spelled(socket->skip(words[0].toInt()));
        if (method == "waitForConnected") return spelled(socket->waitForConnected(patienceMilliseconds));
        if (method == "waitForReadyRead") return spelled(socket->waitForReadyRead(patienceMilliseconds));
        if (method == "waitForBytesWritten") return spelled(socket->waitForBytesWritten(patienceMilliseconds));
        if (method == "waitForDisconnected") return spelled(socket->waitForDisconnected(patienceMilliseconds));
        if (method == "runUntilTold") return spelled(runUntil([&] { return told.contains(bytes(words[0])); }));
        if (method == "runUntilSent") return spelled(runUntil([&] { return socket->bytesToWrite() == 0; }));
        if (method == "collect") return done([this] { isCollecting = true; });
        if (method == "collected") return spelled(collected);
        if (method == "waitInReadyRead") return done([this] { isWaitingInReadyRead = true; });
        return value(method);
    }

private:
    qint64 available() const { return socket->bytesAvailable(); }

    QByteArray value(const QByteArray &name) const {
        if (name == "bytesAvailable") return spelled(available());
        if (name == "bytesToWrite") return spelled(socket->bytesToWrite());
        if (name == "canReadLine") return spelled(socket->canReadLine());
        if (name == "isOpen") return spelled(socket->isOpen());
        if (name == "isValid") return spelled(socket->isValid());
        if (name == "state") return spelled(qint64(socket->state()));
        if (name == "error") return spelled(qint64(socket->error()));
        if (name == "errorString") return spelled(socket->errorString());
        if (name == "serverName") return spelled(socket->serverName());
        if (name == "fullServerName") return spelled(socket->fullServerName());
        if (name == "told") return told.join(' ');
        qFatal("a socket has no %s", name.constData());
    }

    QByteArray connectToServer(const Words &words) {
#if QT_VERSION >= QT_VERSION_CHECK(6, 2, 0)
        socket->setSocketOptions(QLocalSocket::SocketOptions(words[1].toInt()));
#endif
        socket->connectToServer(text(words[0]), QIODevice::OpenMode(words[2].toInt()));
        return spelled(socket->state() == QLocalSocket::ConnectedState);
    }

    /* One byte more is for the zero that Qt puts behind a line. */
    template <typename Read> static QByteArray read(Read read, int limit) {
        QByteArray data(limit + 1, '\0');
        const qint64 count = read(data.data(), limit);
        return count < 0 ? spelled(count) : spelled(data.left(int(count)));
    }

    void readyRead() {
        told += "readyRead";
        if (isCollecting) collected += socket->readAll();
        if (!isWaitingInReadyRead) return;
        collected += socket->read(1);
        told += "waited:" + spelled(socket->waitForReadyRead(patienceMilliseconds));
    }

    QLocalSocket *const socket;
    QByteArrayList told;
    bool isCollecting = false;
    bool isWaitingInReadyRead = false;
    QByteArray collected;
};

class Steps {
public:
    Steps() {
        QObject::connect(&server, &QLocalServer::newConnection, &server, [this] { newConnections++; });
    }

    int run() {
        for (std::string line; std::getline(std::cin, line);) {
            const Words words = QByteArray::fromStdString(line).split(' ');
            const QByteArray result = answer(words[0], words[1], words.mid(2));
            std::printf("%s\n", result.constData());
            std::fflush(stdout);
        }
        return 0;
    }

private:
    QByteArray answer(const QByteArray &who, const QByteArray &method, const Words &words) {
        if (who != "server") return ends.at(who.toUInt())->answer(method, words);
        if (method == "listen") {
            server.setSocketOptions(QLocalServer::SocketOptions(words[1].toInt()));
            return spelled(server.listen(text(words[0])));
        }
        if (method == "close") return done([this] { server.close(); });
        if (method == "setMaxPendingConnections") return done([&] { server.setMaxPendingConnections(words[0].toInt()); });
        if (method == "removeServer") return spelled(QLocalServer::removeServer(text(words[0])));
        if (method == "waitForNewConnection") return spelled(server.waitForNewConnection(words[0].toInt()));
        if (method == "hasPendingConnections") return spelled(server.hasPendingConnections());
        if (method == "nextPendingConnection") return add(server.nextPendingConnection());
        if (method == "newSocket") return add(new QLocalSocket(&server));
        if (method == "newConnections") return spelled(newConnections);
        if (method == "serverName") return spelled(server.serverName());
        if (method == "fullServerName") return spelled(server.fullServerName());
        if (method == "serverError") return spelled(qint64(server.serverError()));
        qFatal("the server has no %s", method.constData());
    }

    QByteArray add(QLocalSocket *socket) {
        if (!socket) return spelled(qint64(-1));
        ends.push_back(std::make_unique<End>(socket));
        return spelled(qint64(ends.size()) - 1);
    }

    std::vector<std::unique_ptr<End>> ends;
    qint64 newConnections = 0;
    QLocalServer server;
};

} // namespace

int steps() { return Steps().run(); }
