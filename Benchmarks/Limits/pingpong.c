/* Round trips with one message in flight; both sides wait the same way. */
#include <stdlib.h>

#include "channel.h"
#include "commands.h"
#include "json.h"
#include "pair.h"

static const char *const kinds[] = {"recv-block",  "recv-spin",  "epoll-block",    "epoll-spin",
                                    "uring-block", "uring-spin", "uring-flag-spin"};

static const struct {
    enum interface interface;
    bool spins;
} ways[] = {{BY_RECV, false}, {BY_RECV, true},  {BY_EPOLL, false},     {BY_EPOLL, true},
            {BY_RING, false}, {BY_RING, true}, {BY_RING_FLAG, true}};

enum { KINDS = sizeof kinds / sizeof *kinds, LEAST_WARM_UP = 1000 };

struct run {
    struct channel channel;
    enum framing framing;
    size_t size, wire_size;
    uint64_t warm_up, total;
};

static struct run run_start(int socket, const struct pair *pair) {
    const struct options *options = pair->options;
    size_t kind = kind_index(options, kinds, KINDS);
    struct run run = {
        .framing = options->framing,
        .size = options->size,
        .wire_size = frame_size(options->framing, options->size),
        .warm_up = options->count / 10 > LEAST_WARM_UP ? options->count / 10 : LEAST_WARM_UP,
    };
    run.total = run.warm_up + options->count;
    channel_open(&run.channel, socket, ways[kind].interface, ways[kind].spins);
    return run;
}

static unsigned char *frame_memory(size_t wire_size) {
    unsigned char *memory = aligned_alloc(64, (wire_size + 63) & ~(size_t)63);
    if (memory == NULL) fail_system("aligned_alloc");
    memset(memory, 0, wire_size);
    return memory;
}

INLINE void verify(enum framing framing, const struct run *run, const unsigned char *bytes, uint64_t sequence) {
    struct frame frame;
    if (frame_find(framing, bytes, run->wire_size, &frame) != FOUND_FRAME || frame.length != run->size ||
        content_difference(frame.payload, frame.length, sequence) != 0)
        fail(EXIT_WIRE, "message %llu is not the one that was sent", (unsigned long long)sequence);
}

INLINE void client_turns(enum framing framing, struct run *run, struct pair *pair) {
    unsigned char *question = frame_memory(run->wire_size), *answer = frame_memory(run->wire_size);
    histogram_reset(&pair->round_trips);
    uint64_t start = now_ns();
    for (uint64_t sequence = 0; sequence < run->total; sequence++) {
        if (sequence == run->warm_up) {
            histogram_reset(&pair->round_trips);
            meter_start(&pair->client);
            start = pair->client.elapsed_ns;
        }
        frame_encode(framing, question, run->size, sequence);
        channel_exchange(&run->channel, question, run->wire_size, answer, run->wire_size);
        verify(framing, run, answer, sequence);
        uint64_t end = now_ns();
        histogram_add(&pair->round_trips, end - start);
        start = end;
    }
    meter_stop(&pair->client);
    free(question);
    free(answer);
}

/* Two frames in turn, because the next question may arrive while the answer to the last one still leaves. */
INLINE void server_turns(enum framing framing, struct run *run, struct pair *pair) {
    unsigned char *frames[2] = {frame_memory(run->wire_size), frame_memory(run->wire_size)};
    channel_exchange(&run->channel, NULL, 0, frames[0], run->wire_size);
    for (uint64_t sequence = 0; sequence < run->total; sequence++) {
        if (sequence == run->warm_up) meter_start(&pair->server);
        unsigned char *question = frames[sequence % 2], *next = frames[(sequence + 1) % 2];
        verify(framing, run, question, sequence);
        bool last = sequence + 1 == run->total;
        channel_exchange(&run->channel, question, run->wire_size, next, last ? 0 : run->wire_size);
    }
    meter_stop(&pair->server);
    free(frames[0]);
    free(frames[1]);
}

static void client(int socket, struct pair *pair) {
    struct run run = run_start(socket, pair);
    if (run.framing == NATIVE) client_turns(NATIVE, &run, pair);
    else client_turns(U32_HOST, &run, pair);
    pair->client.messages = pair->options->count;
    channel_close(&run.channel);
}

static void server(int socket, struct pair *pair) {
    struct run run = run_start(socket, pair);
    if (run.framing == NATIVE) server_turns(NATIVE, &run, pair);
    else server_turns(U32_HOST, &run, pair);
    pair->server.messages = pair->options->count;
    channel_close(&run.channel);
}

void pingpong(const struct options *given) {
    struct options options = *given;
    bool spins = ways[kind_index(&options, kinds, KINDS)].spins;
    if (spins && options.client_cpu == options.server_cpu)
        fail(EXIT_USAGE, "%s needs two CPUs: one process would spin while the other waits for its turn", options.kind);
    if (options.count == 0) options.count = spins ? 200000 : 25000;

    struct pair *pair = pair_run(&options, client, server);
    double seconds = (double)pair->client.elapsed_ns / 1e9;
    json_begin("pingpong");
    json_text("kind", options.kind);
    json_text("wait", spins ? "spin" : "block");
    json_text("framing", framing_name(options.framing));
    json_integer("size", options.size);
    json_integer("count", options.count);
    json_number("seconds", seconds);
    json_number("messages_per_second", (double)options.count / seconds);
    json_quantiles("rtt_ns", &pair->round_trips);
    json_per_message(&pair->client, &pair->server);
    json_end();
}
