/* The io_uring that all programs use: one thread, its work run only when that thread asks. */
#pragma once

#include <errno.h>
#include <liburing.h>

#include "failure.h"
#include "measure.h"

static inline void ring_open(struct io_uring *ring, unsigned entries, unsigned completions, unsigned flags) {
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE | flags,
        .cq_entries = completions,
    };
    int result = io_uring_queue_init_params(entries, ring, &parameters);
    if (result < 0) fail_result("io_uring_setup", result);
    result = io_uring_register_ring_fd(ring); /* spares every enter a look-up of the descriptor */
    if (result < 0) fail_result("io_uring_register_ring_fd", result);
}

/* Submits all that was prepared, and sleeps until at least one completion is there. */
INLINE void ring_submit_and_wait(struct io_uring *ring) {
    do {
        int result = COUNTED(io_uring_submit_and_wait(ring, 1));
        if (result < 0 && result != -EINTR) fail_result("io_uring_enter", result);
    } while (io_uring_sq_ready(ring) != 0 || io_uring_cq_ready(ring) == 0);
}

/* The one completion that is expected, without removing it. */
INLINE struct io_uring_cqe *ring_front(struct io_uring *ring) {
    struct io_uring_cqe *completion = NULL;
    unsigned head;
    io_uring_for_each_cqe(ring, head, completion) break;
    return completion;
}
