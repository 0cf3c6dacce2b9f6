/* The echo server by epoll: level-triggered, one receive and one send for each ready client. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "fanin.h"
#include "session.h"

enum { EVENTS = 1024, RECEIVE_ROOM = 256 << 10 };

struct client {
    struct session session;
    struct bytes unsent;
    bool open;
    bool stalled; /* waits for room to send, and meanwhile receives nothing */
    bool ending;  /* to be closed once all is sent */
};

struct state {
    struct echo_server *server;
    int epoll;
    struct client *clients; /* by descriptor */
    /* One for all: bytes stay in it only while they are handled, and it stays in the cache. */
    unsigned char *room;
};

static void watch(struct state *state, int operation, int descriptor, uint32_t events) {
    struct epoll_event interest = {.events = events, .data.fd = descriptor};
    if (COUNTED(epoll_ctl(state->epoll, operation, descriptor, &interest)) < 0) fail_system("epoll_ctl");
}

static void drop(struct state *state, int descriptor) {
    struct client *client = &state->clients[descriptor];
    state->server->messages += client->session.messages;
    session_end(&client->session);
    bytes_free(&client->unsent);
    client->open = false;
    COUNTED(close(descriptor));
}

/* How many bytes the socket took; negative if the client is gone. */
static ssize_t try_send(int descriptor, const void *bytes, size_t count) {
    ssize_t sent;
    do sent = COUNTED(send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT));
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN) return 0;
    if (sent < 0 && errno != EPIPE && errno != ECONNRESET) fail_system("send");
    return sent;
}

/* False if the client is gone. */
static bool answer(struct state *state, int descriptor, struct span span) {
    struct client *client = &state->clients[descriptor];
    size_t sent = 0;
    if (bytes_count(&client->unsent) == 0) {
        ssize_t result = try_send(descriptor, span.bytes, span.count);
        if (result < 0) return false;
        sent = (size_t)result;
    }
    if (__builtin_expect(sent < span.count, 0)) {
        bytes_append(&client->unsent, span.bytes + sent, span.count - sent);
        if (!client->stalled) watch(state, EPOLL_CTL_MOD, descriptor, EPOLLOUT);
        client->stalled = true;
    }
    return true;
}

static void accept_clients(struct state *state) {
    for (;;) {
        int descriptor = COUNTED(accept4(state->server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (descriptor < 0 && errno == EAGAIN) return;
        if (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (descriptor < 0) fail_system("accept");
        struct client *client = &state->clients[descriptor];
        *client = (struct client){.open = true};
        session_start(&client->session, state->server->framing);
        watch(state, EPOLL_CTL_ADD, descriptor, EPOLLIN);
        if (state->server->framing == NATIVE && !answer(state, descriptor, (struct span){hello, HELLO_BYTES}))
            drop(state, descriptor);
    }
}

static void end_when_sent(struct state *state, int descriptor) {
    state->clients[descriptor].ending = true;
    if (bytes_count(&state->clients[descriptor].unsent) == 0) drop(state, descriptor);
}

static void receive(struct state *state, int descriptor) {
    struct client *client = &state->clients[descriptor];
    ssize_t received = COUNTED(recv(descriptor, state->room, RECEIVE_ROOM, 0));
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (received < 0 && errno != ECONNRESET) fail_system("recv");
    if (received <= 0) {
        drop(state, descriptor);
        return;
    }
    struct span echo = session_take(&client->session, state->room, (size_t)received);
    bool alive = echo.count == 0 || answer(state, descriptor, echo);
    if (alive && __builtin_expect(client->session.finished, 0))
        alive = answer(state, descriptor, (struct span){goodbye, sizeof goodbye});
    if (!alive)
        drop(state, descriptor);
    else if (__builtin_expect(client->session.finished || client->session.violated, 0))
        end_when_sent(state, descriptor);
}

static void resume_sending(struct state *state, int descriptor) {
    struct client *client = &state->clients[descriptor];
    ssize_t sent = try_send(descriptor, bytes_front(&client->unsent), bytes_count(&client->unsent));
    if (sent < 0) {
        drop(state, descriptor);
        return;
    }
    bytes_consume(&client->unsent, (size_t)sent);
    if (bytes_count(&client->unsent) > 0) return;
    if (client->ending) {
        drop(state, descriptor);
        return;
    }
    client->stalled = false;
    watch(state, EPOLL_CTL_MOD, descriptor, EPOLLIN);
}

void serve_by_epoll(struct echo_server *server) {
    struct state state = {
        .server = server,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .clients = calloc(server->most_descriptors, sizeof *state.clients),
        .room = malloc(RECEIVE_ROOM),
    };
    if (state.epoll < 0 || state.clients == NULL || state.room == NULL) fail_system("prepare to serve");
    watch(&state, EPOLL_CTL_ADD, server->listener, EPOLLIN);
    watch(&state, EPOLL_CTL_ADD, server->stop, EPOLLIN);

    bool stopping = false;
    while (!stopping) {
        struct epoll_event events[EVENTS];
        int ready = COUNTED(epoll_wait(state.epoll, events, EVENTS, -1));
        if (ready < 0 && errno != EINTR) fail_system("epoll_wait");
        for (int i = 0; i < ready; i++) {
            int descriptor = events[i].data.fd;
            if (__builtin_expect(descriptor == server->listener, 0)) accept_clients(&state);
            else if (__builtin_expect(descriptor == server->stop, 0)) stopping = true;
            else if (__builtin_expect(state.clients[descriptor].stalled, 0)) resume_sending(&state, descriptor);
            else receive(&state, descriptor);
        }
    }
    for (unsigned descriptor = 0; descriptor < server->most_descriptors; descriptor++)
        if (state.clients[descriptor].open) drop(&state, (int)descriptor);
    free(state.clients);
    free(state.room);
    close(state.epoll);
}
