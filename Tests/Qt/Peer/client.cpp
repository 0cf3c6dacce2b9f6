/* A client that waits, without an event loop. */
#include "options.h"
#include "plan.h"

namespace {

class Client {
public:
    explicit Client(const Options &options) : options(options), wire(&socket, options.form) {
        socket.setReadBufferSize(options.readBufferSize);
    }

    int run() {
        socket.connectToServer(name(socket, options.address));
        if (!socket.waitForConnected()) return report(0, wire, socket.error());
        const bool isWhole = options.mode == "source" ? receive(options.lengths.size()) : converse();
        if (options.aborts) abortInside();
        if (!isWhole || options.aborts) return report(received, wire, socket.error());
        if (options.mode == "source") socket.waitForDisconnected(-1);
        else socket.disconnectFromServer();
        if (socket.state() != QLocalSocket::UnconnectedState) socket.waitForDisconnected(-1);
        return report(received, wire, socket.error());
    }

private:
    QByteArray message(int index) const { return content(index, options.lengths[index]); }

    bool converse() {
        const int count = int(options.lengths.size());
        const int together = options.style == "together" ? count : options.style == "pairs" ? 2 : 1;
        for (int first = 0; first < count; first += together) {
            const int end = qMin(count, first + together);
            QByteArray block;
            for (int i = first; i < end; i++) {
                if (options.style == "together") wire.send(message(i));
                else block += wire.encoded(message(i));
            }
            if (options.style == "bytes") sendByteByByte(block);
            else socket.write(block);
            if (options.mode == "sink") continue;
            flush();
            if (!receive(end)) return false;
        }
        return true;
    }

    void sendByteByByte(const QByteArray &block) {
        for (const char byte : block) {
            socket.write(&byte, 1);
            socket.flush();
        }
    }

    void flush() {
        while (socket.bytesToWrite() > 0 && socket.waitForBytesWritten(-1)) {}
    }

    /* Waits for all messages before `end`. False if the server has gone. */
    bool receive(int end) {
        for (QByteArray got; received < end; received++) {
            while (!wire.take(got, options.lengths[received]))
                if (!socket.waitForReadyRead(-1)) return false;
            if (got != message(received) || got.isNull() != message(received).isNull()) qFatal("message %d is not what was sent", received);
        }
        return true;
    }

    void abortInside() {
        const QByteArray block = wire.encoded(content(int(options.lengths.size()), 100));
        socket.write(block.left(block.size() / 2));
        flush();
        socket.abort();
    }

    const Options &options;
    QLocalSocket socket;
    Wire wire;
    int received = 0;
};

} // namespace

int client(const Options &options) { return Client(options).run(); }
