/*
 * The echo server by io_uring: multishot accept, multishot receive into a shared ring of buffers, one enter a turn.
 *
 * An answer goes out of the buffer that the question came in. Such a direct send must not wait and posts no completion
 * unless it fails or is cut short; it is over when the enter that submitted it returns. So no completion of a send
 * ends the wait early, and the buffers of one turn's direct sends are free again in the next.
 *
 * This rests on an order: what a failed send posts during submission comes before what any receive posts. Receives
 * therefore never run during submission (POLL_FIRST), only afterwards. What does not leave at once is queued, and a queue
 * is sent by one ordinary send at a time, with its completion.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fanin.h"
#include "ring.h"
#include "session.h"

enum {
    SUBMISSIONS = 4096,
    COMPLETIONS = 32768,
    BUFFERS = 4096,
    BUFFER_SIZE = 2048,
    BUFFER_GROUP = 0,
};

/* Bytes that a client may leave unread, beyond which it loses its connection. */
#define MOST_UNREAD ((size_t)64 << 20)

enum operation { ACCEPT, RECEIVE, DIRECT_SEND, QUEUE_SEND, STOP };

struct client {
    struct session session;
    struct span direct;   /* what the direct send of `direct_turn` sends */
    uint64_t direct_turn; /* 0: none */
    struct bytes queued;  /* to be sent after `sending` */
    struct bytes sending; /* belongs to the kernel while `queue_send` */
    bool open;
    bool receiving; /* a receive is in the kernel */
    bool queue_send;
    bool ending; /* nothing more is received; to be closed once all is sent */
    bool gone;   /* nothing more can be sent */
    bool shut;
    bool listed; /* in `unsettled` */
};

struct state {
    struct echo_server *server;
    struct io_uring ring;
    struct io_uring_buf_ring *buffer_ring;
    unsigned char *buffers;
    unsigned returned; /* buffers put into the ring, but not yet shown to the kernel */
    uint16_t lent[2][BUFFERS]; /* buffers that direct sends of this turn and of the one before read */
    unsigned lent_count[2];
    uint64_t turn;
    struct client *clients; /* by descriptor, which is not closed before its last operation has ended */
    int *unsettled;         /* clients with something out of the ordinary to be done at the end of the turn */
    unsigned unsettled_count;
    bool stopping;
};

static struct io_uring_sqe *request(struct state *state) {
    struct io_uring_sqe *entry = io_uring_get_sqe(&state->ring);
    while (entry == NULL) {
        int result = COUNTED(io_uring_submit(&state->ring));
        if (result < 0 && result != -EINTR) fail_result("io_uring_enter", result);
        entry = io_uring_get_sqe(&state->ring);
    }
    return entry;
}

static void identify(struct io_uring_sqe *entry, enum operation operation, int descriptor) {
    entry->user_data = (uint64_t)operation << 32 | (uint32_t)descriptor;
}

static void start_accepting(struct state *state) {
    struct io_uring_sqe *entry = request(state);
    io_uring_prep_multishot_accept(entry, state->server->listener, NULL, NULL, SOCK_CLOEXEC);
    identify(entry, ACCEPT, state->server->listener);
}

