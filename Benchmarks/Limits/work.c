#include "work.h"

#include <stdlib.h>

#include "failure.h"

const char *const way_names[WAYS] = {"recv-block",  "recv-spin",  "epoll-block",    "epoll-spin",
                                     "uring-block", "uring-spin", "uring-flag-spin"};

static const struct {
    enum interface interface;
    bool spins;
} ways[WAYS] = {{BY_RECV, false}, {BY_RECV, true}, {BY_EPOLL, false},    {BY_EPOLL, true},
                {BY_RING, false}, {BY_RING, true}, {BY_RING_FLAG, true}};

bool way_spins(const struct options *options) { return ways[kind_index(options, way_names, WAYS)].spins; }

void way_check(const struct options *options) {
    if (way_spins(options) && options->client_cpu == options->server_cpu)
        fail(EXIT_USAGE, "%s needs two CPUs: one process would spin while the other waits for its turn", options->kind);
}

struct work work_start(int socket, const struct pair *pair, uint64_t least_warm_up) {
    const struct options *options = pair->options;
    size_t way = kind_index(options, way_names, WAYS);
    struct work work = {
        .options = options,
        .wire_size = frame_size(options->framing, options->size),
        .warm_up = options->count / 10 > least_warm_up ? options->count / 10 : least_warm_up,
    };
    work.total = work.warm_up + options->count;
    channel_open(&work.channel, socket, ways[way].interface, ways[way].spins);
    return work;
}

unsigned char *work_memory(size_t size) {
    unsigned char *memory = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);
    if (memory == NULL) fail_system("aligned_alloc");
    memset(memory, 0, size);
    return memory;
}
