/* What the two sides of a conversation say to each other: both know it, and check every byte. */
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

/* The lengths of all messages, -1 for a null one. From "0,64x3000,null". */
inline QList<int> lengths(const QString &text) {
    QList<int> all;
    for (const QString &part : text.split(',')) {
        const QStringList pair = part.split('x');
        const int length = pair[0] == "null" ? -1 : pair[0].toInt();
        for (int i = 0; i < (pair.size() == 2 ? pair[1].toInt() : 1); i++) all.append(length);
    }
    return all;
}

inline QByteArray content(int index, int length) {
    if (length < 0) return QByteArray();
    QByteArray bytes(length, '\0');
    char *const data = bytes.data();
    for (int i = 0; i < length; i++) data[i] = char(index * 131 + i * 7 + (i >> 8) * 13 + (i >> 16) * 29);
    return bytes;
}
