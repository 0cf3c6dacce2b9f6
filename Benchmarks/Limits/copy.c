/*
 * Two copies of a message, one after the other, in one process: what memory gives to a round trip whose payload both sides write and read in full.
 * The second copies back what the first has made.
 */
#include <stdlib.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "pair.h"

enum { WARM_UP = 100 };

static unsigned char *buffer(size_t size) {
    unsigned char *bytes = aligned_alloc(64, (size + 63) & ~(size_t)63);
    if (bytes == NULL) fail_system("aligned_alloc");
    content_fill(bytes, size, 0);
    return bytes;
}

void copy(const struct options *given) {
    struct options options = *given;
    if (options.count == 0) options.count = (UINT64_C(1) << 31) / options.size + 100;
    pin_to_cpu(options.client_cpu);
    static struct histogram times;
    histogram_reset(&times);
    unsigned char *here = buffer(options.size), *there = buffer(options.size);
    uint64_t first = now_ns(), start = first;
    for (uint64_t i = 0; i < WARM_UP + options.count; i++) {
        if (i == WARM_UP) {
            histogram_reset(&times);
            first = start = now_ns();
        }
        memcpy(there, here, options.size);
        /* The compiler must not see that nobody needs the copy. */
        __asm__ volatile("" : : "r"(there) : "memory");
        memcpy(here, there, options.size);
        __asm__ volatile("" : : "r"(here) : "memory");
        uint64_t end = now_ns();
        histogram_add(&times, end - start);
        start = end;
    }
    double seconds = (double)(start - first) / 1e9;
    if (content_difference(here, options.size, 0) != 0) fail(EXIT_WIRE, "a copy is not what was copied");
    free(here);
    free(there);

    json_begin("copy");
    json_integer("size", options.size);
    json_integer("count", options.count);
    json_number("seconds", seconds);
    json_number("messages_per_second", (double)options.count / seconds);
    json_quantiles("rtt_ns", &times);
    json_histogram("histogram", &times);
    json_end();
}
