/* The commands. Each prints one JSON object, or ends the program. */
#pragma once

#include "options.h"

void pingpong(const struct options *options);
void stream(const struct options *options);
void stream_server(const struct options *options);
void depth(const struct options *options);
void burst(const struct options *options);
void rate(const struct options *options);
void connect_scenario(const struct options *options);
void fanin_server(const struct options *options);
void fanin_client(const struct options *options);
void parse(const struct options *options);
void copy(const struct options *options);
