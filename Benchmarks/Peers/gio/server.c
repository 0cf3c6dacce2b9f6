/* Any number of connections on the main context. A client that does not take its answers is not read from. */
#include <glib-unix.h>
#include <unistd.h>

#include "peer.h"

enum { BACKLOG = 4096 };

struct server {
    struct kit *kit;
    bool stopped;
};

struct connection {
    struct server *server;
    GSocketConnection *stream;
    GSocket *socket; /* the stream's */
    GSource *readable, *writable; /* one of them */
    struct input input;
    struct confirmation confirmation;
    struct answer unsent;
};

/* The one client of a server of one goes when the work is done. */
static void close_connection(struct connection *connection) {
    if (!kit_serves_many(connection->server->kit)) connection->server->stopped = true;
    unwatch(&connection->readable);
    unwatch(&connection->writable);
    g_io_stream_close(G_IO_STREAM(connection->stream), NULL, NULL);
    g_object_unref(connection->stream);
    input_free(&connection->input);
    g_free(connection);
}

/* ---- messages */

/* False if the client is gone. */
static bool send_answer(struct connection *connection) {
    GError *error = NULL;
    size_t sent = send_now(connection->socket, connection->unsent.bytes, connection->unsent.count, &error);
    connection->unsent.bytes += sent;
    connection->unsent.count -= sent;
    bool is_there = error == NULL;
    g_clear_error(&error);
    return is_there;
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer data);
static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer data);

static void serve(struct connection *connection) {
    while (connection->unsent.count == 0) {
        connection->unsent = frames_served(connection->server->kit, &connection->input, &connection->confirmation);
        if (connection->unsent.count == 0) return input_rest(&connection->input);
        if (!send_answer(connection)) return close_connection(connection);
    }
    unwatch(&connection->readable);
    connection->writable = watch(connection->socket, G_IO_OUT, on_writable, connection);
}

static gboolean on_writable(GSocket *socket, GIOCondition condition, gpointer data) {
    (void)socket, (void)condition;
    struct connection *connection = data;
    if (!send_answer(connection)) {
        close_connection(connection);
    } else if (connection->unsent.count == 0) {
        unwatch(&connection->writable);
        connection->readable = watch(connection->socket, G_IO_IN, on_readable, connection);
        serve(connection);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer data) {
    (void)condition;
    struct connection *connection = data;
    GError *error = NULL;
    if (receive_now(socket, &connection->input, &error)) serve(connection);
    else close_connection(connection);
    g_clear_error(&error);
    return G_SOURCE_CONTINUE;
}

/* ---- connections */

static gboolean on_incoming(GSocketService *service, GSocketConnection *stream, GObject *source, gpointer data) {
    (void)service, (void)source;
    struct connection *connection = g_new0(struct connection, 1);
    connection->server = data;
    connection->stream = g_object_ref(stream);
    connection->socket = g_socket_connection_get_socket(stream);
    g_socket_set_blocking(connection->socket, FALSE);
    connection->readable = watch(connection->socket, G_IO_IN, on_readable, connection);
    return TRUE;
}

static gboolean on_stop(gint descriptor, GIOCondition condition, gpointer data) {
    (void)descriptor, (void)condition;
    struct server *server = data;
    server->stopped = true;
    return G_SOURCE_REMOVE;
}

static GSocketService *listening(struct server *server) {
    GSocketService *service = g_socket_service_new();
    g_socket_listener_set_backlog(G_SOCKET_LISTENER(service), BACKLOG);
    GSocketAddress *address = address_of(server->kit);
    GError *error = NULL;
    g_socket_listener_add_address(G_SOCKET_LISTENER(service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL,
                                  &error);
    check(error);
    g_object_unref(address);
    g_signal_connect(service, "incoming", G_CALLBACK(on_incoming), server);
    return service;
}

void server(struct kit *kit) {
    struct server server = {.kit = kit};
    GSocketService *service = listening(&server);
    if (kit_serves_many(kit)) g_unix_fd_add(kit_stop_descriptor(kit), G_IO_IN, on_stop, &server);
    kit_ready(kit);
    while (!server.stopped) run(kit);
    g_socket_service_stop(service);
    g_socket_listener_close(G_SOCKET_LISTENER(service));
    g_object_unref(service);
    unlink(kit_address(kit));
}
