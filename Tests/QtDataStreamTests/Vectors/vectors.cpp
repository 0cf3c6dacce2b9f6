// Writes what Qt's QDataStream makes of many values, in every stream version that this Qt knows and in both byte orders:
//
//     name first-last version order hex
//
// Versions in a row that give the same bytes share a line. The Swift tests know which value belongs to a name.
// Built against Qt 5 or Qt 6, see the Makefile; the output depends on the Qt library alone.

#include <QByteArray>
#include <QDataStream>
#include <QDateTime>
#include <QIODevice>
#include <QList>
#include <QLocale>
#include <QMap>
#include <QString>
#include <QStringList>
#include <QTimeZone>
#include <QUuid>
#include <QVariant>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <limits>

namespace {

const int firstVersion = QDataStream::Qt_5_0;
// Of the library, which may be newer than the headers.
const int lastVersion = QDataStream().version();

using Write = std::function<void(QDataStream &)>;

QByteArray written(const Write &write, int version, QDataStream::ByteOrder order, QDataStream::FloatingPointPrecision precision)
{
    QByteArray bytes;
    QDataStream stream(&bytes, QIODevice::WriteOnly);
    stream.setVersion(version);
    stream.setByteOrder(order);
    stream.setFloatingPointPrecision(precision);
    write(stream);
    if (stream.status() != QDataStream::Ok)
        std::abort();
    return bytes.toHex();
}

void emitLines(const char *name, const Write &write, QDataStream::FloatingPointPrecision precision)
{
    for (const auto order : {QDataStream::BigEndian, QDataStream::LittleEndian}) {
        int first = firstVersion;
        QByteArray bytes = written(write, first, order, precision);
        for (int version = first + 1; version <= lastVersion + 1; ++version) {
            const bool isPastLast = version > lastVersion;
            const QByteArray next = isPastLast ? QByteArray() : written(write, version, order, precision);
            if (!isPastLast && next == bytes)
                continue;
            std::printf("%s %d-%d %s %s\n", name, first, version - 1, order == QDataStream::BigEndian ? "big" : "little", bytes.constData());
            first = version;
            bytes = next;
        }
    }
}

template <typename Value>
void emitValue(const char *name, const Value &value, QDataStream::FloatingPointPrecision precision = QDataStream::DoublePrecision)
{
    emitLines(name, [&](QDataStream &stream) { stream << value; }, precision);
}

template <typename Value>
void emitVariant(const char *name, const Value &value)
{
    emitValue(name, QVariant::fromValue(value));
}

template <typename Integer>
void emitInteger(const char *type)
{
    const QByteArray name(type);
    emitValue(name + ".min", std::numeric_limits<Integer>::min());
    emitValue(name + ".max", std::numeric_limits<Integer>::max());
    emitValue(name + ".value", Integer(0x1122334455667788));
}

// Not `fromType`, which Qt 5 lacks, nor the constructor from a QVariant::Type, which Qt 6 deprecates.
QVariant nullVariant(int type)
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 0, 0)
    return QVariant(QMetaType(type));
#else
    return QVariant(static_cast<QVariant::Type>(type));
#endif
}

void emitNumbers()
{
    emitInteger<qint8>("int8");
    emitInteger<qint16>("int16");
    emitInteger<qint32>("int32");
    emitInteger<qint64>("int64");
    emitInteger<quint8>("uint8");
    emitInteger<quint16>("uint16");
    emitInteger<quint32>("uint32");
    emitInteger<quint64>("uint64");
    emitValue("bool.true", true);
    emitValue("bool.false", false);
    for (const auto precision : {QDataStream::DoublePrecision, QDataStream::SinglePrecision}) {
        const QByteArray suffix = precision == QDataStream::DoublePrecision ? ".double" : ".single";
        emitValue("float.negative" + suffix, -1.5f, precision);
        emitValue("float.third" + suffix, 1.0f / 3, precision);
        emitValue("float.largest" + suffix, std::numeric_limits<float>::max(), precision);
        emitValue("float.smallest" + suffix, std::numeric_limits<float>::denorm_min(), precision);
        emitValue("float.minusZero" + suffix, -0.0f, precision);
        emitValue("float.infinity" + suffix, std::numeric_limits<float>::infinity(), precision);
        emitValue("float.nan" + suffix, std::numeric_limits<float>::quiet_NaN(), precision);
        emitValue("double.negative" + suffix, -1.5, precision);
        emitValue("double.infinity" + suffix, -std::numeric_limits<double>::infinity(), precision);
        emitValue("double.nan" + suffix, std::numeric_limits<double>::quiet_NaN(), precision);
        emitValue("double.third" + suffix, 1.0 / 3, precision);
        emitValue("double.largest" + suffix, std::numeric_limits<double>::max(), precision);
        emitValue("double.smallest" + suffix, std::numeric_limits<double>::denorm_min(), precision);
    }
}

