/* What the server makes of each message. */
#include <stdio.h>
#include <stdlib.h>

#include "../../Limits/failure.h"
#include "../../Sources/CBenchmark/include/CBenchmark.h"
#include "state.h"

void kit_ready(struct kit *kit) {
    if (kit_serves_many(kit)) kit_measure_start(kit);
    printf("READY\n");
    if (fflush(stdout) != 0) fail_system("write to standard output");
}

static void record(struct kit *kit, uint64_t slot) {
    uint64_t now = now_ns(), since = stamps_take(&kit->stamps, slot);
    if (since == 0) fail(EXIT_FAILURE, "message %llu came before it was sent", (unsigned long long)kit->handled);
    kit_record(kit, &kit->times, now - since);
}

static enum kit_answer confirm(struct kit *kit) {
    kit->confirmation = kit->total;
    return KIT_CONFIRM;
}

static enum kit_answer serve_volley(struct kit *kit) {
    bool last = kit->handled == kit->total;
    if (kit->options.scenario == BURST) {
        if (last) record(kit, kit->volley);
    } else if (kit->stamps.slots != NULL && (kit->handled - 1) % STREAM_STRIDE == 0) {
        record(kit, (kit->handled - 1) / STREAM_STRIDE);
    }
    if (!last) return KIT_NOTHING;
    confirm(kit);
    kit_volley_end(kit);
    if (!kit->finished) kit_volley_start(kit);
    return KIT_CONFIRM;
}

static enum kit_answer serve_one(struct kit *kit) {
    bool one_way = takes_one_way(kit);
    if (one_way) record(kit, kit->handled - 1);
    if (kit->handled == kit->options.warm_up) kit_measure_start(kit);
    if (kit->handled == kit->total) {
        kit_measure_stop(kit, kit->options.count);
        if (one_way) return confirm(kit);
    }
    return one_way ? KIT_NOTHING : KIT_ECHO;
}

/* Before the first message of all: if there is no warm-up, measuring starts with it. */
static void begin(struct kit *kit) {
    kit->connected = true;
    if (goes_in_volleys(kit)) kit_volley_start(kit);
    else if (kit->options.warm_up == 0) kit_measure_start(kit);
}

enum kit_answer kit_served(struct kit *kit, const void *bytes, size_t length) {
    if (kit_serves_many(kit)) {
        kit_echoed(kit, 1);
        return KIT_ECHO;
    }
    if (!kit->connected) begin(kit);
    if (kit->finished || length != kit->options.size || content_difference(bytes, length, kit->handled) != 0)
        fail(EXIT_FAILURE, "message %llu is not the one that was sent", (unsigned long long)kit->handled);
    bench_progress++;
    kit->handled++;
    return goes_in_volleys(kit) ? serve_volley(kit) : serve_one(kit);
}

void kit_confirmation(struct kit *kit, void *buffer) { *(loose_word *)buffer = kit->confirmation; }

bool kit_finished(const struct kit *kit) { return kit->finished; }

bool kit_serves_many(const struct kit *kit) { return kit->options.scenario >= CONNECT; }

int kit_stop_descriptor(const struct kit *kit) { return kit->stop; }

void kit_echoed(struct kit *kit, uint64_t messages) { kit->handled += messages; }
