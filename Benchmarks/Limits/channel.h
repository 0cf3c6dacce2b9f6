/* One end of a stream socket, moved by one of the interfaces. */
#pragma once

#include <stdbool.h>

#include "ring.h"

enum interface { BY_RECV, BY_EPOLL, BY_RING, BY_RING_FLAG };

struct channel {
    enum interface interface;
    bool spins;
    int socket;
    int epoll;
    struct io_uring ring;
};

void channel_open(struct channel *channel, int socket, enum interface interface, bool spins);
void channel_close(struct channel *channel);

/* Sends `send_count` bytes, then waits for exactly `receive_count`; either may be 0. */
void channel_exchange(struct channel *channel, const void *send_bytes, size_t send_count, void *receive_bytes,
                      size_t receive_count);

/* Sends all. */
void channel_send(struct channel *channel, const void *bytes, size_t count);

/* Waits for at least one byte; the end of the stream ends the program. */
size_t channel_receive(struct channel *channel, void *bytes, size_t room);

/* Sends all, if there is anything, then waits for at least one byte. */
size_t channel_turn(struct channel *channel, const void *send_bytes, size_t send_count, void *receive_bytes, size_t room);
