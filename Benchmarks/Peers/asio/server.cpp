/* Any number of sessions, each of which reads, answers and reads again, as in the examples of asio. */
#include <memory>
#include <unistd.h>

#include "peer.h"

namespace {

class Server;

class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Socket socket, Server &server) : socket(std::move(socket)), server(server) {}
    ~Session() { input_free(&input); }
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    void read();

private:
    void serve();

    Socket socket;
    Server &server;
    struct input input = {};
    struct confirmation confirmation;
};

class Server {
public:
    explicit Server(struct kit *kit) : kit(kit), acceptor(context, {kit_address(kit)}), stop(context) {
        if (kit_serves_many(kit)) watch_stop();
        accept();
    }

    ~Server() {
        acceptor.close();
        unlink(kit_address(kit));
    }

    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    void serve() {
        kit_ready(kit);
        while (!stopped) run(context, kit);
    }

    /* The one client of a server of one goes when the work is done. */
    void session_ended() {
        if (!kit_serves_many(kit)) stopped = true;
    }

    struct kit *const kit;

private:
    void accept() {
        acceptor.async_accept([this](const asio::error_code &error, Socket socket) {
            check(error, "accept");
            std::make_shared<Session>(std::move(socket), *this)->read();
            accept();
        });
    }

    void watch_stop() {
        stop.assign(dup(kit_stop_descriptor(kit)));
        stop.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code &) { stopped = true; });
    }

    asio::io_context context{1};
    asio::local::stream_protocol::acceptor acceptor;
    asio::posix::stream_descriptor stop;
    bool stopped = false;
};

void Session::read() {
    std::size_t size;
    unsigned char *space = input_space(&input, &size);
    socket.async_read_some(asio::buffer(space, size),
                           [this, self = shared_from_this()](const asio::error_code &error, std::size_t count) {
                               if (error) return server.session_ended();
                               input.end += count;
                               serve();
                           });
}

void Session::serve() {
    struct answer answer = frames_served(server.kit, &input, &confirmation);
    if (answer.count == 0) return read();
    asio::async_write(socket, asio::buffer(answer.bytes, answer.count),
                      [this, self = shared_from_this()](const asio::error_code &error, std::size_t) {
                          if (error) return server.session_ended();
                          serve();
                      });
}

} // namespace

void server(struct kit *kit) try {
    Server server(kit);
    server.serve();
} catch (const std::exception &error) {
    kit_fail(error.what());
}