void emitBytesAndText()
{
    emitValue("bytes.null", QByteArray());
    emitValue("bytes.empty", QByteArray(""));
    emitValue("bytes.one", QByteArray(1, '\0'));
    emitValue("bytes.some", QByteArray("\x00\x01\x7f\x80\xff", 5));
    emitValue("string.null", QString());
    emitValue("string.empty", QString(""));
    emitValue("string.ascii", QString("Hello"));
    emitValue("string.zero", QString(QChar(0)));
    emitValue("string.latin", QString::fromUtf8("Grüße, déjà vu"));
    emitValue("string.surrogates", QString::fromUtf8("a😀z"));
    emitValue("string.borders", QString::fromUtf8("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    emitValue("string.highSurrogateAlone", QString("a") + QChar(0xD83D) + QString("z"));
    emitValue("string.highSurrogateLast", QString("a") + QChar(0xD83D));
    emitValue("string.lowSurrogateAlone", QString("a") + QChar(0xDE00));
    emitLines("raw", [](QDataStream &stream) { stream.writeRawData("\xde\xad\xbe\xef", 4); }, QDataStream::DoublePrecision);
}

void emitContainers()
{
    emitValue("strings.empty", QStringList());
    emitValue("strings.some", QStringList({"", "one", QString::fromUtf8("zwölf")}));
    emitValue("strings.withNull", QStringList({QString(), QString("")}));
    emitValue("list.int32", QList<qint32>({1, -1, 0x7fffffff}));
    emitValue("list.uint8", QList<quint8>({1, 255}));
    emitValue("list.bool", QList<bool>({true, false}));
    emitValue("list.double", QList<double>({0.5, -2}));
    emitValue("list.bytes", QList<QByteArray>({QByteArray(), QByteArray("ab")}));
    emitValue("list.list", QList<QList<qint16>>({{}, {1}, {2, 3}}));
    emitValue("map.empty", QMap<QString, qint32>());
    emitValue("map.int32", QMap<QString, qint32>({{"a", 1}, {"b", 2}, {"B", 3}, {QString::fromUtf8("ä"), 4}, {QString::fromUtf8("😀"), 5}, {QString::fromUtf8("\xef\xbf\xbd"), 6}}));
    emitValue("map.strings", QMap<QString, QStringList>({{"", {}}, {"k", {"v"}}}));
    emitValue("map.integerKey", QMap<qint32, QString>({{-1, "x"}, {7, "y"}}));
}

void emitMoments()
{
    const QDate date(2024, 2, 29);
    const QTime time(13, 14, 15, 167);
    emitValue("date.invalid", QDate());
    emitValue("date.epoch", QDate(1970, 1, 1));
    emitValue("date.leap", date);
    emitValue("date.before1970", QDate(1969, 12, 31));
    emitValue("date.beforeChrist", QDate(-44, 3, 15));
    emitValue("date.far", QDate(9999, 12, 31));
    emitValue("time.invalid", QTime());
    emitValue("time.midnight", QTime(0, 0));
    emitValue("time.last", QTime(23, 59, 59, 999));
    emitValue("time.some", time);
    emitValue("dateTime.invalid", QDateTime());
    emitValue("dateTime.local", QDateTime(date, time, Qt::LocalTime));
    emitValue("dateTime.utc", QDateTime(date, time, Qt::UTC));
    emitValue("dateTime.utc.before1970", QDateTime(QDate(1969, 12, 31), QTime(23, 59, 59, 999), Qt::UTC));
    emitValue("dateTime.utc.beforeChrist", QDateTime(QDate(-1, 1, 1), QTime(0, 0), Qt::UTC));
    emitValue("dateTime.utc.invalid", QDateTime(QDate(), QTime(), Qt::UTC));
    emitValue("dateTime.offset", QDateTime(date, time, Qt::OffsetFromUTC, 19800));
    emitValue("dateTime.offset.west", QDateTime(date, QTime(0, 30), Qt::OffsetFromUTC, -12600));
    emitValue("dateTime.offset.midnight", QDateTime(QDate(2024, 3, 1), QTime(0, 30), Qt::OffsetFromUTC, 3600));
    emitValue("dateTime.zone", QDateTime(date, time, QTimeZone("Europe/Berlin")));
    emitValue("dateTime.zone.offset", QDateTime(date, time, QTimeZone("UTC+03:00")));
    emitValue("dateTime.zone.custom", QDateTime(date, time, QTimeZone("Custom/Zone", 4500, "A name", "CZ", QLocale::Germany, "A comment")));
}

void emitUuids()
{
    emitValue("uuid.null", QUuid());
    emitValue("uuid.some", QUuid("{00112233-4455-6677-8899-aabbccddeeff}"));
}

void emitVariants()
{
    emitValue("variant.invalid", QVariant());
    emitVariant("variant.bool", true);
    emitVariant("variant.int8", qint8(-2));
    emitVariant("variant.int16", qint16(-2));
    emitVariant("variant.int32", qint32(-2));
    emitVariant("variant.int64", qint64(-2));
    emitVariant("variant.uint8", quint8(254));
    emitVariant("variant.uint16", quint16(65534));
    emitVariant("variant.uint32", quint32(4294967294));
    emitVariant("variant.uint64", quint64(1) << 63);
    emitVariant("variant.float", 0.1f);
    emitVariant("variant.double", 0.1);
    emitVariant("variant.string", QString("text"));
    emitVariant("variant.string.null", QString());
    emitVariant("variant.string.empty", QString(""));
    emitVariant("variant.bytes", QByteArray("bytes"));
    emitVariant("variant.bytes.null", QByteArray());
    emitVariant("variant.strings", QStringList({"a", QString()}));
    emitVariant("variant.date", QDate(2024, 2, 29));
    emitVariant("variant.time", QTime(1, 2, 3, 4));
    emitVariant("variant.dateTime", QDateTime(QDate(2024, 2, 29), QTime(1, 2, 3, 4), Qt::UTC));
    emitVariant("variant.uuid", QUuid("{00112233-4455-6677-8899-aabbccddeeff}"));
    emitVariant("variant.list.empty", QVariantList());
    emitVariant("variant.list", QVariantList({1, QVariant(), QString("two"), QVariantList({3.0, QVariantList()})}));
    emitVariant("variant.map.empty", QVariantMap());
    emitVariant("variant.map", QVariantMap({{"list", QVariantList({true})}, {"map", QVariantMap({{"deep", quint32(1)}})}, {"text", QString("x")}}));
    emitVariant("variant.hash", QVariantHash({{"key", qint32(1)}}));
    emitVariant("variant.nullptr", nullptr);
    emitVariant("variant.char", QChar('q'));
    emitVariant("variant.long", long(-3));
    emitVariant("list.variant", QVariantList({1, QString("two")}));
    emitValue("variant.null.bool", nullVariant(QMetaType::Bool));
    emitValue("variant.null.int32", nullVariant(QMetaType::Int));
    emitValue("variant.null.double", nullVariant(QMetaType::Double));
    emitValue("variant.null.string", nullVariant(QMetaType::QString));
    emitValue("variant.null.strings", nullVariant(QMetaType::QStringList));
    emitValue("variant.null.bytes", nullVariant(QMetaType::QByteArray));
    emitValue("variant.null.date", nullVariant(QMetaType::QDate));
    emitValue("variant.null.time", nullVariant(QMetaType::QTime));
    emitValue("variant.null.dateTime", nullVariant(QMetaType::QDateTime));
    emitValue("variant.null.uuid", nullVariant(QMetaType::QUuid));
    emitValue("variant.null.list", nullVariant(QMetaType::QVariantList));
    emitValue("variant.null.map", nullVariant(QMetaType::QVariantMap));
}

} // namespace

int main()
{
    setenv("TZ", "America/New_York", 1);
    tzset();
    std::printf("# Qt %s\n", qVersion());
    emitNumbers();
    emitBytesAndText();
    emitContainers();
    emitMoments();
    emitUuids();
    emitVariants();
    return 0;
}
