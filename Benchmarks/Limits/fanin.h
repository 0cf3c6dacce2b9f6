/* The parts of the echo server. */
#pragma once

#include "measure.h"
#include "options.h"

struct echo_server {
    int listener;
    int stop; /* becomes readable when the server shall end */
    enum framing framing;
    unsigned most_descriptors;
    uint64_t messages;
};

/* Both return when `stop` is readable. */
void serve_by_epoll(struct echo_server *server);
void serve_by_ring(struct echo_server *server);
