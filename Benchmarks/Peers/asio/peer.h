#pragma once

#include <asio.hpp>

#include "../Kit/frames.h"

using Socket = asio::local::stream_protocol::socket;

/* Fails with what asio says of an error. */
void check(const asio::error_code &error, const char *what);

/* Runs what is ready; whoever does not spin waits for it. */
void run(asio::io_context &context, const struct kit *kit);

void client(struct kit *kit);
void server(struct kit *kit);
