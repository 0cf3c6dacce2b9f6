/* Messages on a QLocalSocket as Qt programs commonly send them: the length in 4 bytes and the bytes, through a QDataStream. */
#pragma once

#include <QByteArray>
#include <QDataStream>
#include <QLocalSocket>

class Connection {
public:
    explicit Connection(QLocalSocket *socket) : socket(socket), stream(socket) {}

    void send(const QByteArray &message) {
        const quint32 length = quint32(message.size());
        stream.writeRawData(reinterpret_cast<const char *>(&length), sizeof length);
        stream.writeRawData(message.constData(), int(length));
    }

    /* Returns when all has left. Meanwhile Qt reads what arrives, so that neither side waits for the other. */
    void flush() {
        while (socket->bytesToWrite() > 0 && socket->waitForBytesWritten(-1)) {}
    }

    /* Whether a whole message was there. It is in `message` then. */
    bool take() {
        if (!knowsLength) {
            if (socket->bytesAvailable() < qint64(sizeof length)) return false;
            stream.readRawData(reinterpret_cast<char *>(&length), sizeof length);
            knowsLength = true;
        }
        if (socket->bytesAvailable() < length) return false;
        message.resize(qsizetype(length));
        stream.readRawData(message.data(), int(length));
        knowsLength = false;
        return true;
    }

    /* Waits for a whole message. False if the other side has gone. */
    bool receive() {
        while (!take())
            if (!socket->waitForReadyRead(-1)) return false;
        return true;
    }

    QLocalSocket *const socket;
    QByteArray message;

private:
    QDataStream stream;
    quint32 length = 0;
    bool knowsLength = false;
};
