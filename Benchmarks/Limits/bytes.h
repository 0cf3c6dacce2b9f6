/* A growing queue of bytes, for the rare data that cannot stay where it is. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "failure.h"

struct bytes {
    unsigned char *memory;
    size_t start, end, capacity;
};

static inline size_t bytes_count(const struct bytes *bytes) { return bytes->end - bytes->start; }

static inline unsigned char *bytes_front(const struct bytes *bytes) { return bytes->memory + bytes->start; }

static inline void bytes_append(struct bytes *bytes, const void *data, size_t count) {
    if (bytes->capacity - bytes->end < count) {
        size_t kept = bytes_count(bytes);
        if (kept > 0) memmove(bytes->memory, bytes_front(bytes), kept);
        bytes->start = 0;
        bytes->end = kept;
        if (bytes->capacity - kept < count) {
            bytes->capacity = 2 * (kept + count);
            bytes->memory = realloc(bytes->memory, bytes->capacity);
            if (bytes->memory == NULL) fail_system("realloc");
        }
    }
    memcpy(bytes->memory + bytes->end, data, count);
    bytes->end += count;
}

static inline void bytes_consume(struct bytes *bytes, size_t count) {
    bytes->start += count;
    if (bytes->start == bytes->end) bytes->start = bytes->end = 0;
}

static inline void bytes_free(struct bytes *bytes) {
    free(bytes->memory);
    *bytes = (struct bytes){0};
}
