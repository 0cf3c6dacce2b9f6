/* Asio: asynchronous operations on local stream sockets, completed on one io_context of one thread. */
#include <string>

#include "peer.h"

void check(const asio::error_code &error, const char *what) {
    if (error) kit_fail((what + (": " + error.message())).c_str());
}

void run(asio::io_context &context, const struct kit *kit) {
    if (kit_spins(kit)) context.poll();
    else context.run_one();
}

int main(int count, char **arguments) {
    std::string version = std::to_string(ASIO_VERSION / 100000) + "." + std::to_string(ASIO_VERSION / 100 % 1000) + "." +
                          std::to_string(ASIO_VERSION % 100);
    struct kit_about about = {
        .peer = "asio",
        .version = version.c_str(),
        .scenarios = "pingpong depth stream burst rate connect fanin idle",
        .batches = "1 16 64 256 1024",
        .options = "standalone, on epoll as by default (its io_uring is off); io_context(1), the hint for one thread; "
                   "async_read_some into 64 KiB, of each connection its own, since it is always being read; a batch is one "
                   "buffer and one async_write; an echo goes back from the buffer it came in; whoever spins calls poll()",
        .spins = true,
    };
    return kit_main(count, arguments, &about, server, client);
}
