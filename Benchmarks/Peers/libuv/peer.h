#pragma once

#include <uv.h>

#include "../Kit/frames.h"

/* Fails with what libuv says of a negative result. */
void check(int result, const char *what);

/* How much could leave at once, or an error. */
int send_now(uv_pipe_t *pipe, const unsigned char *bytes, size_t count);

void client(struct kit *kit);
void server(struct kit *kit);
