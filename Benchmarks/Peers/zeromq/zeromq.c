/* ZeroMQ: a PAIR socket over ipc. Its messages leave by an I/O thread of the library, which shares the CPU of its side. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "../Kit/kit.h"

static void check(int result, const char *what) {
    if (result >= 0) return;
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, zmq_strerror(errno));
    kit_fail(text);
}

static void *open_pair(void *context, const struct kit *kit, int (*attach)(void *, const char *)) {
    void *pair = zmq_socket(context, ZMQ_PAIR);
    if (pair == NULL) check(-1, "zmq_socket");
    char endpoint[128];
    snprintf(endpoint, sizeof endpoint, "ipc://%s", kit_address(kit));
    check(attach(pair, endpoint), endpoint);
    return pair;
}

/* Whether a message came. */
static bool receive(void *pair, zmq_msg_t *message, int flags) {
    check(zmq_msg_init(message), "zmq_msg_init");
    if (zmq_msg_recv(message, pair, flags) >= 0) return true;
    if (errno != EAGAIN && errno != EINTR) check(-1, "zmq_msg_recv");
    return false;
}

static void await(const struct kit *kit, void *pair, zmq_msg_t *message) {
    /* The library's own thread brings the message, on this CPU: who asks again at once keeps it from that. */
    while (!receive(pair, message, kit_spins(kit) ? ZMQ_DONTWAIT : 0))
        if (kit_spins(kit)) sched_yield();
}

static void send(void *pair, zmq_msg_t *message) {
    while (zmq_msg_send(message, pair, 0) < 0)
        if (errno != EINTR) check(-1, "zmq_msg_send");
}

static void take(struct kit *kit, zmq_msg_t *message) {
    kit_received(kit, zmq_msg_data(message), zmq_msg_size(message));
    zmq_msg_close(message);
}

/* Whoever waits for room takes answers meanwhile: a server that cannot send them would not receive, either. */
static void produce(struct kit *kit, void *pair) {
    zmq_msg_t message, answer;
    check(zmq_msg_init_size(&message, kit_size(kit)), "zmq_msg_init_size");
    kit_fill(kit, zmq_msg_data(&message));
    while (zmq_msg_send(&message, pair, ZMQ_DONTWAIT) < 0) {
        if (errno != EAGAIN && errno != EINTR) check(-1, "zmq_msg_send");
        zmq_pollitem_t item = {.socket = pair, .events = ZMQ_POLLIN | ZMQ_POLLOUT};
        if (zmq_poll(&item, 1, -1) < 0 && errno != EINTR) check(-1, "zmq_poll");
        while (receive(pair, &answer, ZMQ_DONTWAIT)) take(kit, &answer);
    }
}

static void client(struct kit *kit) {
    void *context = zmq_ctx_new(), *pair = NULL;
    zmq_msg_t message;
    for (;;) {
        switch (kit_turn(kit)) {
        case KIT_CONNECT: pair = open_pair(context, kit, zmq_connect); break;
        case KIT_SEND: produce(kit, pair); break;
        case KIT_FLUSH: break; /* nothing to do: the I/O thread sends as soon as it runs */
        case KIT_POLL:
            if (receive(pair, &message, ZMQ_DONTWAIT)) take(kit, &message);
            else sched_yield();
            break;
        case KIT_RECEIVE:
            await(kit, pair, &message);
            take(kit, &message);
            break;
        case KIT_CLOSE: check(zmq_close(pair), "zmq_close"); break;
        case KIT_DONE: check(zmq_ctx_term(context), "zmq_ctx_term"); return;
        }
    }
}

static void confirm(struct kit *kit, void *pair) {
    zmq_msg_t confirmation;
    check(zmq_msg_init_size(&confirmation, KIT_CONFIRMATION_BYTES), "zmq_msg_init_size");
    kit_confirmation(kit, zmq_msg_data(&confirmation));
    send(pair, &confirmation);
}

static void server(struct kit *kit) {
    void *context = zmq_ctx_new(), *pair = open_pair(context, kit, zmq_bind);
    kit_ready(kit);
    while (!kit_finished(kit)) {
        zmq_msg_t message;
        await(kit, pair, &message);
        switch (kit_served(kit, zmq_msg_data(&message), zmq_msg_size(&message))) {
        case KIT_ECHO: send(pair, &message); continue;
        case KIT_CONFIRM: confirm(kit, pair); break;
        case KIT_NOTHING: break;
        }
        zmq_msg_close(&message);
    }
    check(zmq_close(pair), "zmq_close");
    check(zmq_ctx_term(context), "zmq_ctx_term"); /* returns when the last answer has left */
}

int main(int count, char **arguments) {
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", major, minor, patch);
    struct kit_about about = {
        .peer = "zeromq",
        .version = version,
        .scenarios = "pingpong depth stream burst rate",
        .batches = "1",
        .spins = true,
        .options = "all as the library has it: a PAIR socket over ipc, one I/O thread, at most 1000 messages queued on each side; "
                   "whoever spins yields the CPU to the I/O thread between two looks",
    };
    return kit_main(count, arguments, &about, server, client);
}
