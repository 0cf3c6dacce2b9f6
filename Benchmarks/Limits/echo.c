#include "inbox.h"

/* Two buffers in turn: the next messages arrive in one while the answers leave from the other. */
INLINE void echo_messages(enum framing framing, struct work *work, struct meter *meter) {
    struct inbox inboxes[2];
    inbox_open(&inboxes[0], work);
    inbox_open(&inboxes[1], work);
    struct inbox *now = &inboxes[0], *next = &inboxes[1];
    size_t filled = inbox_receive(now, &work->channel);
    bool measuring = false;
    for (uint64_t sequence = 0;;) {
        if (!measuring && sequence >= work->warm_up) {
            measuring = true;
            meter->messages = work->total - sequence;
            meter_start(meter);
        }
        size_t echo = check_frames(framing, now->bytes, filled, work->options->size, &sequence, no_action, NULL);
        size_t part = filled - echo;
        memcpy(next->bytes, now->bytes + echo, part);
        if (sequence == work->total) {
            meter_stop(meter);
            channel_send(&work->channel, now->bytes, echo);
            now->count = part;
            break;
        }
        filled = part + channel_turn(&work->channel, now->bytes, echo, next->bytes + part, next->capacity - part);
        struct inbox *other = now;
        now = next;
        next = other;
    }
    inbox_close(now);
    inbox_close(next);
}

void echo_server(struct work *work, struct meter *meter) {
    WITH_FRAMING(work->options->framing, echo_messages, work, meter);
}
