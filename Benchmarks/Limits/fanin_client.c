/* Many connections from one process, each with one message in flight; every echo is checked. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "endpoint.h"
#include "failure.h"
#include "json.h"
#include "pair.h"

enum { EVENTS = 1024, HELLO_PATIENCE_S = 5, END_PATIENCE_MS = 5000 };

#define WARM_UP_NS UINT64_C(300000000)
#define SECOND_NS UINT64_C(1000000000)

struct connection {
    int socket;
    bool ended;
    uint64_t sequence; /* of the message in flight; no two connections share one */
    uint64_t sent_at;
    size_t sent, received; /* bytes of it */
    unsigned char *echo;
};

struct run {
    enum framing framing;
    size_t size, wire_size;
    int epoll;
    unsigned connections_count;
    struct connection *connections;
    unsigned char *scratch; /* the message being sent; content that can be made again needs no memory per connection */
    struct histogram round_trips;
};

static void watch(struct run *run, int operation, struct connection *connection, uint32_t events) {
    struct epoll_event interest = {.events = events, .data.ptr = connection};
    if (COUNTED(epoll_ctl(run->epoll, operation, connection->socket, &interest)) < 0) fail_system("epoll_ctl");
}

/* ---- before and after */

static void receive_exactly(int socket, unsigned char *bytes, size_t count) {
    ssize_t received = recv(socket, bytes, count, MSG_WAITALL);
    if (received < 0 && errno == EAGAIN) fail(EXIT_WIRE, "the server sent no hello");
    if (received < 0) fail_system("recv");
    if ((size_t)received < count) fail(EXIT_WIRE, "the server ended the stream within its hello");
}

static void exchange_hello(int socket) {
    if (send(socket, hello, HELLO_BYTES, MSG_NOSIGNAL) != HELLO_BYTES) fail_system("send hello");
    unsigned char theirs[HELLO_PREFIX + UINT16_MAX];
    receive_exactly(socket, theirs, HELLO_PREFIX);
    size_t rest = theirs[6] | (size_t)theirs[7] << 8;
    receive_exactly(socket, theirs + HELLO_PREFIX, rest);
    if (hello_find(theirs, HELLO_PREFIX + rest) <= 0) fail(EXIT_WIRE, "the server's hello is not of this protocol");
}

static void set_blocking(int socket, bool blocks) {
    struct timeval patience = {.tv_sec = blocks ? HELLO_PATIENCE_S : 0};
    if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) fail_system("setsockopt");
    endpoint_set_nonblocking(socket, !blocks);
}

static void connect_all(struct run *run, const char *address) {
    for (unsigned i = 0; i < run->connections_count; i++) {
        struct connection *connection = &run->connections[i];
        *connection = (struct connection){.socket = endpoint_connect(address), .sequence = (uint64_t)i << 40};
        connection->echo = malloc(run->wire_size);
        if (connection->echo == NULL) fail_system("malloc");
        if (run->framing == NATIVE) {
            set_blocking(connection->socket, true);
            exchange_hello(connection->socket);
            set_blocking(connection->socket, false);
        }
        watch(run, EPOLL_CTL_ADD, connection, EPOLLIN);
    }
}

/* Leaves in order: goodbye, then the rest of what the server sends, which may be its goodbye only. */
static void end_connection(struct run *run, struct connection *connection) {
    if (run->framing == NATIVE && send(connection->socket, goodbye, sizeof goodbye, MSG_NOSIGNAL) < 0 && errno != EPIPE)
        fail_system("send goodbye");
    if (shutdown(connection->socket, SHUT_WR) < 0 && errno != ENOTCONN) fail_system("shutdown");
    connection->ended = true;
    connection->received = 0;
}

/* True at the end of the stream. */
static bool drain(struct run *run, struct connection *connection) {
    unsigned char rest[sizeof goodbye + 1];
    ssize_t received = recv(connection->socket, rest, sizeof rest, 0);
    if (received < 0 && errno == EAGAIN) return false;
    if (received < 0 && errno != ECONNRESET) fail_system("recv");
    if (received > 0) {
        connection->received += (size_t)received;
        if (run->framing != NATIVE || connection->received > sizeof goodbye)
            fail(EXIT_WIRE, "more came after the last echo");
        return false;
    }
    close(connection->socket);
    free(connection->echo);
    return true;
}

/* ---- messages */

/* Sends what is left of the message in flight. */
INLINE void send_rest(enum framing framing, struct run *run, struct connection *connection) {
    frame_encode(framing, run->scratch, run->size, connection->sequence);
    bool stalled = connection->sent > 0;
    const unsigned char *rest = run->scratch + connection->sent;
    ssize_t sent;
    do sent = COUNTED(send(connection->socket, rest, run->wire_size - connection->sent, MSG_NOSIGNAL));
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN) fail_system("send");
    if (sent > 0) connection->sent += (size_t)sent;
    if (__builtin_expect(connection->sent < run->wire_size, 0))
        watch(run, EPOLL_CTL_MOD, connection, EPOLLIN | EPOLLOUT);
    else if (__builtin_expect(stalled, 0))
        watch(run, EPOLL_CTL_MOD, connection, EPOLLIN);
}

