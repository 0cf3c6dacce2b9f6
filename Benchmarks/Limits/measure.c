#include "measure.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"

uint64_t system_calls;

/* ru_maxrss would include the program that started this one before exec; VmHWM does not. */
static uint64_t peak_rss(void) {
    FILE *status = fopen("/proc/self/status", "re");
    if (status == NULL) fail_system("open /proc/self/status");
    unsigned long long kilobytes = 0;
    char line[256];
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %llu", &kilobytes) == 1) break;
    fclose(status);
    return kilobytes * 1024;
}

static int migration_counter = -1;

void meter_prepare(void) {
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attributes,
        .config = PERF_COUNT_SW_CPU_MIGRATIONS,
        .inherit = 1,
    };
    /* Where it is not permitted nothing is counted: a process that is bound to one CPU does not migrate. */
    migration_counter = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static uint64_t migrations(void) {
    uint64_t count = 0;
    if (migration_counter >= 0 && read(migration_counter, &count, sizeof count) < 0) fail_system("read a counter");
    return count;
}

static uint64_t nanoseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

static void read_usage(struct meter *meter) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) < 0) fail_system("getrusage");
    meter->cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
    meter->voluntary_switches = (uint64_t)usage.ru_nvcsw;
    meter->involuntary_switches = (uint64_t)usage.ru_nivcsw;
    meter->migrations = migrations();
    meter->system_calls = system_calls;
    meter->elapsed_ns = now_ns();
}

void meter_start(struct meter *meter) { read_usage(meter); }

void meter_stop(struct meter *meter) {
    struct meter end;
    end.elapsed_ns = now_ns();
    uint64_t elapsed = end.elapsed_ns - meter->elapsed_ns;
    read_usage(&end);
    meter->elapsed_ns = elapsed;
    meter->cpu_ns = end.cpu_ns - meter->cpu_ns;
    meter->system_calls = end.system_calls - meter->system_calls;
    meter->voluntary_switches = end.voluntary_switches - meter->voluntary_switches;
    meter->involuntary_switches = end.involuntary_switches - meter->involuntary_switches;
    meter->migrations = end.migrations - meter->migrations;
    meter->peak_rss_bytes = peak_rss();
}

void histogram_reset(struct histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
    histogram->smallest = UINT64_MAX;
}

uint64_t histogram_bucket_value(size_t bucket) {
    size_t shift = bucket >> HISTOGRAM_PRECISION;
    if (shift > 0) shift--;
    uint64_t low = (bucket - (shift << HISTOGRAM_PRECISION)) << shift;
    return low + ((UINT64_C(1) << shift) - 1);
}

/* The smallest value with at least this share of all samples at or below it, as far as the buckets tell. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile) {
    uint64_t wanted = (uint64_t)(quantile * (double)histogram->count);
    if ((double)wanted < quantile * (double)histogram->count) wanted++;
    if (wanted <= 1) return histogram->smallest;
    if (wanted >= histogram->count) return histogram->largest;
    uint64_t seen = 0;
    size_t bucket = 0;
    while ((seen += histogram->buckets[bucket]) < wanted) bucket++;
    uint64_t value = histogram_bucket_value(bucket);
    return value > histogram->largest ? histogram->largest : value;
}
