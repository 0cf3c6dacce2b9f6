/* What an echo server knows of one client's stream, apart from how bytes come and go. */
#pragma once

#include "bytes.h"
#include "wire.h"

struct session {
    enum framing framing;
    bool greeted;  /* the client's hello has been read, or there is none */
    bool finished; /* the client said goodbye */
    bool violated; /* what came is no frame; nothing after it can be understood */
    uint64_t messages;
    struct bytes held; /* the beginning of a frame whose rest has not arrived */
    size_t lent;       /* bytes at the front of `held` that the last call returned */
};

struct span {
    const unsigned char *bytes;
    size_t count;
};

static inline void session_start(struct session *session, enum framing framing) {
    *session = (struct session){.framing = framing, .greeted = framing != NATIVE};
}

static inline void session_end(struct session *session) { bytes_free(&session->held); }

/* The frames to send back now that `count` bytes have arrived. Valid until the next call and as long as `bytes`. */
struct span session_take(struct session *session, const unsigned char *bytes, size_t count);
