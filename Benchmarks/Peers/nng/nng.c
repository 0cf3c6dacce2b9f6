/* nng: a pair0 socket over ipc. Its messages come and go by threads of the library, which share the CPU of their side. */
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include "../Kit/kit.h"

enum { QUEUED = 128 }; /* messages, on each side and in each direction */

/* The operations live as long as the socket: nng_sendmsg and nng_recvmsg would allocate one for each message. */
struct pair {
    nng_socket socket;
    nng_aio *sending, *receiving;
};

static void check(int error, const char *what) {
    if (error == 0) return;
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, nng_strerror(error));
    kit_fail(text);
}

static struct pair open_pair(void) {
    struct pair pair;
    check(nng_pair0_open(&pair.socket), "nng_pair0_open");
    check(nng_socket_set_int(pair.socket, NNG_OPT_SENDBUF, QUEUED), NNG_OPT_SENDBUF);
    check(nng_socket_set_int(pair.socket, NNG_OPT_RECVBUF, QUEUED), NNG_OPT_RECVBUF);
    check(nng_socket_set_size(pair.socket, NNG_OPT_RECVMAXSZ, 0), NNG_OPT_RECVMAXSZ);
    check(nng_aio_alloc(&pair.sending, NULL, NULL), "nng_aio_alloc");
    check(nng_aio_alloc(&pair.receiving, NULL, NULL), "nng_aio_alloc");
    return pair;
}

static void close_pair(struct pair *pair) {
    check(nng_close(pair->socket), "nng_close");
    nng_aio_free(pair->sending);
    nng_aio_free(pair->receiving);
}

static void format_url(const struct kit *kit, char *url, size_t size) { snprintf(url, size, "ipc://%s", kit_address(kit)); }

static struct pair open_client(const struct kit *kit) {
    struct pair pair = open_pair();
    char url[128];
    format_url(kit, url, sizeof url);
    check(nng_dial(pair.socket, url, NULL, 0), url);
    return pair;
}

/* Whether there was room for the message within `patience`; if not, it is the caller's still. */
static bool send_within(struct pair *pair, nng_msg *message, nng_duration patience) {
    nng_aio_set_timeout(pair->sending, patience);
    nng_aio_set_msg(pair->sending, message);
    nng_send_aio(pair->socket, pair->sending);
    nng_aio_wait(pair->sending);
    int error = nng_aio_result(pair->sending);
    if (error == NNG_ETIMEDOUT) return false;
    check(error, "nng_send_aio");
    return true;
}

/* The message that came within `patience`, or NULL. */
static nng_msg *receive(struct pair *pair, nng_duration patience) {
    nng_aio_set_timeout(pair->receiving, patience);
    nng_recv_aio(pair->socket, pair->receiving);
    nng_aio_wait(pair->receiving);
    int error = nng_aio_result(pair->receiving);
    if (error == NNG_ETIMEDOUT) return NULL;
    check(error, "nng_recv_aio");
    return nng_aio_get_msg(pair->receiving);
}

static nng_msg *await(const struct kit *kit, struct pair *pair) {
    nng_msg *message;
    /* A thread of the library brings the message, on this CPU: who asks again at once keeps it from that. */
    while ((message = receive(pair, kit_spins(kit) ? NNG_DURATION_ZERO : NNG_DURATION_INFINITE)) == NULL) sched_yield();
    return message;
}

static nng_msg *new_message(size_t size) {
    nng_msg *message;
    check(nng_msg_alloc(&message, size), "nng_msg_alloc");
    return message;
}

static void take(struct kit *kit, nng_msg *message) {
    kit_received(kit, nng_msg_body(message), nng_msg_len(message));
    nng_msg_free(message);
}

/* Whether a message had arrived. */
static bool poll_once(struct kit *kit, struct pair *pair) {
    nng_msg *message = receive(pair, NNG_DURATION_ZERO);
    if (message != NULL) take(kit, message);
    return message != NULL;
}

/* Without room for a question answers are taken: the server may be waiting for room for them. */
static void produce(struct kit *kit, struct pair *pair) {
    enum { A_MOMENT_MS = 1 };
    nng_msg *message = new_message(kit_size(kit));
    kit_fill(kit, nng_msg_body(message));
    nng_duration patience = NNG_DURATION_ZERO;
    while (!send_within(pair, message, patience)) patience = poll_once(kit, pair) ? NNG_DURATION_ZERO : A_MOMENT_MS;
}

static void client(struct kit *kit) {
    struct pair pair;
    for (;;) {
        switch (kit_turn(kit)) {
        case KIT_CONNECT: pair = open_client(kit); break;
        case KIT_SEND: produce(kit, &pair); break;
        case KIT_FLUSH: break; /* nothing to do: the library sends as soon as its threads run */
        case KIT_POLL: if (!poll_once(kit, &pair)) sched_yield(); break;
        case KIT_RECEIVE: take(kit, await(kit, &pair)); break;
        case KIT_CLOSE: close_pair(&pair); break;
        case KIT_DONE: return;
        }
    }
}

static void client_has_gone(nng_pipe pipe, nng_pipe_ev event, void *gone) {
    (void)pipe, (void)event;
    sem_post(gone);
}

static void confirm(struct kit *kit, struct pair *pair) {
    nng_msg *confirmation = new_message(KIT_CONFIRMATION_BYTES);
    kit_confirmation(kit, nng_msg_body(confirmation));
    send_within(pair, confirmation, NNG_DURATION_INFINITE);
}

static void serve(struct kit *kit, struct pair *pair) {
    nng_msg *message = await(kit, pair);
    switch (kit_served(kit, nng_msg_body(message), nng_msg_len(message))) {
    case KIT_ECHO: send_within(pair, message, NNG_DURATION_INFINITE); return;
    case KIT_CONFIRM: confirm(kit, pair); break;
    case KIT_NOTHING: break;
    }
    nng_msg_free(message);
}

static void server(struct kit *kit) {
    sem_t gone;
    sem_init(&gone, 0, 0);
    struct pair pair = open_pair();
    check(nng_pipe_notify(pair.socket, NNG_PIPE_EV_REM_POST, client_has_gone, &gone), "nng_pipe_notify");
    char url[128];
    format_url(kit, url, sizeof url);
    check(nng_listen(pair.socket, url, NULL, 0), url);
    kit_ready(kit);
    while (!kit_finished(kit)) serve(kit, &pair);
    while (sem_wait(&gone) < 0 && errno == EINTR) continue; /* closing drops what has not left */
    close_pair(&pair);
    sem_destroy(&gone);
}

int main(int count, char **arguments) {
    struct kit_about about = {
        .peer = "nng",
        .version = nng_version(),
        .scenarios = "pingpong depth stream burst rate",
        .batches = "1",
        .spins = true,
        .options = "a pair0 socket over ipc; up to 128 messages queued on each side, which gives several times the rate of the default of none; "
                   "one nng_aio for sending and one for receiving are kept, which is faster than nng_sendmsg and nng_recvmsg; no limit of "
                   "the size; whoever spins yields the CPU to the library's threads between two looks",
    };
    return kit_main(count, arguments, &about, server, client);
}
