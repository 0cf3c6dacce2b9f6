/*
 * Qt: QLocalSocket and QLocalServer. With one connection both sides use the waitFor functions, without an event loop; they wait for
 * one socket only, so a server of many connections has the event loop and signals. Qt has no form that spins.
 */
#include <QCoreApplication>

#include "peer.h"

static void server(struct kit *kit) { (kit_serves_many(kit) ? serve_many : serve_one)(kit); }

int main(int count, char **arguments) {
    QCoreApplication application(count, arguments);
    struct kit_about about = {
        .peer = "qt",
        .version = qVersion(),
        .scenarios = "pingpong depth stream burst rate connect fanin idle",
        .batches = "1 16 64 256 1024",
        .options = "all as the library has it (its event dispatcher is GLib's where Qt was built so), but for a listen "
                   "backlog of 4096; QDataStream::writeRawData into the socket's own buffer, and waitForBytesWritten after "
                   "each batch; waitForReadyRead where there is one connection, the event loop and readyRead where there are "
                   "many",
        .spins = false,
    };
    return kit_main(count, arguments, &about, server, client);
}
