#include "schedule.h"

#include <math.h>

void schedule_start(struct schedule *schedule, double per_second, bool random, uint64_t seed, uint64_t start_ns) {
    *schedule = (struct schedule){
        .interval_ns = 1e9 / per_second, .random = random, .state = seed, .start_ns = start_ns,
    };
}

/* SplitMix64: any seed will do. Above 0, at most 1. */
static double uniform(struct schedule *schedule) {
    uint64_t mixed = schedule->state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    mixed ^= mixed >> 31;
    return (double)((mixed >> 11) + 1) * 0x1p-53;
}

uint64_t schedule_next(struct schedule *schedule) {
    schedule->count++;
    if (schedule->random) schedule->offset_ns -= schedule->interval_ns * log(uniform(schedule));
    else schedule->offset_ns = schedule->interval_ns * (double)schedule->count; /* a sum would drift */
    return schedule->start_ns + (uint64_t)schedule->offset_ns;
}