static void start_receiving(struct state *state, int descriptor) {
    struct io_uring_sqe *entry = request(state);
    io_uring_prep_recv_multishot(entry, descriptor, NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = BUFFER_GROUP;
    entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
    identify(entry, RECEIVE, descriptor);
    state->clients[descriptor].receiving = true;
}

static unsigned char *buffer_at(struct state *state, uint16_t buffer) {
    return state->buffers + (size_t)buffer * BUFFER_SIZE;
}

static void give_back(struct state *state, uint16_t buffer) {
    io_uring_buf_ring_add(state->buffer_ring, buffer_at(state, buffer), BUFFER_SIZE, buffer,
                          io_uring_buf_ring_mask(BUFFERS), (int)state->returned++);
}

static void need_settling(struct state *state, int descriptor) {
    struct client *client = &state->clients[descriptor];
    if (client->listed) return;
    client->listed = true;
    state->unsettled[state->unsettled_count++] = descriptor;
}

/* ---- sending */

static void queue(struct state *state, int descriptor, struct span span) {
    struct client *client = &state->clients[descriptor];
    if (client->gone) return;
    bytes_append(&client->queued, span.bytes, span.count);
    if (bytes_count(&client->queued) > MOST_UNREAD) client->gone = client->ending = true;
    need_settling(state, descriptor);
}

/* At most one a turn: of two, the second could succeed where the first did not. */
static bool may_send_directly(const struct state *state, const struct client *client) {
    return client->direct_turn != state->turn && !client->queue_send && bytes_count(&client->queued) == 0 &&
           !client->gone;
}

static void send_directly(struct state *state, int descriptor, struct span span) {
    struct client *client = &state->clients[descriptor];
    struct io_uring_sqe *entry = request(state);
    io_uring_prep_send(entry, descriptor, span.bytes, span.count, MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    identify(entry, DIRECT_SEND, descriptor);
    client->direct = span;
    client->direct_turn = state->turn;
}

static void direct_send_failed(struct state *state, int descriptor, int result) {
    struct client *client = &state->clients[descriptor];
    if (result < 0 && result != -EAGAIN) {
        if (result != -EPIPE && result != -ECONNRESET) fail_result("io_uring send", result);
        client->gone = client->ending = true;
        need_settling(state, descriptor);
        return;
    }
    size_t sent = result > 0 ? (size_t)result : 0;
    struct bytes later = client->queued;
    client->queued = (struct bytes){0};
    queue(state, descriptor, (struct span){client->direct.bytes + sent, client->direct.count - sent});
    if (bytes_count(&later) > 0) queue(state, descriptor, (struct span){bytes_front(&later), bytes_count(&later)});
    bytes_free(&later);
}

static void start_queue_send(struct state *state, int descriptor) {
    struct client *client = &state->clients[descriptor];
    if (bytes_count(&client->sending) == 0) {
        struct bytes empty = client->sending;
        client->sending = client->queued;
        client->queued = empty;
    }
    struct io_uring_sqe *entry = request(state);
    io_uring_prep_send(entry, descriptor, bytes_front(&client->sending), bytes_count(&client->sending),
                       MSG_WAITALL | MSG_NOSIGNAL);
    identify(entry, QUEUE_SEND, descriptor);
    client->queue_send = true;
}

static void queue_send_ended(struct state *state, int descriptor, int result) {
    struct client *client = &state->clients[descriptor];
    client->queue_send = false;
    if (result >= 0) bytes_consume(&client->sending, (size_t)result);
    else if (result == -EPIPE || result == -ECONNRESET) client->gone = client->ending = true;
    else if (result != -EINTR && result != -EAGAIN) fail_result("io_uring send", result);
    need_settling(state, descriptor);
}

/* ---- what is out of the ordinary */

static void drop(struct state *state, int descriptor) {
    struct client *client = &state->clients[descriptor];
    state->server->messages += client->session.messages;
    session_end(&client->session);
    bytes_free(&client->queued);
    bytes_free(&client->sending);
    client->open = false;
    COUNTED(close(descriptor));
}

/* Starts the next step of a client; false if it can only be known in the next turn. */
static bool settle(struct state *state, int descriptor) {
    struct client *client = &state->clients[descriptor];
    if (client->direct_turn == state->turn) return false;
    if (client->queue_send) return true;
    if (!client->gone && bytes_count(&client->sending) + bytes_count(&client->queued) > 0) {
        start_queue_send(state, descriptor);
        return true;
    }
    if (!client->ending) {
        if (!client->receiving) start_receiving(state, descriptor);
    } else if (!client->receiving) {
        drop(state, descriptor);
    } else if (!client->shut) {
        COUNTED(shutdown(descriptor, SHUT_RDWR)); /* ends the receive */
        client->shut = true;
    }
    return true;
}

static void settle_all(struct state *state) {
    unsigned waiting = 0;
    for (unsigned i = 0; i < state->unsettled_count; i++) {
        int descriptor = state->unsettled[i];
        if (settle(state, descriptor)) state->clients[descriptor].listed = false;
        else state->unsettled[waiting++] = descriptor;
    }
    state->unsettled_count = waiting;
}

/* ---- completions */

static void accepted(struct state *state, int descriptor, unsigned flags) {
    if ((flags & IORING_CQE_F_MORE) == 0) start_accepting(state);
    if (descriptor == -ECONNABORTED || descriptor == -EINTR || descriptor == -EAGAIN) return;
    if (descriptor < 0) fail_result("io_uring accept", descriptor);
    state->clients[descriptor] = (struct client){.open = true};
    session_start(&state->clients[descriptor].session, state->server->framing);
    start_receiving(state, descriptor);
    if (state->server->framing == NATIVE) send_directly(state, descriptor, (struct span){hello, HELLO_BYTES});
}

INLINE void take(struct state *state, int descriptor, struct client *client, uint16_t buffer, size_t count) {
    const unsigned char *bytes = buffer_at(state, buffer);
    struct span echo = session_take(&client->session, bytes, count);
    bool direct = echo.count > 0 && echo.bytes >= bytes && echo.bytes < bytes + count &&
                  may_send_directly(state, client);
    if (__builtin_expect(direct, 1)) {
        send_directly(state, descriptor, echo);
        state->lent[state->turn % 2][state->lent_count[state->turn % 2]++] = buffer;
    } else {
        if (echo.count > 0) queue(state, descriptor, echo);
        give_back(state, buffer);
    }
    if (__builtin_expect(client->session.finished, 0)) queue(state, descriptor, (struct span){goodbye, sizeof goodbye});
    if (__builtin_expect(client->session.finished || client->session.violated, 0)) {
        client->ending = true;
        need_settling(state, descriptor);
    }
}

INLINE void received(struct state *state, int descriptor, int result, unsigned flags) {
    struct client *client = &state->clients[descriptor];
    if (__builtin_expect(result > 0, 1)) {
        uint16_t buffer = (uint16_t)(flags >> IORING_CQE_BUFFER_SHIFT);
        if (__builtin_expect(client->ending, 0)) give_back(state, buffer);
        else take(state, descriptor, client, buffer, (size_t)result);
    } else if (result != -ENOBUFS && result != -EINTR && result != -EAGAIN) {
        if (result != 0 && result != -ECONNRESET) fail_result("io_uring recv", result);
        client->ending = true;
    }
    if (__builtin_expect((flags & IORING_CQE_F_MORE) == 0, 0)) {
        client->receiving = false;
        need_settling(state, descriptor); /* at the end of the turn, when buffers have come back */
    }
}

static void reap(struct state *state) {
    struct io_uring_cqe *completion;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(&state->ring, head, completion) {
        int descriptor = (int)(uint32_t)completion->user_data;
        switch ((enum operation)(completion->user_data >> 32)) {
        case RECEIVE: received(state, descriptor, completion->res, completion->flags); break;
        case ACCEPT: accepted(state, completion->res, completion->flags); break;
        case DIRECT_SEND: direct_send_failed(state, descriptor, completion->res); break;
        case QUEUE_SEND: queue_send_ended(state, descriptor, completion->res); break;
        case STOP: state->stopping = true; break;
        }
        seen++;
    }
    io_uring_cq_advance(&state->ring, seen);
    /* Beyond this the order of completions, on which direct sends rest, would be lost. */
    if (*state->ring.cq.koverflow != 0) fail(EXIT_SYSTEM, "the completion queue overflowed");
}

/* ---- the loop */

static void *map(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) fail_system("mmap");
    return memory;
}

static void open_state(struct state *state) {
    ring_open(&state->ring, SUBMISSIONS, COMPLETIONS, 0);
    state->buffer_ring = map(BUFFERS * sizeof(struct io_uring_buf));
    state->buffers = map((size_t)BUFFERS * BUFFER_SIZE);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)state->buffer_ring, .ring_entries = BUFFERS, .bgid = BUFFER_GROUP};
    int result = io_uring_register_buf_ring(&state->ring, &registration, 0);
    if (result < 0) fail_result("io_uring_register_buf_ring", result);
    io_uring_buf_ring_init(state->buffer_ring);
    for (unsigned buffer = 0; buffer < BUFFERS; buffer++) give_back(state, (uint16_t)buffer);

    state->clients = calloc(state->server->most_descriptors, sizeof *state->clients);
    state->unsettled = calloc(state->server->most_descriptors, sizeof *state->unsettled);
    if (state->clients == NULL || state->unsettled == NULL) fail_system("calloc");
    start_accepting(state);
    struct io_uring_sqe *entry = request(state);
    io_uring_prep_poll_add(entry, state->server->stop, POLLIN);
    identify(entry, STOP, state->server->stop);
}

