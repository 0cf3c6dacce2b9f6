#include "session.h"

/* The part of `input` that is whole frames, one after the other. */
INLINE size_t whole_frames(enum framing framing, struct session *session, struct span input) {
    size_t offset = 0;
    struct frame frame;
    for (;;) {
        switch (frame_find(framing, input.bytes + offset, input.count - offset, &frame)) {
        case FOUND_FRAME:
            offset += frame.size;
            session->messages++;
            continue;
        case FOUND_GOODBYE: session->finished = true; return offset;
        case FOUND_VIOLATION: session->violated = true; return offset;
        case FOUND_PART: return offset;
        }
    }
}

struct span session_take(struct session *session, const unsigned char *bytes, size_t count) {
    struct span input = {bytes, count};
    if (bytes_count(&session->held) > 0) {
        bytes_consume(&session->held, session->lent);
        session->lent = 0;
    }
    bool held = bytes_count(&session->held) > 0;
    if (held) {
        bytes_append(&session->held, bytes, count);
        input = (struct span){bytes_front(&session->held), bytes_count(&session->held)};
    }

    size_t offset = 0;
    if (!session->greeted) {
        long size = hello_find(input.bytes, input.count);
        session->greeted = size > 0;
        session->violated = size < 0;
        if (size > 0) offset = (size_t)size;
    }
    struct span echo = {input.bytes + offset, 0};
    if (session->greeted) {
        struct span frames = {echo.bytes, input.count - offset};
        echo.count = session->framing == NATIVE ? whole_frames(NATIVE, session, frames)
                                                : whole_frames(U32_HOST, session, frames);
    }
    size_t taken = offset + echo.count;
    if (held) session->lent = taken;
    else if (taken < input.count) bytes_append(&session->held, input.bytes + taken, input.count - taken);
    return echo;
}
