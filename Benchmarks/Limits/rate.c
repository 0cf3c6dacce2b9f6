/*
 * An open loop: messages are due on a schedule, whatever became of those before, and times count from when they were due. The client
 * is the instrument: it never sleeps and never waits for room. Only how the server waits is the kind's.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "commands.h"
#include "endpoint.h"
#include "inbox.h"
#include "json.h"
#include "report.h"
#include "schedule.h"
#include "stamps.h"

enum { LEAST_WARM_UP = 1000 };

struct load {
    struct work *work;
    struct pair *pair;
    int socket;
    struct schedule schedule;
    uint64_t due, sent, answered;
    struct stamps due_times; /* until the message, or its answer, was handled */
    unsigned char *batch;
    size_t per_batch, start, end; /* the bytes of the batch that have not left */
};

/* Whoever handles a message, or its answer, takes its time. */
struct latencies {
    struct histogram *times;
    struct stamps due_times;
    uint64_t warm_up;
};

static struct latencies latencies_start(struct pair *pair, const struct work *work) {
    histogram_reset(&pair->times);
    return (struct latencies){&pair->times, pair_stamps(pair), work->warm_up};
}

INLINE void take_latency(void *context, uint64_t sequence) {
    struct latencies *latencies = context;
    uint64_t now = now_ns(), due = stamps_take(&latencies->due_times, sequence);
    if (sequence >= latencies->warm_up) histogram_add(latencies->times, now - due);
}

/* All that is due by now. */
INLINE void produce(enum framing framing, struct load *load) {
    struct work *work = load->work;
    uint64_t now = now_ns();
    load->start = load->end = 0;
    for (size_t i = 0; i < load->per_batch && load->sent < work->total && load->due <= now; i++) {
        if (!stamps_free(&load->due_times, load->sent)) return;
        if (load->sent == work->warm_up) meter_start(&load->pair->client);
        stamps_set(&load->due_times, load->sent, load->due);
        frame_encode(framing, load->batch + load->end, work->options->size, load->sent++);
        load->end += work->wire_size;
        load->due = schedule_next(&load->schedule);
    }
}

static void send_some(struct load *load) {
    ssize_t sent = COUNTED(send(load->socket, load->batch + load->start, load->end - load->start, MSG_NOSIGNAL));
    if (sent >= 0) load->start += (size_t)sent;
    else if (errno != EAGAIN && errno != EINTR) fail_system("send");
}

INLINE void receive_some(enum framing framing, struct load *load, struct inbox *inbox, struct latencies *latencies) {
    ssize_t received = COUNTED(recv(load->socket, inbox->bytes + inbox->count, inbox->capacity - inbox->count, 0));
    if (received == 0) fail(EXIT_SYSTEM, "the other side ended the stream too early");
    if (received < 0) {
        if (errno != EAGAIN && errno != EINTR) fail_system("recv");
        return;
    }
    inbox_check(framing, inbox, (size_t)received, load->work->options->size, &load->answered, take_latency, latencies);
}

INLINE void offer(enum framing framing, struct load *load) {
    struct work *work = load->work;
    bool round_trip = work->options->round_trip;
    struct latencies latencies = {0};
    if (round_trip) latencies = latencies_start(load->pair, work);
    struct inbox inbox;
    inbox_open(&inbox, work);
    while (load->sent < work->total || load->start < load->end || (round_trip && load->answered < work->total)) {
        if (load->start == load->end) produce(framing, load);
        if (load->start < load->end) send_some(load);
        if (round_trip) receive_some(framing, load, &inbox, &latencies);
    }
    meter_stop(&load->pair->client);
    inbox_close(&inbox);
}

static void client(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    const struct options *options = work.options;
    struct load load = {.work = &work, .pair = pair, .socket = socket, .due_times = pair_stamps(pair)};
    endpoint_set_nonblocking(socket, true);
    load.per_batch = options->batch / work.wire_size > 0 ? options->batch / work.wire_size : 1;
    load.batch = work_memory(load.per_batch * work.wire_size);
    schedule_start(&load.schedule, options->per_second, options->random, options->seed, now_ns());
    load.due = schedule_next(&load.schedule);
    WITH_FRAMING(options->framing, offer, &load);
    pair->client.messages = options->count;
    free(load.batch);
    channel_close(&work.channel);
}

INLINE void receive_all(enum framing framing, struct work *work, struct pair *pair) {
    struct inbox inbox;
    inbox_open(&inbox, work);
    struct latencies latencies = latencies_start(pair, work);
    bool measuring = false;
    for (uint64_t sequence = 0; sequence < work->total;) {
        size_t received = inbox_receive(&inbox, &work->channel);
        inbox_check(framing, &inbox, received, work->options->size, &sequence, take_latency, &latencies);
        if (measuring || sequence < work->warm_up) continue;
        measuring = true;
        pair->server.messages = work->total - sequence;
        meter_start(&pair->server);
    }
    meter_stop(&pair->server);
    inbox_close(&inbox);
}

static void server(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    if (work.options->round_trip) echo_server(&work, &pair->server);
    else WITH_FRAMING(work.options->framing, receive_all, &work, pair);
    channel_close(&work.channel);
}

void rate(const struct options *given) {
    struct options options = *given;
    way_check(&options);
    if (options.client_cpu == options.server_cpu) fail(EXIT_USAGE, "rate needs two CPUs: its client never sleeps");
    if (options.count == 0) options.count = options.per_second > 1 ? (uint64_t)options.per_second : 1;

    struct pair *pair = pair_run(&options, client, server);
    double seconds = (double)pair->client.elapsed_ns / 1e9;
    report_begin("rate", &options, way_spins(&options));
    json_number("offered_per_second", options.per_second);
    json_text("schedule", options.random ? "poisson" : "fixed");
    json_text("direction", options.round_trip ? "round-trip" : "one-way");
    json_number("seconds", seconds);
    json_number("messages_per_second", (double)options.count / seconds);
    report_end("latency_ns", pair);
}
