#include "channel.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"

enum { SEND_DATA = 1, RECEIVE_DATA = 2 };

_Noreturn static void fail_end(void) { fail(EXIT_SYSTEM, "the other side ended the stream too early"); }

void channel_open(struct channel *channel, int socket, enum interface interface, bool spins) {
    *channel = (struct channel){.interface = interface, .spins = spins, .socket = socket, .epoll = -1};
    endpoint_set_nonblocking(socket, (interface == BY_RECV && spins) || interface == BY_EPOLL);
    if (interface == BY_EPOLL) {
        channel->epoll = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event interest = {.events = EPOLLIN};
        if (channel->epoll < 0 || epoll_ctl(channel->epoll, EPOLL_CTL_ADD, socket, &interest) < 0)
            fail_system("epoll_ctl");
    }
    if (interface >= BY_RING) {
        ring_open(&channel->ring, 8, 16, interface == BY_RING_FLAG ? IORING_SETUP_TASKRUN_FLAG : 0);
        int result = io_uring_register_files(&channel->ring, &socket, 1);
        if (result < 0) fail_result("io_uring_register_files", result);
    }
}

void channel_close(struct channel *channel) {
    if (channel->interface >= BY_RING) io_uring_queue_exit(&channel->ring);
    if (channel->epoll >= 0) close(channel->epoll);
    close(channel->socket);
}

/* ---- plain calls and epoll */

static void plain_send(struct channel *channel, const unsigned char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = COUNTED(send(channel->socket, bytes, count, MSG_NOSIGNAL));
        if (sent >= 0) {
            bytes += sent;
            count -= (size_t)sent;
        } else if (errno == EAGAIN) {
            struct pollfd space = {.fd = channel->socket, .events = POLLOUT};
            if (COUNTED(poll(&space, 1, channel->spins ? 0 : -1)) < 0 && errno != EINTR) fail_system("poll");
        } else if (errno != EINTR) {
            fail_system("send");
        }
    }
}

static void epoll_sleep(struct channel *channel) {
    struct epoll_event event;
    int ready;
    do {
        ready = COUNTED(epoll_wait(channel->epoll, &event, 1, channel->spins ? 0 : -1));
        if (ready < 0 && errno != EINTR) fail_system("epoll_wait");
    } while (ready <= 0);
}

static size_t plain_receive(struct channel *channel, void *bytes, size_t room, int flags) {
    for (;;) {
        if (channel->interface == BY_EPOLL) epoll_sleep(channel);
        ssize_t received = COUNTED(recv(channel->socket, bytes, room, flags));
        if (received > 0) return (size_t)received;
        if (received == 0) fail_end();
        if (errno != EAGAIN && errno != EINTR) fail_system("recv");
    }
}

static void plain_exchange(struct channel *channel, const void *send_bytes, size_t send_count,
                           unsigned char *receive_bytes, size_t receive_count) {
    plain_send(channel, send_bytes, send_count);
    while (receive_count > 0) {
        size_t received = plain_receive(channel, receive_bytes, receive_count, MSG_WAITALL);
        receive_bytes += received;
        receive_count -= received;
    }
}

/* ---- io_uring */

static struct io_uring_sqe *ring_request(struct channel *channel, uint64_t identity) {
    struct io_uring_sqe *request = io_uring_get_sqe(&channel->ring);
    if (request == NULL) fail(EXIT_SYSTEM, "the submission queue is full");
    request->user_data = identity;
    return request;
}

static void prepare_send(struct channel *channel, const void *bytes, size_t count, unsigned flags) {
    struct io_uring_sqe *request = ring_request(channel, SEND_DATA);
    io_uring_prep_send(request, 0, bytes, count, MSG_WAITALL | MSG_NOSIGNAL);
    request->user_data = SEND_DATA;
    request->flags |= IOSQE_FIXED_FILE | flags;
}

static void prepare_receive(struct channel *channel, void *bytes, size_t count, int flags, unsigned how) {
    struct io_uring_sqe *request = ring_request(channel, RECEIVE_DATA);
    io_uring_prep_recv(request, 0, bytes, count, flags);
    request->user_data = RECEIVE_DATA;
    request->flags |= IOSQE_FIXED_FILE;
    request->ioprio |= (uint16_t)how;
}

