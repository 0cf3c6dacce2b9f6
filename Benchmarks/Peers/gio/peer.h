#pragma once

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "../Kit/frames.h"

/* Fails with what GLib says, if it says anything. */
void check(GError *error);

/* Dispatches what is ready; whoever does not spin waits for it. */
void run(const struct kit *kit);

GSocketAddress *address_of(const struct kit *kit);

/* Attached to the main context. */
GSource *watch(GSocket *socket, GIOCondition condition, GSocketSourceFunc call, gpointer data);
void unwatch(GSource **source);

/* Receives once into the input. False at the end of the stream. */
bool receive_now(GSocket *socket, struct input *input, GError **error);

/* How much could leave at once. */
size_t send_now(GSocket *socket, const unsigned char *bytes, size_t count, GError **error);

void client(struct kit *kit);
void server(struct kit *kit);
