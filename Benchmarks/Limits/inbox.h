/* Frames as they arrive, in pieces and several at once. */
#pragma once

#include <stdlib.h>

#include "channel.h"
#include "failure.h"
#include "work.h"

/* For each verified frame, with its sequence number; inline, so that it costs what it does and no call. */
typedef void frame_action(void *context, uint64_t sequence);

/* Checks all whole frames; returns how many bytes they are. */
INLINE size_t check_frames(enum framing framing, const unsigned char *bytes, size_t count, size_t size, uint64_t *sequence,
                           frame_action *action, void *context) {
    const unsigned char *at = bytes, *end = bytes + count;
    uint64_t expected = *sequence;
    struct frame frame;
    enum found found;
    while ((found = frame_find(framing, at, (size_t)(end - at), &frame)) == FOUND_FRAME) {
        if (__builtin_expect(frame.length != size || content_difference(frame.payload, frame.length, expected) != 0, 0))
            fail(EXIT_WIRE, "message %llu is not the one that was sent", (unsigned long long)expected);
        action(context, expected);
        expected++;
        at += frame.size;
    }
    if (found != FOUND_PART) fail(EXIT_WIRE, "no frame after message %llu", (unsigned long long)expected);
    *sequence = expected;
    return (size_t)(at - bytes);
}

INLINE void no_action(void *context, uint64_t sequence) {
    (void)context;
    (void)sequence;
}

enum { RECEIVE_RING = 256 << 10 };

struct inbox {
    unsigned char *bytes;
    size_t capacity, count; /* `count` bytes of a frame that is not whole are at the front */
};

static inline void inbox_open(struct inbox *inbox, const struct work *work) {
    size_t least = 2 * work->wire_size, wanted = work->options->receive_ring ? work->options->receive_ring : RECEIVE_RING;
    *inbox = (struct inbox){.capacity = wanted > least ? wanted : least};
    inbox->bytes = work_memory(inbox->capacity);
}

/* Nothing may be left. */
static inline void inbox_close(struct inbox *inbox) {
    if (inbox->count != 0) fail(EXIT_WIRE, "%zu bytes after the last message", inbox->count);
    free(inbox->bytes);
}

/* `received` more bytes are there. */
INLINE void inbox_check(enum framing framing, struct inbox *inbox, size_t received, size_t size, uint64_t *sequence,
                        frame_action *action, void *context) {
    size_t filled = inbox->count + received;
    size_t checked = check_frames(framing, inbox->bytes, filled, size, sequence, action, context);
    inbox->count = filled - checked;
    memmove(inbox->bytes, inbox->bytes + checked, inbox->count);
}

INLINE size_t inbox_receive(struct inbox *inbox, struct channel *channel) {
    return channel_receive(channel, inbox->bytes + inbox->count, inbox->capacity - inbox->count);
}
