/* Finding frames alone: a block that stays in the cache is walked again and again. */
#include <stdlib.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "pair.h"

enum { BLOCK_SIZE = 64 << 10, MEASURED_NS = 500000000, WARM_UP_NS = 50000000 };

/* Returns the sum of the first words, which only a frame that was found can give. */
static uint64_t walk(const unsigned char *block, size_t size, uint64_t *frames) {
    const unsigned char *at = block, *end = block + size;
    uint64_t sum = 0, count = 0;
    struct frame frame;
    while (frame_find(NATIVE, at, (size_t)(end - at), &frame) == FOUND_FRAME) {
        sum += load_word(frame.payload);
        count++;
        at += frame.size;
    }
    if (at != end) fail(EXIT_WIRE, "no frame at byte %zu of the block", (size_t)(at - block));
    *frames += count;
    return sum;
}

static uint64_t walk_for(uint64_t duration, const unsigned char *block, size_t size, uint64_t *frames, uint64_t *sum) {
    uint64_t start = now_ns(), end;
    do {
        for (int i = 0; i < 16; i++) *sum += walk(block, size, frames);
        end = now_ns();
    } while (end - start < duration);
    return end - start;
}

void parse(const struct options *options) {
    pin_to_cpu(options->client_cpu);
    size_t wire_size = frame_size(NATIVE, options->size);
    size_t count = BLOCK_SIZE / wire_size > 0 ? BLOCK_SIZE / wire_size : 1;
    unsigned char *block = aligned_alloc(64, (count * wire_size + 63) & ~(size_t)63);
    if (block == NULL) fail_system("aligned_alloc");
    for (size_t i = 0; i < count; i++) frame_encode(NATIVE, block + i * wire_size, options->size, i);

    uint64_t frames = 0, sum = 0;
    walk_for(WARM_UP_NS, block, count * wire_size, &frames, &sum);
    frames = sum = 0;
    uint64_t elapsed = walk_for(MEASURED_NS, block, count * wire_size, &frames, &sum);
    free(block);

    json_begin("parse");
    json_text("framing", framing_name(NATIVE));
    json_integer("size", options->size);
    json_integer("count", frames);
    json_number("seconds", (double)elapsed / 1e9);
    json_number("ns_per_frame", (double)elapsed / (double)frames);
    json_integer("sum", sum);
    json_end();
}
