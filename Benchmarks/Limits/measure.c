#include "measure.h"

#include <stdio.h>
#include <sys/resource.h>

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

static uint64_t nanoseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

static void read_usage(struct meter *meter) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) < 0) fail_system("getrusage");
    meter->cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
    meter->context_switches = (uint64_t)(usage.ru_nvcsw + usage.ru_nivcsw);
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
    meter->context_switches = end.context_switches - meter->context_switches;
    meter->peak_rss_bytes = peak_rss();
}

void histogram_reset(struct histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
    histogram->smallest = UINT64_MAX;
}

/* The smallest value with at least this share of all samples at or below it; a bucket answers with its middle. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile) {
    uint64_t wanted = (uint64_t)(quantile * (double)histogram->count);
    if ((double)wanted < quantile * (double)histogram->count) wanted++;
    if (wanted <= 1) return histogram->smallest;
    if (wanted >= histogram->count) return histogram->largest;
    uint64_t seen = 0;
    size_t bucket = 0;
    while ((seen += histogram->buckets[bucket]) < wanted) bucket++;
    size_t shift = bucket >> HISTOGRAM_PRECISION;
    if (shift > 0) shift--;
    uint64_t low = (bucket - (shift << HISTOGRAM_PRECISION)) << shift;
    uint64_t middle = low + ((UINT64_C(1) << shift) - 1) / 2;
    if (middle < histogram->smallest) return histogram->smallest;
    return middle > histogram->largest ? histogram->largest : middle;
}
