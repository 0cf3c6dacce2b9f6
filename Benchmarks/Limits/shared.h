/*
 * A ring of native frames in memory that two processes share: the one of Docs/SharedMemory.md without its sleep, for sides that spin. Each side
 * writes its own positions, on lines 128 bytes apart, and keeps what it last saw of the other's.
 */
#pragma once

#include <stdbool.h>

#include "wire.h"

struct shared_words {
    _Alignas(128) uint64_t write;
    _Alignas(128) uint64_t read;
};

struct shared_ring {
    struct shared_words *words;
    unsigned char *bytes; /* mapped twice in a row */
    size_t size;          /* a power of two */
};

/* To be called before the sides are started; ends the program with EXIT_USAGE if they could not spin, or frames not be aligned. */
void shared_check(const char *kind, enum framing framing, int client_cpu, int server_cpu);
struct shared_ring shared_open(size_t size);

/* Ends the program when the other side is gone. A spinning side asks now and then. */
void shared_require_peer(int socket);

INLINE void shared_pause(int socket, uint32_t *spins) {
    __builtin_ia32_pause();
    if (__builtin_expect((++*spins & 0xFFFFF) == 0, 0)) shared_require_peer(socket);
}

struct producer {
    int socket;
    struct shared_ring ring;
    uint64_t position, published, released;
};

struct consumer {
    int socket;
    struct shared_ring ring;
    uint64_t position, published, written;
};

INLINE void producer_publish(struct producer *producer) {
    producer->published = producer->position;
    __atomic_store_n(&producer->ring.words->write, producer->position, __ATOMIC_RELEASE);
}

/* Memory for `size` bytes, as soon as there is room. */
INLINE unsigned char *producer_reserve(struct producer *producer, size_t size) {
    if (producer->ring.size - (producer->position - producer->released) < size) {
        if (producer->published != producer->position) producer_publish(producer);
        uint32_t spins = 0;
        do {
            shared_pause(producer->socket, &spins);
            producer->released = __atomic_load_n(&producer->ring.words->read, __ATOMIC_ACQUIRE);
        } while (producer->ring.size - (producer->position - producer->released) < size);
    }
    return producer->ring.bytes + (producer->position & (producer->ring.size - 1));
}

/* How many bytes are there, at least one. */
INLINE size_t consumer_wait(struct consumer *consumer) {
    uint32_t spins = 0;
    while (consumer->written == consumer->position) {
        consumer->written = __atomic_load_n(&consumer->ring.words->write, __ATOMIC_ACQUIRE);
        if (consumer->written == consumer->position) shared_pause(consumer->socket, &spins);
    }
    return consumer->written - consumer->position;
}

INLINE const unsigned char *consumer_front(const struct consumer *consumer) {
    return consumer->ring.bytes + (consumer->position & (consumer->ring.size - 1));
}

/* The writer learns of it once for each eighth of the ring. */
INLINE void consumer_release(struct consumer *consumer, size_t size) {
    consumer->position += size;
    if (consumer->position - consumer->published < consumer->ring.size / 8) return;
    consumer->published = consumer->position;
    __atomic_store_n(&consumer->ring.words->read, consumer->position, __ATOMIC_RELEASE);
}