INLINE void send_next(enum framing framing, struct run *run, struct connection *connection, uint64_t now) {
    connection->sequence++;
    connection->sent_at = now;
    connection->sent = connection->received = 0;
    send_rest(framing, run, connection);
}

/* True if the echo is whole; then it is also right. */
INLINE bool receive_echo(enum framing framing, struct run *run, struct connection *connection) {
    unsigned char *end = connection->echo + connection->received;
    ssize_t received;
    do received = COUNTED(recv(connection->socket, end, run->wire_size - connection->received, 0));
    while (received < 0 && errno == EINTR);
    if (received < 0 && errno == EAGAIN) return false;
    if (received < 0 && errno != ECONNRESET) fail_system("recv");
    if (received <= 0) fail(EXIT_WIRE, "the server ended the stream with a message in flight");
    connection->received += (size_t)received;
    if (__builtin_expect(connection->received < run->wire_size, 0)) return false;
    struct frame frame;
    if (frame_find(framing, connection->echo, run->wire_size, &frame) != FOUND_FRAME || frame.length != run->size ||
        content_difference(frame.payload, frame.length, connection->sequence) != 0)
        fail(EXIT_WIRE, "connection %u: the echo is not what was sent", (unsigned)(connection - run->connections));
    return true;
}

/* The closed loop until `end`, and after it without new messages until no connection is left. */
INLINE uint64_t exchange(enum framing framing, struct run *run, uint64_t duration, struct meter *meter) {
    uint64_t messages = 0, now = now_ns();
    for (unsigned i = 0; i < run->connections_count; i++) send_next(framing, run, &run->connections[i], now);
    uint64_t start = now_ns() + WARM_UP_NS, end = start + duration;
    enum { WARMING, MEASURING, ENDING } phase = WARMING;
    for (unsigned left = run->connections_count; left > 0;) {
        struct epoll_event events[EVENTS];
        int ready = COUNTED(epoll_wait(run->epoll, events, EVENTS, phase == ENDING ? END_PATIENCE_MS : -1));
        if (ready < 0 && errno != EINTR) fail_system("epoll_wait");
        if (ready == 0) fail(EXIT_WIRE, "%u connections wait for an echo or for the end of the stream", left);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (__builtin_expect(connection->ended, 0)) {
                left -= drain(run, connection);
                continue;
            }
            if (__builtin_expect(connection->sent < run->wire_size, 0)) send_rest(framing, run, connection);
            if ((events[i].events & ~EPOLLOUT) == 0 || !receive_echo(framing, run, connection)) continue;
            now = now_ns();
            if (phase == MEASURING) {
                histogram_add(&run->round_trips, now - connection->sent_at);
                messages++;
            }
            if (phase == ENDING) end_connection(run, connection);
            else send_next(framing, run, connection, now);
        }
        if (phase == WARMING && now >= start) {
            phase = MEASURING;
            meter_start(meter);
            end = meter->elapsed_ns + duration;
        } else if (phase == MEASURING && now >= end) {
            phase = ENDING;
            meter_stop(meter);
        }
    }
    return messages;
}

void fanin_client(const struct options *options) {
    pin_to_cpu(options->client_cpu);
    endpoint_raise_limit(options->connections + 16);
    static struct run run;
    run.framing = options->framing;
    run.size = options->size;
    run.wire_size = frame_size(options->framing, options->size);
    run.connections_count = options->connections;
    run.connections = calloc(options->connections, sizeof *run.connections);
    run.scratch = calloc(1, run.wire_size);
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (run.connections == NULL || run.scratch == NULL || run.epoll < 0) fail_system("prepare");
    histogram_reset(&run.round_trips);
    connect_all(&run, options->address);

    struct meter meter;
    uint64_t duration = (uint64_t)(options->seconds * (double)SECOND_NS);
    meter.messages = options->framing == NATIVE ? exchange(NATIVE, &run, duration, &meter)
                                                : exchange(U32_HOST, &run, duration, &meter);
    close(run.epoll);
    free(run.connections);
    free(run.scratch);
    if (meter.messages == 0) fail(EXIT_WIRE, "no echo came back");

    double seconds = (double)meter.elapsed_ns / 1e9, rate = (double)meter.messages / seconds;
    json_begin("fanin");
    json_text("framing", framing_name(options->framing));
    json_integer("size", options->size);
    json_integer("count", meter.messages);
    json_integer("connections", options->connections);
    json_number("seconds", seconds);
    json_number("messages_per_second", rate);
    json_number("bytes_per_second", rate * (double)options->size);
    json_quantiles("rtt_ns", &run.round_trips);
    json_number("cpu_ns_per_message_client", (double)meter.cpu_ns / (double)meter.messages);
    json_number("system_calls_per_message_client", (double)meter.system_calls / (double)meter.messages);
    json_integer("context_switches", meter.voluntary_switches + meter.involuntary_switches);
    json_integer("peak_rss_bytes", meter.peak_rss_bytes);
    json_end();
}
