/* The command line. */
#pragma once

#include "wire.h"

struct options {
    const char *command;
    const char *kind;
    const char *address; /* of --listen or --connect */
    enum framing framing;
    size_t size;
    uint64_t count; /* 0: chosen so that a run takes about a second */
    size_t batch;
    size_t receive_ring;
    unsigned connections;
    double seconds;
    int client_cpu, server_cpu;
};

/* Ends the program with EXIT_USAGE if something is wrong. */
struct options options_parse(int count, char **arguments);

const char *framing_name(enum framing framing);

/* The place of `kind` in `kinds`; ends the program with EXIT_USAGE if it is not there. */
size_t kind_index(const struct options *options, const char *const kinds[], size_t count);
