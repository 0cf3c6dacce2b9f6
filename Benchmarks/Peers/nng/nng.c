/* nng: a pair0 socket over ipc. Its messages come and go by threads of the library, which share the CPU of their side. */
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include "../Kit/kit.h"

#ifndef QUEUED
#define QUEUED 1024
#endif
enum { queued = QUEUED };

static void check(int error, const char *what) {
    if (error == 0) return;
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, nng_strerror(error));
    kit_fail(text);
}

static nng_socket open_pair(void) {
    nng_socket pair;
    check(nng_pair0_open(&pair), "nng_pair0_open");
    check(nng_socket_set_int(pair, NNG_OPT_SENDBUF, queued), NNG_OPT_SENDBUF);
    check(nng_socket_set_int(pair, NNG_OPT_RECVBUF, queued), NNG_OPT_RECVBUF);
    check(nng_socket_set_size(pair, NNG_OPT_RECVMAXSZ, 0), NNG_OPT_RECVMAXSZ);
    return pair;
}

static nng_socket open_client(const struct kit *kit) {
    nng_socket pair = open_pair();
    char url[128];
    snprintf(url, sizeof url, "ipc://%s", kit_address(kit));
    check(nng_dial(pair, url, NULL, 0), url);
    return pair;
}

/* The message that came, or NULL. */
static nng_msg *receive(nng_socket pair, int flags) {
    nng_msg *message;
    int error = nng_recvmsg(pair, &message, flags);
    if (error == NNG_EAGAIN) return NULL;
    check(error, "nng_recvmsg");
    return message;
}

static nng_msg *await(const struct kit *kit, nng_socket pair) {
    nng_msg *message;
    /* A thread of the library brings the message, on this CPU: who asks again at once keeps it from that. */
    while ((message = receive(pair, kit_spins(kit) ? NNG_FLAG_NONBLOCK : 0)) == NULL) sched_yield();
    return message;
}

static nng_msg *new_message(size_t size) {
    nng_msg *message;
    check(nng_msg_alloc(&message, size), "nng_msg_alloc");
    return message;
}

static void produce(struct kit *kit, nng_socket pair) {
    nng_msg *message = new_message(kit_size(kit));
    kit_fill(kit, nng_msg_body(message));
    check(nng_sendmsg(pair, message, 0), "nng_sendmsg");
}

static void take(struct kit *kit, nng_msg *message) {
    kit_received(kit, nng_msg_body(message), nng_msg_len(message));
    nng_msg_free(message);
}

static void poll_once(struct kit *kit, nng_socket pair) {
    nng_msg *message = receive(pair, NNG_FLAG_NONBLOCK);
    if (message != NULL) take(kit, message);
    else sched_yield();
}

static void client(struct kit *kit) {
    nng_socket pair = NNG_SOCKET_INITIALIZER;
    for (;;) {
        switch (kit_turn(kit)) {
        case KIT_CONNECT: pair = open_client(kit); break;
        case KIT_SEND: produce(kit, pair); break;
        case KIT_FLUSH: break; /* nothing to do: the library sends as soon as its threads run */
        case KIT_POLL: poll_once(kit, pair); break;
        case KIT_RECEIVE: take(kit, await(kit, pair)); break;
        case KIT_CLOSE: check(nng_close(pair), "nng_close"); break;
        case KIT_DONE: return;
        }
    }
}

static void client_has_gone(nng_pipe pipe, nng_pipe_ev event, void *gone) {
    (void)pipe, (void)event;
    sem_post(gone);
}

static void confirm(struct kit *kit, nng_socket pair) {
    nng_msg *confirmation = new_message(KIT_CONFIRMATION_BYTES);
    kit_confirmation(kit, nng_msg_body(confirmation));
    check(nng_sendmsg(pair, confirmation, 0), "nng_sendmsg");
}

static void serve(struct kit *kit, nng_socket pair) {
    nng_msg *message = await(kit, pair);
    switch (kit_served(kit, nng_msg_body(message), nng_msg_len(message))) {
    case KIT_ECHO: check(nng_sendmsg(pair, message, 0), "nng_sendmsg"); return;
    case KIT_CONFIRM: confirm(kit, pair); break;
    case KIT_NOTHING: break;
    }
    nng_msg_free(message);
}

static void server(struct kit *kit) {
    sem_t gone;
    sem_init(&gone, 0, 0);
    nng_socket pair = open_pair();
    check(nng_pipe_notify(pair, NNG_PIPE_EV_REM_POST, client_has_gone, &gone), "nng_pipe_notify");
    char url[128];
    snprintf(url, sizeof url, "ipc://%s", kit_address(kit));
    check(nng_listen(pair, url, NULL, 0), url);
    kit_ready(kit);
    while (!kit_finished(kit)) serve(kit, pair);
    while (sem_wait(&gone) < 0 && errno == EINTR) continue; /* nng_close drops what has not left */
    check(nng_close(pair), "nng_close");
}

int main(int count, char **arguments) {
    struct kit_about about = {
        .peer = "nng",
        .version = nng_version(),
        .scenarios = "pingpong depth stream burst rate",
        .batches = "1",
        .spins = true,
        .options = "a pair0 socket over ipc",
    };
    return kit_main(count, arguments, &about, server, client);
}
