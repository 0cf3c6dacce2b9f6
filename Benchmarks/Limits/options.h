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
    uint64_t warm_up; /* of a server whose client is another program */
    int stamps;       /* the descriptor of their memory, or -1 */
    size_t batch;
    size_t receive_ring; /* 0: the size that the library has by default */
    bool writable; /* memory that is shared, also for the side that reads it */
    unsigned connections;
    double seconds;
    uint64_t depth, burst;
    double per_second; /* of rate; and its schedule and direction */
    bool random, round_trip;
    uint64_t seed;
    int client_cpu, server_cpu;
};

/*
 * The kernel cuts what a Unix stream socket is given into pieces of what fits the head of a socket buffer and 32 KiB of
 * pages. A send that is a multiple of that takes one allocation of pages for each piece; 64 KiB takes four for two, and
 * a quarter more time.
 */
enum { SOCKET_BUFFER_BYTES = 3776 + (32 << 10), DEFAULT_BATCH = 2 * SOCKET_BUFFER_BYTES };

/* Ends the program with EXIT_USAGE if something is wrong. */
struct options options_parse(int count, char **arguments);

const char *framing_name(enum framing framing);

/* The place of `kind` in `kinds`; ends the program with EXIT_USAGE if it is not there. */
size_t kind_index(const struct options *options, const char *const kinds[], size_t count);
