/* Two processes on their CPUs, a socket between them, and memory for what they measure. */
#pragma once

#include "measure.h"
#include "options.h"
#include "stamps.h"

struct pair {
    const struct options *options;
    struct meter client, server;
    struct histogram times, connect_times;
    uint64_t stamps[STAMPS];
};

INLINE struct stamps pair_stamps(struct pair *pair) { return (struct stamps){pair->stamps, STAMPS - 1}; }

typedef void pair_side(int socket, struct pair *pair);

/* Returns when both sides have returned; ends the program with the exit status of a side that failed. */
struct pair *pair_run(const struct options *options, pair_side *client, pair_side *server);

void pin_to_cpu(int cpu);