static void close_state(struct state *state) {
    for (unsigned descriptor = 0; descriptor < state->server->most_descriptors; descriptor++)
        if (state->clients[descriptor].open) drop(state, (int)descriptor);
    io_uring_queue_exit(&state->ring);
    munmap(state->buffer_ring, BUFFERS * sizeof(struct io_uring_buf));
    munmap(state->buffers, (size_t)BUFFERS * BUFFER_SIZE);
    free(state->clients);
    free(state->unsettled);
}

static void end_turn(struct state *state) {
    unsigned before = (state->turn + 1) % 2;
    for (unsigned i = 0; i < state->lent_count[before]; i++) give_back(state, state->lent[before][i]);
    state->lent_count[before] = 0;
    io_uring_buf_ring_advance(state->buffer_ring, (int)state->returned);
    state->returned = 0;
    settle_all(state);
    state->turn++;
}

void serve_by_ring(struct echo_server *server) {
    static struct state state;
    state.server = server;
    state.turn = 1;
    open_state(&state);
    while (!state.stopping) {
        end_turn(&state);
        if (state.unsettled_count == 0) {
            ring_submit_and_wait(&state.ring);
        } else {
            int result = COUNTED(io_uring_submit(&state.ring));
            if (result < 0 && result != -EINTR) fail_result("io_uring_enter", result);
        }
        reap(&state);
    }
    close_state(&state);
}
