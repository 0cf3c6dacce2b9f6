/* Any number of connections on one loop. A client that does not take its answers is not read from. */
#include <stdlib.h>

#include "peer.h"

enum { BACKLOG = 4096 };

struct server {
    struct kit *kit;
    uv_loop_t loop;
    uv_pipe_t listener;
    uv_poll_t stop;
    bool stopped;
};

struct connection {
    struct server *server;
    uv_pipe_t pipe;
    uv_write_t request;
    struct input input;
    struct confirmation confirmation;
};

static void on_closed(uv_handle_t *handle) {
    struct connection *connection = handle->data;
    input_free(&connection->input);
    free(connection);
}

/* The one client of a server of one goes when the work is done. */
static void close_connection(struct connection *connection) {
    struct server *server = connection->server;
    uv_close((uv_handle_t *)&connection->pipe, on_closed);
    if (!kit_serves_many(server->kit)) server->stopped = true;
}

/* ---- messages */

static void on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)suggested;
    struct connection *connection = handle->data;
    buffer->base = (char *)input_space(&connection->input, &buffer->len);
}

static void serve(struct connection *connection);

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    (void)buffer;
    struct connection *connection = stream->data;
    if (count < 0) {
        close_connection(connection);
    } else {
        connection->input.end += (size_t)count;
        serve(connection);
    }
}

static void on_written(uv_write_t *request, int status) {
    struct connection *connection = request->handle->data;
    if (status < 0) {
        close_connection(connection);
        return;
    }
    check(uv_read_start(request->handle, on_space, on_read), "uv_read_start");
    serve(connection);
}

static void send_rest(struct connection *connection, const unsigned char *bytes, size_t count) {
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;
    uv_buf_t rest = uv_buf_init((char *)bytes, (unsigned)count);
    uv_read_stop(stream);
    check(uv_write(&connection->request, stream, &rest, 1, on_written), "uv_write");
}

static void serve(struct connection *connection) {
    for (;;) {
        struct answer answer = frames_served(connection->server->kit, &connection->input, &connection->confirmation);
        if (answer.count == 0) break;
        int sent = send_now(&connection->pipe, answer.bytes, answer.count);
        if (sent < 0) return close_connection(connection);
        if ((size_t)sent < answer.count) return send_rest(connection, answer.bytes + sent, answer.count - (size_t)sent);
    }
    input_rest(&connection->input);
}

/* ---- connections */

static void on_connection(uv_stream_t *listener, int status) {
    check(status, "accept");
    struct server *server = listener->data;
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) kit_fail("no memory for a connection");
    connection->server = server;
    check(uv_pipe_init(&server->loop, &connection->pipe, 0), "uv_pipe_init");
    connection->pipe.data = connection;
    check(uv_accept(listener, (uv_stream_t *)&connection->pipe), "uv_accept");
    check(uv_read_start((uv_stream_t *)&connection->pipe, on_space, on_read), "uv_read_start");
}

static void on_stop(uv_poll_t *stop, int status, int events) {
    (void)status, (void)events;
    struct server *server = stop->data;
    server->stopped = true;
}

static void watch_stop(struct server *server) {
    check(uv_poll_init(&server->loop, &server->stop, kit_stop_descriptor(server->kit)), "uv_poll_init");
    server->stop.data = server;
    check(uv_poll_start(&server->stop, UV_READABLE, on_stop), "uv_poll_start");
}

void server(struct kit *kit) {
    struct server server = {.kit = kit};
    check(uv_loop_init(&server.loop), "uv_loop_init");
    check(uv_pipe_init(&server.loop, &server.listener, 0), "uv_pipe_init");
    server.listener.data = &server;
    check(uv_pipe_bind(&server.listener, kit_address(kit)), "uv_pipe_bind");
    check(uv_listen((uv_stream_t *)&server.listener, BACKLOG, on_connection), "uv_listen");
    if (kit_serves_many(kit)) watch_stop(&server);
    kit_ready(kit);
    while (!server.stopped) uv_run(&server.loop, kit_spins(kit) ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    uv_close((uv_handle_t *)&server.listener, NULL); /* removes the file */
}
