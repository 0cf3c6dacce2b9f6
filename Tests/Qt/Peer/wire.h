/* Messages on a QLocalSocket, in the forms in which Qt programs write them. */
#pragma once

#include <QByteArray>
#include <QDataStream>
#include <QLocalSocket>

enum class Form {
    U32Host,    /* a quint32 as it lies in memory, and the bytes: writeRawData twice */
    QByteArray, /* stream << array */
    U16,        /* a quint16 that is known once the block is written */
    I64,        /* a qint64, as Qt's own tests of local sockets have it */
    QString,    /* stream << text */
    Fortune16,  /* a quint16 with the size of the block, and a text: Qt's fortune example for many years */
    Fortune32,  /* a quint32 with the number of characters, and a text: Qt's fortune example since 5.10 */
    None,       /* the bytes and nothing else */
};

Form formNamed(const QString &name);

class Wire {
public:
    Wire(QLocalSocket *socket, Form form);

    QByteArray encoded(const QByteArray &message) const;
    void send(const QByteArray &message) { socket->write(encoded(message)); }

    /* Whether a whole message was there. Without any form it is `expected` bytes long. */
    bool take(QByteArray &message, int expected);

    /* Bytes that are no whole message. */
    qint64 rest() const { return socket->bytesAvailable() + pending.size(); }

    QLocalSocket *const socket;

private:
    bool takeLength();
    bool takeBlock(QByteArray &message);
    bool takeText(QByteArray &message);
    bool isTextComplete() const;

    const Form form;
    QDataStream stream;
    qint64 length = -1; /* of the block that has begun */
    QByteArray pending; /* without any form */
};
