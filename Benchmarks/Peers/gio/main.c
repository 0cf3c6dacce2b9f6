/*
 * GIO: connections of GSocketClient and GSocketService on the main context, read and written through their GSocket. The asynchronous
 * methods of GInputStream and GOutputStream do the same with a GTask for each operation, which costs more. A server has a second thread,
 * idle, which GLib starts for its thread pools.
 */
#include <stdio.h>

#include "peer.h"

void check(GError *error) {
    if (error != NULL) kit_fail(error->message);
}

void run(const struct kit *kit) { g_main_context_iteration(NULL, !kit_spins(kit)); }

GSocketAddress *address_of(const struct kit *kit) { return g_unix_socket_address_new(kit_address(kit)); }

GSource *watch(GSocket *socket, GIOCondition condition, GSocketSourceFunc call, gpointer data) {
    GSource *source = g_socket_create_source(socket, condition, NULL);
    g_source_set_can_recurse(source, TRUE); /* else GLib takes it out of the poll and wakes itself around each dispatch */
    g_source_set_callback(source, G_SOURCE_FUNC(call), data, NULL);
    g_source_attach(source, NULL);
    return source;
}

void unwatch(GSource **source) {
    if (*source == NULL) return;
    g_source_destroy(*source);
    g_source_unref(*source);
    *source = NULL;
}

static bool is_for_later(GError **error) {
    if (!g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) return false;
    g_clear_error(error);
    return true;
}

bool receive_now(GSocket *socket, struct input *input, GError **error) {
    size_t size;
    unsigned char *space = input_space(input, &size);
    gssize count = g_socket_receive(socket, (gchar *)space, size, NULL, error);
    if (count > 0) input->end += (size_t)count;
    return count > 0 || (count < 0 && is_for_later(error));
}

size_t send_now(GSocket *socket, const unsigned char *bytes, size_t count, GError **error) {
    gssize sent = g_socket_send(socket, (const gchar *)bytes, count, NULL, error);
    if (sent < 0) is_for_later(error);
    return sent < 0 ? 0 : (size_t)sent;
}

int main(int count, char **arguments) {
    char version[32];
    snprintf(version, sizeof version, "%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
    struct kit_about about = {
        .peer = "gio",
        .version = version,
        .scenarios = "pingpong depth stream burst rate connect fanin idle",
        .batches = "1 16 64 256 1024",
        .spins = true,
        .options = "one main context; GSocketClient without its search for a proxy, GSocketService with a backlog of 4096; non-blocking "
                   "g_socket_receive into 64 KiB and g_socket_send, from a GSource of the socket that may recurse, which spares three "
                   "system calls for each dispatch; a batch is one buffer and one send; an echo goes back from the buffer it came in; "
                   "whoever spins iterates the context without blocking",
    };
    return kit_main(count, arguments, &about, server, client);
}
