/* One connection that is always being read; the main context runs whenever there is something to wait for. */
#include "peer.h"

struct client {
    struct kit *kit;
    GSocketClient *connector;
    GSocketConnection *connection;
    GSocket *socket; /* the connection's */
    GSource *readable;
    struct input input;
    struct output output;
    uint64_t messages;
};

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer data) {
    (void)condition;
    struct client *client = data;
    GError *error = NULL;
    bool more = receive_now(socket, &client->input, &error);
    check(error);
    if (!more) kit_fail("the server ended the connection");
    client->messages += frames_received(client->kit, &client->input);
    return G_SOURCE_CONTINUE;
}

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer data) {
    (void)socket, (void)condition;
    bool *has_room = data;
    *has_room = true;
    return G_SOURCE_CONTINUE;
}

static void open_connection(struct client *client) {
    GError *error = NULL;
    GSocketAddress *address = address_of(client->kit);
    client->connection = g_socket_client_connect(client->connector, G_SOCKET_CONNECTABLE(address), NULL, &error);
    check(error);
    g_object_unref(address);
    client->socket = g_socket_connection_get_socket(client->connection);
    g_socket_set_blocking(client->socket, FALSE);
    client->readable = watch(client->socket, G_IO_IN, on_readable, client);
}

/* Answers are taken meanwhile, else each side could wait for the other. */
static void await_room(struct client *client) {
    bool has_room = false;
    GSource *writable = watch(client->socket, G_IO_OUT, on_writable, &has_room);
    while (!has_room) run(client->kit);
    unwatch(&writable);
}

static void flush(struct client *client) {
    for (size_t sent = 0;;) {
        GError *error = NULL;
        sent += send_now(client->socket, client->output.bytes + sent, client->output.count - sent, &error);
        check(error);
        if (sent == client->output.count) break;
        await_room(client);
    }
    client->output.count = 0;
}

static void receive(struct client *client) {
    for (uint64_t before = client->messages; client->messages == before;) run(client->kit);
}

static void close_connection(struct client *client) {
    unwatch(&client->readable);
    GError *error = NULL;
    g_io_stream_close(G_IO_STREAM(client->connection), NULL, &error);
    check(error);
    g_object_unref(client->connection);
    input_free(&client->input);
}

void client(struct kit *kit) {
    struct client client = {.kit = kit, .connector = g_socket_client_new()};
    g_socket_client_set_enable_proxy(client.connector, FALSE);
    for (;;) {
        switch (kit_turn(kit)) {
        case KIT_CONNECT: open_connection(&client); break;
        case KIT_SEND:
            if (output_add(kit, &client.output)) flush(&client);
            break;
        case KIT_FLUSH: flush(&client); break;
        case KIT_POLL: g_main_context_iteration(NULL, FALSE); break;
        case KIT_RECEIVE: receive(&client); break;
        case KIT_CLOSE: close_connection(&client); break;
        case KIT_DONE: g_object_unref(client.connector); return;
        }
    }
}
