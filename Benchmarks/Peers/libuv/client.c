/* One connection, whose loop runs whenever there is something to wait for. */
#include "peer.h"

struct client {
    struct kit *kit;
    uv_loop_t loop;
    uv_pipe_t pipe;
    struct input input;
    struct output output;
    uint64_t messages;
    bool connected, writing, closed;
};

static void run(struct client *client) {
    uv_run(&client->loop, kit_spins(client->kit) ? UV_RUN_NOWAIT : UV_RUN_ONCE);
}

/* ---- what the loop tells */

static void on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)suggested;
    struct client *client = handle->data;
    buffer->base = (char *)input_space(&client->input, &buffer->len);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    (void)buffer;
    check((int)count, "read");
    struct client *client = stream->data;
    client->input.end += (size_t)count;
    client->messages += frames_received(client->kit, &client->input);
}

static void on_connected(uv_connect_t *request, int status) {
    check(status, "connect");
    struct client *client = request->handle->data;
    client->connected = true;
}

static void on_written(uv_write_t *request, int status) {
    check(status, "write");
    struct client *client = request->handle->data;
    client->writing = false;
}

static void on_closed(uv_handle_t *handle) {
    struct client *client = handle->data;
    client->closed = true;
}

/* ---- what the kit asks for */

static void open_connection(struct client *client) {
    check(uv_pipe_init(&client->loop, &client->pipe, 0), "uv_pipe_init");
    client->pipe.data = client;
    client->connected = client->closed = false;
    uv_connect_t request;
    uv_pipe_connect(&request, &client->pipe, kit_address(client->kit), on_connected);
    while (!client->connected) run(client);
    check(uv_read_start((uv_stream_t *)&client->pipe, on_space, on_read), "uv_read_start");
}

static void flush(struct client *client) {
    int sent = send_now(&client->pipe, client->output.bytes, client->output.count);
    check(sent, "uv_try_write");
    size_t left = client->output.count - (size_t)sent;
    if (left > 0) {
        uv_write_t request;
        uv_buf_t rest = uv_buf_init((char *)client->output.bytes + sent, (unsigned)left);
        client->writing = true;
        check(uv_write(&request, (uv_stream_t *)&client->pipe, &rest, 1, on_written), "uv_write");
        while (client->writing) run(client);
    }
    client->output.count = 0;
}

static void receive(struct client *client) {
    uint64_t before = client->messages;
    while (client->messages == before) run(client);
}

static void close_connection(struct client *client) {
    uv_close((uv_handle_t *)&client->pipe, on_closed);
    while (!client->closed) run(client);
    input_free(&client->input);
}

void client(struct kit *kit) {
    struct client client = {.kit = kit};
    check(uv_loop_init(&client.loop), "uv_loop_init");
    for (;;) {
        switch (kit_turn(kit)) {
        case KIT_CONNECT: open_connection(&client); break;
        case KIT_SEND:
            if (output_add(kit, &client.output)) flush(&client);
            break;
        case KIT_FLUSH: flush(&client); break;
        case KIT_POLL: uv_run(&client.loop, UV_RUN_NOWAIT); break;
        case KIT_RECEIVE: receive(&client); break;
        case KIT_CLOSE: close_connection(&client); break;
        case KIT_DONE: check(uv_loop_close(&client.loop), "uv_loop_close"); return;
        }
    }
}
