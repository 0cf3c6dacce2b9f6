/* Clocks, what a process has used, and the distribution of times. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "wire.h"

/* Every system call of a measured loop is written COUNTED(call). */
extern uint64_t system_calls;
#define COUNTED(call) (system_calls++, (call))

INLINE uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Between meter_start and meter_stop the fields hold the values at the start, afterwards what was used since. */
struct meter {
    uint64_t elapsed_ns;
    uint64_t cpu_ns;
    uint64_t system_calls;
    uint64_t voluntary_switches;
    uint64_t involuntary_switches;
    uint64_t migrations; /* from one CPU to another */
    uint64_t peak_rss_bytes;
    uint64_t messages; /* set by the owner */
};

/* To be called before the process has threads, or theirs are not counted. */
void meter_prepare(void);
void meter_start(struct meter *meter);
void meter_stop(struct meter *meter);

/* Constant memory whatever the number of samples. Values below 2048 are exact, above it they keep three digits. */
enum { HISTOGRAM_PRECISION = 10, HISTOGRAM_BUCKETS = (64 - HISTOGRAM_PRECISION + 1) << HISTOGRAM_PRECISION };

struct histogram {
    uint64_t count, smallest, largest;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

INLINE void histogram_add(struct histogram *histogram, uint64_t value) {
    int shift = 63 - __builtin_clzll(value | 1) - HISTOGRAM_PRECISION;
    if (shift < 0) shift = 0;
    histogram->buckets[((uint64_t)shift << HISTOGRAM_PRECISION) + (value >> shift)]++;
    histogram->count++;
    if (value < histogram->smallest) histogram->smallest = value;
    if (value > histogram->largest) histogram->largest = value;
}

/* Writes to all of it, so that no page is touched for the first time while measuring. */
void histogram_reset(struct histogram *histogram);
/* The highest value that falls into this bucket. */
uint64_t histogram_bucket_value(size_t bucket);
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);
