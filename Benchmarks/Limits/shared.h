/*
 * A ring of native frames in memory that two processes share: the one of Docs/SharedMemory.md. Each side writes its own positions, on lines 128
 * bytes apart, and keeps what it last saw of the other's. Sides that spin never sleep, and so need no fence; sides that block sleep at once, at
 * the socket. These trust each other: whoever clears a sleeping word has to do with the doorbell, so that there is one byte for each sleep.
 */
#pragma once

#include <stdbool.h>

#include "measure.h"
#include "options.h"

enum { SHARED_RING = 2 << 20 };

struct shared_words {
    _Alignas(128) uint64_t write;
    _Alignas(128) uint64_t read;
    _Alignas(128) uint32_t writer_sleeps;
    _Alignas(128) uint32_t reader_sleeps;
};

struct shared_ring {
    struct shared_words *words;
    unsigned char *bytes; /* mapped twice in a row */
    size_t size;          /* a power of two */
};

/*
 * Whether the sides of a kind in shared memory block. To be called before they are started; ends the program with EXIT_USAGE if they could not
 * spin, or frames not be aligned.
 */
bool shared_blocks(const struct options *options);
/* At least `least` bytes, and as many as `options` want. */
struct shared_ring shared_open(const struct options *options, size_t least);

/* Ends the program when the other side is gone. A spinning side asks now and then. */
void shared_require_peer(int socket);
void shared_ring_bell(int socket);
void shared_await_bell(int socket);

INLINE void shared_pause(int socket, uint32_t *spins) {
    __builtin_ia32_pause();
    if (__builtin_expect((++*spins & 0xFFFFF) == 0, 0)) shared_require_peer(socket);
}

/* ---- sleep and wake */

INLINE void shared_wake(int socket, uint32_t *sleeps) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(sleeps, __ATOMIC_RELAXED) && __atomic_exchange_n(sleeps, 0, __ATOMIC_RELAXED)) shared_ring_bell(socket);
}

/* Afterwards the other side's position is looked at once more. */
INLINE void shared_announce(uint32_t *sleeps) {
    __atomic_store_n(sleeps, 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Returns when the bell was rung; at once if `awake`, and nobody rings. */
INLINE void shared_sleep(int socket, uint32_t *sleeps, bool awake) {
    if (!awake || !__atomic_exchange_n(sleeps, 0, __ATOMIC_RELAXED)) shared_await_bell(socket);
}

/* ---- the two sides */

struct producer {
    int socket;
    bool blocks;
    struct shared_ring ring;
    uint64_t position, published, released;
};

struct consumer {
    int socket;
    bool blocks;
    struct shared_ring ring;
    uint64_t position, published, written;
};

INLINE void producer_publish(struct producer *producer) {
    producer->published = producer->position;
    __atomic_store_n(&producer->ring.words->write, producer->position, __ATOMIC_RELEASE);
    if (producer->blocks) shared_wake(producer->socket, &producer->ring.words->reader_sleeps);
}

INLINE bool producer_has_room(struct producer *producer, size_t size) {
    producer->released = __atomic_load_n(&producer->ring.words->read, __ATOMIC_ACQUIRE);
    return producer->ring.size - (producer->position - producer->released) >= size;
}

/* Memory for `size` bytes, as soon as there is room. */
INLINE unsigned char *producer_reserve(struct producer *producer, size_t size) {
    if (producer->ring.size - (producer->position - producer->released) < size) {
        if (producer->published != producer->position) producer_publish(producer);
        uint32_t spins = 0;
        while (!producer_has_room(producer, size)) {
            if (!producer->blocks) {
                shared_pause(producer->socket, &spins);
                continue;
            }
            uint32_t *sleeps = &producer->ring.words->writer_sleeps;
            shared_announce(sleeps);
            shared_sleep(producer->socket, sleeps, producer_has_room(producer, size));
        }
    }
    return producer->ring.bytes + (producer->position & (producer->ring.size - 1));
}

INLINE void consumer_publish(struct consumer *consumer) {
    consumer->published = consumer->position;
    __atomic_store_n(&consumer->ring.words->read, consumer->position, __ATOMIC_RELEASE);
    if (consumer->blocks) shared_wake(consumer->socket, &consumer->ring.words->writer_sleeps);
}

INLINE bool consumer_has_bytes(struct consumer *consumer) {
    consumer->written = __atomic_load_n(&consumer->ring.words->write, __ATOMIC_ACQUIRE);
    return consumer->written != consumer->position;
}

/* How many bytes are there, at least one. */
INLINE size_t consumer_wait(struct consumer *consumer) {
    uint32_t spins = 0;
    if (consumer->written != consumer->position) return consumer->written - consumer->position;
    while (!consumer_has_bytes(consumer)) {
        if (!consumer->blocks) {
            shared_pause(consumer->socket, &spins);
            continue;
        }
        /* The writer could wait for what is held back here. */
        if (consumer->published != consumer->position) consumer_publish(consumer);
        uint32_t *sleeps = &consumer->ring.words->reader_sleeps;
        shared_announce(sleeps);
        shared_sleep(consumer->socket, sleeps, consumer_has_bytes(consumer));
    }
    return consumer->written - consumer->position;
}

INLINE const unsigned char *consumer_front(const struct consumer *consumer) {
    return consumer->ring.bytes + (consumer->position & (consumer->ring.size - 1));
}

/* The writer learns of it once for each eighth of the ring. */
INLINE void consumer_release(struct consumer *consumer, size_t size) {
    consumer->position += size;
    if (consumer->position - consumer->published >= consumer->ring.size / 8) consumer_publish(consumer);
}
