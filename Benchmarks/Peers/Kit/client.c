/* What the client does next, and what comes back. */
#include <stdlib.h>

#include "../../Limits/failure.h"
#include "../../Sources/CBenchmark/include/CBenchmark.h"
#include "state.h"

enum { SILENCE_NS = 200000 }; /* after a burst, so that a receiver that blocks sleeps */

static enum kit_turn end_turn(struct kit *kit) {
    if (!kit->connected) return KIT_DONE;
    kit->connected = false;
    return KIT_CLOSE;
}

static enum kit_turn flush_turn(struct kit *kit) {
    kit->unflushed = 0;
    return KIT_FLUSH;
}

/* ---- pingpong, depth */

static enum kit_turn request_turn(struct kit *kit) {
    if (kit->sent < kit->total && kit->sent - kit->handled < kit->options.depth) return KIT_SEND;
    if (kit->unflushed > 0) return flush_turn(kit);
    return kit->handled < kit->total ? KIT_RECEIVE : end_turn(kit);
}

/* ---- stream, burst */

static bool next_volley(struct kit *kit) {
    if (kit->volley == kit->volleys) return false;
    if (kit->options.scenario == BURST && kit->volley > 0) bench_sleep_until(now_ns() + SILENCE_NS);
    kit_volley_start(kit);
    return true;
}

static enum kit_turn volley_turn(struct kit *kit) {
    if (!kit->open && !next_volley(kit)) return end_turn(kit);
    bool all = kit->sent == kit->total;
    if (kit->unflushed == kit->options.batch || (all && kit->unflushed > 0)) return flush_turn(kit);
    return all ? KIT_RECEIVE : KIT_SEND;
}

/* ---- rate */

static bool has_room(const struct kit *kit) {
    return takes_one_way(kit) ? stamps_free(&kit->stamps, kit->sent) : kit->sent - kit->handled <= kit->departures.mask;
}

/* The clock is read once for all that go out together, else a client that is late would never flush. */
static enum kit_turn rate_turn(struct kit *kit) {
    if (kit->schedule.start_ns == 0) {
        const struct kit_options *options = &kit->options;
        schedule_start(&kit->schedule, options->per_second, options->random, options->seed, now_ns());
        kit->due = schedule_next(&kit->schedule);
    }
    if (kit->unflushed == 0) kit->now = now_ns();
    if (kit->sent < kit->total && kit->due <= kit->now && has_room(kit)) return KIT_SEND;
    if (kit->unflushed > 0) return flush_turn(kit);
    return kit->finished ? end_turn(kit) : KIT_POLL;
}

/* ---- connect */

static enum kit_turn connect_turn(struct kit *kit) {
    if (kit->connected && kit->answered) {
        kit->answered = false;
        return end_turn(kit);
    }
    if (kit->finished) return KIT_DONE;
    if (!kit->connected) {
        kit->now = now_ns();
        kit->connected = true;
        return KIT_CONNECT;
    }
    if (kit->sent == kit->handled) {
        kit_record(kit, &kit->connect_times, now_ns() - kit->now);
        return KIT_SEND;
    }
    return kit->unflushed > 0 ? flush_turn(kit) : KIT_RECEIVE;
}

enum kit_turn kit_turn(struct kit *kit) {
    if (kit->options.scenario == CONNECT) return connect_turn(kit);
    if (!kit->connected && !kit->finished) {
        kit->connected = true;
        return KIT_CONNECT;
    }
    if (goes_in_volleys(kit)) return volley_turn(kit);
    return kit->options.scenario == RATE ? rate_turn(kit) : request_turn(kit);
}

/* ---- messages */

static void stamp(struct kit *kit) {
    switch (kit->options.scenario) {
    case STREAM:
        if (kit->stamps.slots != NULL && kit->sent % STREAM_STRIDE == 0)
            stamps_set(&kit->stamps, kit->sent / STREAM_STRIDE, now_ns());
        break;
    case BURST:
        if (kit->sent == 0) stamps_set(&kit->stamps, kit->volley, now_ns());
        break;
    case RATE:
        stamps_set(takes_one_way(kit) ? &kit->stamps : &kit->departures, kit->sent, kit->due);
        kit->due = schedule_next(&kit->schedule);
        break;
    /* The answer before is what this one waited for: times go from answer to answer. */
    default: stamps_set(&kit->departures, kit->sent, kit->now);
    }
}

void kit_fill(struct kit *kit, void *buffer) {
    stamp(kit);
    content_fill(buffer, kit->options.size, kit->sent++);
    kit->unflushed++;
    bench_progress++;
    if (takes_one_way(kit) && kit->sent == kit->options.warm_up) kit_measure_start(kit);
}

static void take_confirmation(struct kit *kit, const void *bytes, size_t length) {
    if (length != KIT_CONFIRMATION_BYTES || kit->sent != kit->total || load_word(bytes) != kit->total)
        fail(EXIT_FAILURE, "what came is not the confirmation of %llu messages", (unsigned long long)kit->total);
    if (goes_in_volleys(kit)) kit_volley_end(kit);
    else kit_measure_stop(kit, kit->options.count);
}

static void take_answer(struct kit *kit, const void *bytes, size_t length) {
    if (kit->handled == kit->sent || length != kit->options.size || content_difference(bytes, length, kit->handled) != 0)
        fail(EXIT_FAILURE, "answer %llu is not what was sent", (unsigned long long)kit->handled);
    uint64_t now = now_ns();
    kit_record(kit, &kit->times, now - stamps_take(&kit->departures, kit->handled));
    /* In rate the clock belongs to the turn: a message that became due meanwhile waits for the next group. */
    if (kit->options.scenario != RATE) kit->now = now;
    kit->answered = true;
    kit->handled++;
    if (kit->handled == kit->options.warm_up) kit_measure_start(kit);
    if (kit->handled == kit->total) kit_measure_stop(kit, kit->options.count);
}

void kit_received(struct kit *kit, const void *bytes, size_t length) {
    bench_progress++;
    if (goes_in_volleys(kit) || takes_one_way(kit)) take_confirmation(kit, bytes, length);
    else take_answer(kit, bytes, length);
}
