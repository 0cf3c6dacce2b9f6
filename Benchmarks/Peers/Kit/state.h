/* What the parts of the kit share. */
#pragma once

#include "../../Limits/measure.h"
#include "../../Limits/schedule.h"
#include "../../Limits/stamps.h"
#include "kit.h"

enum scenario { PINGPONG, DEPTH, STREAM, BURST, RATE, CONNECT, FANIN, IDLE, SCENARIOS };

struct kit_options {
    enum scenario scenario;
    bool is_server, spins, random, round_trip, counts_calls;
    const char *address;
    size_t size;
    uint64_t count, warm_up, batch, depth, burst, seed;
    double per_second;
    int cpu, stamps; /* or -1 */
};

struct kit {
    struct kit_options options;
    struct meter meter;
    int call_counter; /* or -1 */
    uint64_t kernel_calls;
    int stop;

    uint64_t total;     /* messages, warm-up included; in stream and burst those of one volley */
    uint64_t sent;      /* of `total`, by the client */
    uint64_t handled;   /* of `total`: messages by the server, answers by the client */
    uint64_t unflushed;
    uint64_t now;       /* when the client last looked at the clock */
    bool connected, answered, confirmed;
    bool measuring, finished;

    /* Messages that are confirmed together: all of stream after its warm-up, or a burst. */
    uint64_t volley, volleys, warm_volleys;
    bool open; /* a volley has begun and not ended */
    uint64_t confirmation;

    struct schedule schedule;
    uint64_t due; /* when the next message is, in rate */

    struct stamps stamps;     /* shared with the other side; without slots if there are none */
    struct stamps departures; /* of what is in flight, where the client takes the time */
    struct histogram times, connect_times;
};

struct kit_options kit_options_parse(int count, char **arguments, const struct kit_about *about);
const char *kit_scenario_name(enum scenario scenario);

INLINE bool goes_in_volleys(const struct kit *kit) {
    return kit->options.scenario == STREAM || kit->options.scenario == BURST;
}

INLINE bool takes_one_way(const struct kit *kit) { return kit->options.scenario == RATE && !kit->options.round_trip; }

/* The meters run from the end of the warm-up to the last message. */
void kit_measure_start(struct kit *kit);
void kit_measure_stop(struct kit *kit, uint64_t messages);

INLINE void kit_record(const struct kit *kit, struct histogram *histogram, uint64_t time) {
    if (kit->measuring) histogram_add(histogram, time);
}

/* The client opens a volley before its first message, the server with it. */
void kit_volley_start(struct kit *kit);
void kit_volley_end(struct kit *kit);

void kit_print_about(const struct kit_about *about);
void kit_print_report(const struct kit *kit);
