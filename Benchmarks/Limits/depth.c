/* Several requests in flight on one connection: each answer makes room for the next request. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "inbox.h"
#include "json.h"
#include "report.h"
#include "stamps.h"

enum { LEAST_WARM_UP = 1000, SOCKET_BUFFER_OVERHEAD = 768 };

struct answers {
    struct histogram *times;
    struct stamps departures;
    uint64_t warm_up, now;
};

INLINE void take_answer(void *context, uint64_t sequence) {
    struct answers *answers = context;
    answers->now = now_ns();
    uint64_t time = answers->now - stamps_take(&answers->departures, sequence);
    if (sequence >= answers->warm_up) histogram_add(answers->times, time);
}

static struct stamps departures(uint64_t depth) {
    uint64_t slots = 1;
    while (slots < depth) slots *= 2;
    return (struct stamps){.slots = (uint64_t *)work_memory(slots * sizeof(uint64_t)), .mask = slots - 1};
}

INLINE void ask(enum framing framing, struct work *work, struct pair *pair) {
    uint64_t depth = work->options->depth, sent = 0, answered = 0;
    struct inbox inbox;
    inbox_open(&inbox, work);
    unsigned char *requests = work_memory(depth * work->wire_size);
    struct answers answers = {&pair->times, departures(depth), work->warm_up, now_ns()};
    bool measuring = false;
    histogram_reset(&pair->times);
    while (answered < work->total) {
        if (!measuring && answered >= work->warm_up) {
            measuring = true;
            pair->client.messages = work->total - answered;
            meter_start(&pair->client);
        }
        unsigned char *end = requests;
        for (; sent < work->total && sent - answered < depth; sent++) {
            stamps_set(&answers.departures, sent, answers.now);
            frame_encode(framing, end, work->options->size, sent);
            end += work->wire_size;
        }
        size_t received = channel_turn(&work->channel, requests, (size_t)(end - requests), inbox.bytes + inbox.count,
                                       inbox.capacity - inbox.count);
        inbox_check(framing, &inbox, received, work->options->size, &answered, take_answer, &answers);
    }
    meter_stop(&pair->client);
    inbox_close(&inbox);
    free(requests);
    free(answers.departures.slots);
}

/* Each side sends before it receives: what is in flight has to fit the socket's buffer, or both could wait for ever. */
static void check_room(const struct options *options) {
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 0;
    socklen_t size = sizeof room;
    if (probe < 0 || getsockopt(probe, SOL_SOCKET, SO_SNDBUF, &room, &size) < 0) fail_system("getsockopt");
    close(probe);
    uint64_t needed = options->depth * (frame_size(options->framing, options->size) + SOCKET_BUFFER_OVERHEAD);
    if (options->depth > 1 && needed > (uint64_t)room)
        fail(EXIT_USAGE, "--depth %llu of this size does not fit the buffer of a socket", (unsigned long long)options->depth);
}

static void client(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    WITH_FRAMING(work.options->framing, ask, &work, pair);
    channel_close(&work.channel);
}

static void server(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    echo_server(&work, &pair->server);
    channel_close(&work.channel);
}

void depth(const struct options *given) {
    struct options options = *given;
    way_check(&options);
    check_room(&options);
    if (options.count == 0) options.count = 200000;

    struct pair *pair = pair_run(&options, client, server);
    double seconds = (double)pair->client.elapsed_ns / 1e9;
    report_begin("depth", &options, way_spins(&options));
    json_integer("depth", options.depth);
    json_number("seconds", seconds);
    json_number("messages_per_second", (double)pair->client.messages / seconds);
    report_end("rtt_ns", pair);
}
