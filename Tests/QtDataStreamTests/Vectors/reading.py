#!/usr/bin/env python3
"""Writes what Qt's QDataStream reads from bytes that Qt itself would not write, in version 6.7 of the stream and the one before:

    type version input status bytes

The bytes are those of the value that was read, written again; "-" when nothing was read. Big-endian. Needs PyQt6 of Qt 6.7 or later.
What Python cannot hold is left out: null texts and null variants.
"""

from PyQt6.QtCore import QByteArray, QDataStream, QDate, QDateTime, QIODevice, QUuid, qVersion

EXTENDED = "fffffffe"
NULL = "ffffffff"


def read_object(make):
    def read(stream):
        value = make()
        stream >> value
        return value

    return read


def write_object(stream, value):
    stream << value


TYPES = {
    "bytes": (read_object(QByteArray), write_object),
    "string": (QDataStream.readQString, QDataStream.writeQString),
    "strings": (QDataStream.readQStringList, QDataStream.writeQStringList),
    "list.variant": (QDataStream.readQVariantList, QDataStream.writeQVariantList),
    "map.variant": (QDataStream.readQVariantMap, QDataStream.writeQVariantMap),
    "variant": (QDataStream.readQVariant, QDataStream.writeQVariant),
    "bool": (QDataStream.readBool, QDataStream.writeBool),
    "date": (read_object(QDate), write_object),
    "dateTime": (read_object(QDateTime), write_object),
    "uuid": (read_object(QUuid), write_object),
}

INPUTS = {
    "bytes": [
        NULL, EXTENDED + "0000000000000003616263", EXTENDED + "0000000000000000", EXTENDED + "ffffffffffffffff",
        EXTENDED + "0000000100000000", EXTENDED + "7fffffffffffffff", EXTENDED + "00", "00000002" + "61", "7fffffff" + "61", "fffffffd", EXTENDED,
    ],
    "string": [
        EXTENDED + "00000000000000020061", EXTENDED + "ffffffffffffffff", "00000003" + "006100", "00000001" + "61", "00000004" + "0061",
    ],
    "strings": ["00000000", "00000001", EXTENDED + "0000000000000001" + "000000020061", NULL, EXTENDED + "ffffffffffffffff"],
    "list.variant": ["00000001" + "0000000001", NULL],
    "map.variant": [
        "00000002" + ("000000020061" + "0000000200" + "00000001") + ("000000020061" + "0000000200" + "00000002"),
        "00000002" + ("000000020062" + "0000000001") + ("000000020061" + "0000000001"),
    ],
    "variant": ["0000000000", "0000000001", "0000000200" + "00000005", "000000020000", "0000ffff00"],
    "bool": ["00", "01", "02", "ff"],
    "date": ["0000000000000000", "7fffffffffffffff", "ffffff4961ce64a1", "000000b69fd5d394"],
    "dateTime": ["0000000000258ad202d728ff01", "0000000000258ad202d728ff0200004d58", "0000000000258ad202d728ff7f", "0000000000258ad202d728ff02"],
    "uuid": ["00112233445566778899aabbccddeeff", "00112233445566778899aabbccddee"],
}

print(f"# Qt {qVersion()}")
for name, (read, write) in TYPES.items():
    for data in INPUTS[name]:
        for version in (21, 22):
            stream = QDataStream(QByteArray(bytes.fromhex(data)))
            stream.setVersion(version)
            value = read(stream)
            status = stream.status().name
            written = "-"
            if status == "Ok":
                array = QByteArray()
                again = QDataStream(array, QIODevice.OpenModeFlag.WriteOnly)
                again.setVersion(version)
                write(again, value)
                written = bytes(array).hex()
            print(name, version, data, status, written)
