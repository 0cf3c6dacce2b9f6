// Writes the lengths around 2^32 as Qt's QDataStream writes them in front of a QByteArray, in the form of vectors.cpp. A length that Qt
// refuses has "refused" in place of bytes. Needs Qt 6.7 or later at run time; the headers may be older. The memory is never touched.

#include <QByteArray>
#include <QDataStream>
#include <QIODevice>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace {

/// Keeps what comes in front of the array, and drops the array.
class LengthKeeper : public QIODevice
{
public:
    QByteArray kept;

    bool isSequential() const override { return true; }

protected:
    qint64 readData(char *, qint64) override { return -1; }
    qint64 writeData(const char *bytes, qint64 count) override
    {
        if (count <= 8)
            kept.append(bytes, count);
        return count;
    }
};

void emitLength(const QByteArray &array, int version, QDataStream::ByteOrder order)
{
    LengthKeeper device;
    device.open(QIODevice::WriteOnly | QIODevice::Unbuffered);
    QDataStream stream(&device);
    stream.setVersion(version);
    stream.setByteOrder(order);
    stream << array;
    const QByteArray bytes = stream.status() == QDataStream::Ok ? device.kept.toHex() : QByteArray("refused");
    std::printf("length.%lld %d-%d %s %s\n", static_cast<long long>(array.size()), version, version,
                order == QDataStream::BigEndian ? "big" : "little", bytes.constData());
}

} // namespace

int main()
{
    const size_t most = 0x100000001;
    void *memory = mmap(nullptr, most, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        std::abort();
    std::printf("# Qt %s\n", qVersion());
    for (const qint64 length : {0xfffffffdLL, 0xfffffffeLL, 0xffffffffLL, 0x100000000LL, 0x100000001LL}) {
        const QByteArray array = QByteArray::fromRawData(static_cast<const char *>(memory), length);
        for (const int version : {21, 22})
            for (const auto order : {QDataStream::BigEndian, QDataStream::LittleEndian})
                emitLength(array, version, order);
    }
    return 0;
}
