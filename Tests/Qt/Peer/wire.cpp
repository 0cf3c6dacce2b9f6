#include "wire.h"

#include <QIODevice>
#include <QtEndian>

/* Characters that take both of their bytes. */
static QString text(const QByteArray &message) {
    if (message.isNull()) return QString();
    QString text(message.size(), QChar(' '));
    for (int i = 0; i < int(message.size()); i++) text[i] = QChar(ushort(0x400 + uchar(message[i])));
    return text;
}

static QByteArray bytes(const QString &text) {
    if (text.isNull()) return QByteArray();
    QByteArray message(text.size(), '\0');
    for (int i = 0; i < int(text.size()); i++) message[i] = char(text[i].unicode() - 0x400);
    return message;
}

Form formNamed(const QString &name) {
    if (name == "u32host") return Form::U32Host;
    if (name == "qbytearray") return Form::QByteArray;
    if (name == "u16be") return Form::U16;
    if (name == "i64be") return Form::I64;
    if (name == "qstring") return Form::QString;
    if (name == "fortune16") return Form::Fortune16;
    if (name == "fortune32") return Form::Fortune32;
    if (name == "none") return Form::None;
    qFatal("there is no form %s", qPrintable(name));
}

Wire::Wire(QLocalSocket *socket, Form form) : socket(socket), form(form), stream(socket) { stream.setVersion(QDataStream::Qt_5_15); }

QByteArray Wire::encoded(const QByteArray &message) const {
    QByteArray block;
    QDataStream out(&block, QIODevice::WriteOnly);
    out.setVersion(QDataStream::Qt_5_15);
    switch (form) {
    case Form::U32Host: {
        const quint32 size = quint32(message.size());
        out.writeRawData(reinterpret_cast<const char *>(&size), sizeof size);
        out.writeRawData(message.constData(), int(message.size()));
        break;
    }
    case Form::QByteArray: out << message; break;
    case Form::U16:
        out << quint16(0);
        out.writeRawData(message.constData(), int(message.size()));
        out.device()->seek(0);
        out << quint16(block.size() - int(sizeof(quint16)));
        break;
    case Form::I64:
        out << qint64(message.size());
        out.writeRawData(message.constData(), int(message.size()));
        break;
    case Form::QString: out << text(message); break;
    case Form::Fortune16:
        out << quint16(0) << text(message);
        out.device()->seek(0);
        out << quint16(block.size() - int(sizeof(quint16)));
        break;
    case Form::Fortune32: out << quint32(message.size()) << text(message); break;
    case Form::None: return message;
    }
    return block;
}

bool Wire::take(QByteArray &message, int expected) {
    switch (form) {
    case Form::U32Host:
    case Form::U16:
    case Form::I64:
    case Form::Fortune16: return takeLength() && takeBlock(message);
    case Form::QByteArray:
        if (!isTextComplete()) return false;
        stream >> message;
        return true;
    case Form::QString:
    case Form::Fortune32: return takeText(message);
    case Form::None:
        pending += socket->readAll();
        if (pending.size() < expected) return false;
        message = QByteArray(pending.constData(), expected);
        pending.remove(0, expected);
        return true;
    }
    return false;
}

bool Wire::takeLength() {
    if (length >= 0) return true;
    const int width = form == Form::I64 ? 8 : form == Form::U32Host ? 4 : 2;
    if (socket->bytesAvailable() < width) return false;
    if (form == Form::I64) {
        stream >> length;
    } else if (form == Form::U32Host) {
        quint32 size;
        stream.readRawData(reinterpret_cast<char *>(&size), sizeof size);
        length = size;
    } else {
        quint16 size;
        stream >> size;
        length = size;
    }
    return true;
}

bool Wire::takeBlock(QByteArray &message) {
    if (socket->bytesAvailable() < length) return false;
    if (form == Form::Fortune16) {
        QString text;
        stream >> text;
        message = bytes(text);
    } else {
        message = QByteArray(int(length), '\0');
        stream.readRawData(message.data(), int(length));
    }
    length = -1;
    return true;
}

bool Wire::takeText(QByteArray &message) {
    if (form == Form::QString && !isTextComplete()) return false;
    QString text;
    quint32 characters;
    stream.startTransaction();
    if (form == Form::Fortune32) stream >> characters;
    stream >> text;
    if (!stream.commitTransaction()) return false;
    message = bytes(text);
    return true;
}

/* Spares a long text that comes in many pieces as many attempts to read it. */
bool Wire::isTextComplete() const {
    const QByteArray size = socket->peek(4);
    if (size.size() < 4) return false;
    const quint32 count = qFromBigEndian<quint32>(size.constData());
    return count == 0xFFFFFFFF || socket->bytesAvailable() >= 4 + qint64(count);
}
