/*
 * libuv: pipes on one loop. What can leave at once does (uv_try_write), as in Node; only what does not fit the socket becomes a write
 * request.
 */
#include <signal.h>
#include <stdio.h>

#include "peer.h"

void check(int result, const char *what) {
    if (result >= 0) return;
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, uv_strerror(result));
    kit_fail(text);
}

int send_now(uv_pipe_t *pipe, const unsigned char *bytes, size_t count) {
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)count);
    int sent = uv_try_write((uv_stream_t *)pipe, &buffer, 1);
    return sent == UV_EAGAIN ? 0 : sent;
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN); /* libuv writes with write(2) */
    struct kit_about about = {
        .peer = "libuv",
        .version = uv_version_string(),
        .scenarios = "pingpong depth stream burst rate connect fanin idle",
        .batches = "1 16 64 256 1024",
        .spins = true,
        .options = "one loop; read buffers of 64 KiB, which is what libuv suggests; a batch is one buffer and one uv_try_write, with "
                   "uv_write for what does not fit; an echo goes back from the buffer it came in; whoever spins calls uv_run with "
                   "UV_RUN_NOWAIT",
    };
    return kit_main(count, arguments, &about, server, client);
}
