/* Messages back to back and then nothing, again and again: the time until the last one of them is handled. */
#include <stdlib.h>
#include <time.h>

#include "commands.h"
#include "inbox.h"
#include "json.h"
#include "report.h"
#include "stamps.h"

enum { LEAST_WARM_UP = 10, SILENCE_NS = 200000 };

/* So long that a receiver that blocks sleeps. */
static void be_silent(void) {
    struct timespec silence = {.tv_nsec = SILENCE_NS};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &silence, &silence) == EINTR) {}
}

static void confirm(struct work *work, uint64_t messages) { channel_send(&work->channel, &messages, sizeof messages); }

static void await_confirmation(struct work *work, uint64_t messages) {
    uint64_t confirmed = 0;
    channel_exchange(&work->channel, NULL, 0, &confirmed, sizeof confirmed);
    if (confirmed != messages) fail(EXIT_WIRE, "what came is not the confirmation of a burst");
}

INLINE void send_burst(enum framing framing, struct work *work, unsigned char *batch, size_t per_batch) {
    uint64_t messages = work->options->burst;
    for (uint64_t sequence = 0; sequence < messages;) {
        unsigned char *end = batch;
        for (size_t i = 0; i < per_batch && sequence < messages; i++) {
            frame_encode(framing, end, work->options->size, sequence++);
            end += work->wire_size;
        }
        channel_send(&work->channel, batch, (size_t)(end - batch));
    }
}

static void client(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    struct stamps stamps = pair_stamps(pair);
    size_t per_batch = work.options->batch / work.wire_size;
    if (per_batch == 0) per_batch = 1;
    unsigned char *batch = work_memory(per_batch * work.wire_size);
    for (uint64_t burst = 0; burst < work.total; burst++) {
        if (burst == work.warm_up) meter_start(&pair->client);
        stamps_set(&stamps, burst, now_ns());
        WITH_FRAMING(work.options->framing, send_burst, &work, batch, per_batch);
        await_confirmation(&work, work.options->burst);
        be_silent();
    }
    meter_stop(&pair->client);
    pair->client.messages = work.options->count * work.options->burst;
    free(batch);
    channel_close(&work.channel);
}

INLINE void receive_burst(enum framing framing, struct work *work, struct inbox *inbox) {
    for (uint64_t sequence = 0; sequence < work->options->burst;) {
        size_t received = inbox_receive(inbox, &work->channel);
        inbox_check(framing, inbox, received, work->options->size, &sequence, no_action, NULL);
    }
}

static void server(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    struct stamps stamps = pair_stamps(pair);
    struct inbox inbox;
    inbox_open(&inbox, &work);
    histogram_reset(&pair->times);
    for (uint64_t burst = 0; burst < work.total; burst++) {
        if (burst == work.warm_up) {
            histogram_reset(&pair->times);
            meter_start(&pair->server);
        }
        WITH_FRAMING(work.options->framing, receive_burst, &work, &inbox);
        uint64_t end = now_ns();
        histogram_add(&pair->times, end - stamps_take(&stamps, burst));
        confirm(&work, work.options->burst);
    }
    meter_stop(&pair->server);
    pair->server.messages = work.options->count * work.options->burst;
    inbox_close(&inbox);
    channel_close(&work.channel);
}

void burst(const struct options *given) {
    struct options options = *given;
    way_check(&options);
    if (options.count == 0) options.count = 500;

    struct pair *pair = pair_run(&options, client, server);
    report_begin("burst", &options, way_spins(&options));
    json_integer("burst", options.burst);
    json_number("seconds", (double)pair->client.elapsed_ns / 1e9);
    report_end("burst_ns", pair);
}
