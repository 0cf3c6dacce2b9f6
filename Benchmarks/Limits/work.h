/* What a side of an exchange knows of its work, and the ways in which it may wait. */
#pragma once

#include "channel.h"
#include "pair.h"

enum { WAYS = 7 };

/* The kinds that the exchanges have in common. */
extern const char *const way_names[WAYS];

struct work {
    const struct options *options;
    struct channel channel;
    size_t wire_size;
    uint64_t warm_up, total; /* messages, both of them */
};

bool way_spins(const struct options *options);

/* Ends the program with EXIT_USAGE if two processes that spin would share a CPU. */
void way_check(const struct options *options);

/* With a warm-up of a tenth and at least `least_warm_up`. */
struct work work_start(int socket, const struct pair *pair, uint64_t least_warm_up);

/* Zeroed, and touched. */
unsigned char *work_memory(size_t size);

/* A loop of one side, for one of the two framings; the other is not in it. */
#define WITH_FRAMING(framing, call, ...) \
    ((framing) == NATIVE ? call(NATIVE, __VA_ARGS__) : call(U32_HOST, __VA_ARGS__))

/* The server of depth and of rate's round trips: verifies all and sends it back. */
void echo_server(struct work *work, struct meter *meter);
