/* When the messages of an open loop are due. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct schedule {
    double interval_ns; /* the mean */
    bool random;        /* intervals are exponential: a Poisson process */
    uint64_t state;     /* of the generator */
    uint64_t start_ns;
    uint64_t count;
    double offset_ns;
};

void schedule_start(struct schedule *schedule, double per_second, bool random, uint64_t seed, uint64_t start_ns);

/* The time of the next message; never before that of the last one. */
uint64_t schedule_next(struct schedule *schedule);
