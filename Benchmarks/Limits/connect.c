/* Connections that are opened for one message and its echo. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "endpoint.h"
#include "failure.h"
#include "json.h"
#include "report.h"
#include "work.h"

static const char *const kinds[] = {"recv-block", "recv-spin"};

enum { KINDS = sizeof kinds / sizeof *kinds, SPIN = 1, LEAST_WARM_UP = 100 };

static int listener; /* inherited by the server */
static char address[64];

struct visit {
    const struct options *options;
    int flags; /* of its sockets */
    size_t wire_size;
    uint64_t warm_up, total;
    unsigned char *frame, *echo;
};

static struct visit visit_start(const struct pair *pair) {
    const struct options *options = pair->options;
    struct visit visit = {
        .options = options,
        .flags = SOCK_CLOEXEC | (kind_index(options, kinds, KINDS) == SPIN ? SOCK_NONBLOCK : 0),
        .wire_size = frame_size(options->framing, options->size),
        .warm_up = options->count / 10 > LEAST_WARM_UP ? options->count / 10 : LEAST_WARM_UP,
    };
    visit.total = visit.warm_up + options->count;
    visit.frame = work_memory(visit.wire_size);
    visit.echo = work_memory(visit.wire_size);
    return visit;
}

static void visit_end(struct visit *visit) {
    free(visit->frame);
    free(visit->echo);
}

static void send_all(int socket, const unsigned char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = COUNTED(send(socket, bytes, count, MSG_NOSIGNAL));
        if (sent < 0 && errno != EAGAIN && errno != EINTR) fail_system("send");
        if (sent < 0) continue;
        bytes += sent;
        count -= (size_t)sent;
    }
}

/* Less than `count` only at the end of the stream. */
static size_t receive_up_to(int socket, unsigned char *bytes, size_t count) {
    size_t received = 0;
    while (received < count) {
        ssize_t more = COUNTED(recv(socket, bytes + received, count - received, MSG_WAITALL));
        if (more == 0) break;
        if (more > 0) received += (size_t)more;
        else if (errno != EAGAIN && errno != EINTR) fail_system("recv");
    }
    return received;
}

static void client(int unused, struct pair *pair) {
    struct visit visit = visit_start(pair);
    close(unused);
    close(listener);
    struct sockaddr_un name;
    socklen_t name_size = endpoint_address(address, &name);
    for (uint64_t sequence = 0; sequence < visit.total; sequence++) {
        if (sequence == visit.warm_up) {
            histogram_reset(&pair->times);
            histogram_reset(&pair->connect_times);
            meter_start(&pair->client);
        }
        if (visit.options->framing == NATIVE) frame_encode(NATIVE, visit.frame, visit.options->size, sequence);
        else frame_encode(U32_HOST, visit.frame, visit.options->size, sequence);
        uint64_t start = now_ns();
        int connection = COUNTED(socket(AF_UNIX, SOCK_STREAM | visit.flags, 0));
        if (connection < 0) fail_system("socket");
        if (COUNTED(connect(connection, (struct sockaddr *)&name, name_size)) < 0) fail_system("connect");
        histogram_add(&pair->connect_times, now_ns() - start);
        send_all(connection, visit.frame, visit.wire_size);
        size_t received = receive_up_to(connection, visit.echo, visit.wire_size);
        if (received < visit.wire_size || memcmp(visit.frame, visit.echo, visit.wire_size) != 0)
            fail(EXIT_WIRE, "message %llu is not the one that was sent", (unsigned long long)sequence);
        histogram_add(&pair->times, now_ns() - start);
        COUNTED(close(connection));
    }
    meter_stop(&pair->client);
    pair->client.messages = visit.options->count;
    visit_end(&visit);
}

static int accept_one(int flags) {
    for (;;) {
        int connection = COUNTED(accept4(listener, NULL, NULL, flags));
        if (connection >= 0) return connection;
        if (errno != EAGAIN && errno != EINTR) fail_system("accept");
    }
}

static void server(int unused, struct pair *pair) {
    struct visit visit = visit_start(pair);
    close(unused);
    endpoint_set_nonblocking(listener, visit.flags & SOCK_NONBLOCK);
    for (uint64_t sequence = 0; sequence < visit.total; sequence++) {
        if (sequence == visit.warm_up) meter_start(&pair->server);
        int connection = accept_one(visit.flags);
        if (receive_up_to(connection, visit.echo, visit.wire_size) < visit.wire_size)
            fail(EXIT_WIRE, "message %llu is not whole", (unsigned long long)sequence);
        send_all(connection, visit.echo, visit.wire_size);
        if (receive_up_to(connection, visit.echo, 1) != 0) fail(EXIT_WIRE, "bytes after the last message");
        COUNTED(close(connection));
    }
    meter_stop(&pair->server);
    pair->server.messages = visit.options->count;
    visit_end(&visit);
}

void connect_scenario(const struct options *given) {
    struct options options = *given;
    bool spins = kind_index(&options, kinds, KINDS) == SPIN;
    way_check(&options);
    if (options.count == 0) options.count = 20000;
    snprintf(address, sizeof address, "@ringipc-limits-connect-%d", getpid());
    listener = endpoint_listen(address);

    struct pair *pair = pair_run(&options, client, server);
    close(listener);
    double seconds = (double)pair->client.elapsed_ns / 1e9;
    report_begin("connect", &options, spins);
    json_number("seconds", seconds);
    json_number("connections_per_second", (double)options.count / seconds);
    json_quantiles("connect_ns", &pair->connect_times);
    report_end("first_frame_ns", pair);
}
