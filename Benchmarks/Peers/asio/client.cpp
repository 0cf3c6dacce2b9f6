/* One connection that is always being read; the context runs whenever there is something to wait for. */
#include <optional>

#include "peer.h"

namespace {

class Client {
public:
    explicit Client(struct kit *kit) : kit(kit) {}

    void connect() {
        socket.emplace(context);
        bool connected = false;
        socket->async_connect({kit_address(kit)}, [&](const asio::error_code &error) {
            check(error, "connect");
            connected = true;
        });
        while (!connected) run(context, kit);
        read();
    }

    void send() {
        if (output_add(kit, &output)) flush();
    }

    void flush() {
        bool written = false;
        asio::async_write(*socket, asio::buffer(output.bytes, output.count), [&](const asio::error_code &error, std::size_t) {
            check(error, "write");
            written = true;
        });
        while (!written) run(context, kit);
        output.count = 0;
    }

    void poll() { context.poll(); }

    void receive() {
        for (uint64_t before = messages; messages == before;) run(context, kit);
    }

    void close() {
        socket->close();
        while (reading) run(context, kit);
        input_free(&input);
    }

private:
    void read() {
        std::size_t size;
        unsigned char *space = input_space(&input, &size);
        reading = true;
        socket->async_read_some(asio::buffer(space, size), [this](const asio::error_code &error, std::size_t count) {
            reading = false;
            if (error == asio::error::operation_aborted) return;
            check(error, "read");
            input.end += count;
            messages += frames_received(kit, &input);
            read();
        });
    }

    struct kit *kit;
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
    std::optional<Socket> socket;
    struct input input = {};
    struct output output = {};
    uint64_t messages = 0;
    bool reading = false;
};

} // namespace

void client(struct kit *kit) try {
    Client client(kit);
    for (;;) {
        switch (kit_turn(kit)) {
        case KIT_CONNECT: client.connect(); break;
        case KIT_SEND: client.send(); break;
        case KIT_FLUSH: client.flush(); break;
        case KIT_POLL: client.poll(); break;
        case KIT_RECEIVE: client.receive(); break;
        case KIT_CLOSE: client.close(); break;
        case KIT_DONE: return;
        }
    }
} catch (const std::exception &error) {
    kit_fail(error.what());
}