/* Enters the kernel until the next completion is there. */
static void ring_wait(struct channel *channel) {
    struct io_uring *ring = &channel->ring;
    if (!channel->spins) {
        ring_submit_and_wait(ring);
        return;
    }
    if (channel->interface == BY_RING_FLAG) {
        int result = COUNTED(io_uring_submit(ring));
        if (result < 0) fail_result("io_uring_enter", result);
        while (io_uring_cq_ready(ring) == 0) {
            while ((__atomic_load_n(ring->sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_TASKRUN) == 0)
                __builtin_ia32_pause();
            result = COUNTED(io_uring_get_events(ring));
            if (result < 0 && result != -EINTR) fail_result("io_uring_enter", result);
        }
        return;
    }
    int result = COUNTED(io_uring_submit_and_get_events(ring));
    while (result >= 0 && io_uring_cq_ready(ring) == 0) result = COUNTED(io_uring_get_events(ring));
    if (result < 0) fail_result("io_uring_enter", result);
}

/* The result of the next completion, which must be that of `identity`. */
static size_t ring_result(struct channel *channel, uint64_t identity) {
    struct io_uring_cqe *completion = ring_front(&channel->ring);
    int result = completion->res;
    uint64_t found = completion->user_data;
    io_uring_cqe_seen(&channel->ring, completion);
    if (result < 0) fail_result(found == SEND_DATA ? "io_uring send" : "io_uring recv", result);
    if (found != identity) fail(EXIT_SYSTEM, "io_uring send was cut short");
    if (result == 0) fail_end();
    return (size_t)result;
}

/*
 * The send posts no completion unless it fails, so the one that ends the wait is that of the receive: one wake-up and
 * one completion a turn. The receive sleeps at once (POLL_FIRST): the answer cannot be there before the question.
 */
static void ring_exchange(struct channel *channel, const void *send_bytes, size_t send_count, void *receive_bytes,
                          size_t receive_count) {
    if (send_count > 0)
        prepare_send(channel, send_bytes, send_count, receive_count > 0 ? IOSQE_CQE_SKIP_SUCCESS : 0);
    if (receive_count > 0)
        prepare_receive(channel, receive_bytes, receive_count, MSG_WAITALL,
                        send_count > 0 ? IORING_RECVSEND_POLL_FIRST : 0);
    ring_wait(channel);
    size_t expected = receive_count > 0 ? receive_count : send_count;
    if (ring_result(channel, receive_count > 0 ? RECEIVE_DATA : SEND_DATA) != expected) fail_end();
}

/*
 * The receive starts when the send has ended: with several messages in flight the next may be there while the send still waits for
 * room, and its bytes have to stay until then. To wait for two completions instead does not work: the kernel wakes nobody for the
 * first one, though a send that was given room has to go on.
 */
static size_t ring_turn(struct channel *channel, const void *send_bytes, size_t send_count, void *receive_bytes, size_t room) {
    prepare_send(channel, send_bytes, send_count, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
    prepare_receive(channel, receive_bytes, room, 0, 0);
    ring_wait(channel);
    return ring_result(channel, RECEIVE_DATA);
}

/* ---- either */

void channel_exchange(struct channel *channel, const void *send_bytes, size_t send_count, void *receive_bytes,
                      size_t receive_count) {
    if (channel->interface >= BY_RING) ring_exchange(channel, send_bytes, send_count, receive_bytes, receive_count);
    else plain_exchange(channel, send_bytes, send_count, receive_bytes, receive_count);
}

void channel_send(struct channel *channel, const void *bytes, size_t count) {
    channel_exchange(channel, bytes, count, NULL, 0);
}

size_t channel_receive(struct channel *channel, void *bytes, size_t room) {
    if (channel->interface < BY_RING) return plain_receive(channel, bytes, room, 0);
    prepare_receive(channel, bytes, room, 0, 0);
    ring_wait(channel);
    return ring_result(channel, RECEIVE_DATA);
}

size_t channel_turn(struct channel *channel, const void *send_bytes, size_t send_count, void *receive_bytes, size_t room) {
    if (channel->interface >= BY_RING && send_count > 0)
        return ring_turn(channel, send_bytes, send_count, receive_bytes, room);
    if (send_count > 0) plain_send(channel, send_bytes, send_count);
    return channel_receive(channel, receive_bytes, room);
}
