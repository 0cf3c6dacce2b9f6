#pragma once

#include <QList>
#include <QLocalServer>
#include <QLocalSocket>

#include "wire.h"

struct Options {
    QString address; /* a path, or a name after an @ */
    Form form;
    QList<int> lengths;
    QString mode;  /* the server's: echo, sink, or source */
    QString style; /* how is sent: each, together, pairs, or bytes */
    bool aborts;   /* after the last message, inside a further one; a client to a sink, or a source */
    qint64 readBufferSize;
    int access;
};

/* What came of it, in a line: whole messages, bytes behind them, and the socket's last error by its number. */
int report(int messages, const Wire &wire, int error);

/* The address as Qt wants it; sets the option for abstract names where it has to be. */
template <typename Socket> QString name(Socket &socket, const QString &address) {
    if (!address.startsWith('@')) return address;
#if QT_VERSION >= QT_VERSION_CHECK(6, 2, 0)
    socket.setSocketOptions(Socket::AbstractNamespaceOption);
#else
    Q_UNUSED(socket);
    qFatal("this Qt has no abstract names");
#endif
    return address.mid(1);
}

int client(const Options &options);
int server(const Options &options);
