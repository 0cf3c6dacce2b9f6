/*
 * A ring of native frames in memory that two processes share: the one of Docs/SharedMemory.md. Each side writes its own positions, on lines 128
 * bytes apart, and keeps what it last saw of the other's. A frame is told of by its header as well, which is a draft until it is published and zero
 * behind that: a reader that spins looks there. Sides that spin never sleep, and so need no fence; sides that block sleep at once, at
 * the socket. These trust each other: whoever clears a sleeping word has to do with the doorbell, so that there is one byte for each sleep.
 */
#pragma once

#include <stdbool.h>

#include "measure.h"
#include "options.h"
#include "wire.h"

#define SHARED_DRAFT (UINT64_C(1) << 63)

enum {
    SHARED_RING = 2 << 20,
    SHARED_LONG = 512, /* bytes of a frame: after such a one a reader looks at the position */
    SHARED_PREPARED = 16 << 10, /* bytes of which a writer takes the lines ahead, at most */
    SHARED_RETAKEN = 1 << 10,   /* and takes once more */
    SHARED_FETCHED = 8 << 10,   /* and a reader asks for at once */
    SHARED_LINE = 64,
    SHARED_SLOW_LINE_NS = 10,
    SHARED_QUICK_LOOKS = 4,
};

/* Both sides store here. */
struct shared_words {
    _Alignas(128) uint64_t read;
    _Alignas(128) uint32_t writer_sleeps;
    _Alignas(128) uint32_t reader_sleeps;
};

struct shared_ring {
    uint64_t *write; /* the writer's position, in a page of its own */
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
/*
 * To be called by the side that reads a ring, which may write neither that nor the writer's position: as where the writer's file is sealed.
 * Unless `options` want it otherwise: a page that may be written makes a load cheaper on some processors, since a line that the other one has
 * just written comes together with the right to write it.
 */
void shared_protect(const struct options *options, const struct shared_ring *ring);

/* Ends the program when the other side is gone. A spinning side asks now and then. */
void shared_require_peer(int socket);
void shared_ring_bell(int socket);
void shared_await_bell(int socket);

/* Half a pause. The fences keep the processor from looking ahead. */
INLINE void shared_relax_briefly(void) {
    unsigned value = 3;
    __asm__ volatile("lfence\n\t.rept 12\n\timul %0, %0\n\t.endr\n\tlfence" : "+r"(value) : : "memory", "cc");
}

/* The first ones are brief where they are counted from 0. */
INLINE void shared_pause(int socket, uint32_t *spins) {
    if (*spins < SHARED_QUICK_LOOKS)
        shared_relax_briefly();
    else
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

/* ---- one core */

/*
 * Whether the sides are two threads of one core. There looks cost nothing, a message comes within two pauses, and lines that are taken or asked for
 * ahead only take the core away from the other side. It is told by a line that the other side has just written: whether the first load of it takes
 * as long as another one. One wait of 256 is timed, and eight of them decide.
 */
struct core_sharing {
    bool is_shared;
    uint8_t waits;
    unsigned timed;
    uint64_t first_ns, again_ns;
};

INLINE uint64_t shared_load_ns(const void *line) {
    uint64_t began = now_ns();
    (void)*(const volatile char *)line;
    return now_ns() - began;
}

INLINE void core_sharing_wait(struct core_sharing *sharing, const void *line) {
    if (__builtin_expect(++sharing->waits != 0, 1)) return;
    uint64_t first = shared_load_ns(line), again = shared_load_ns(line);
    sharing->first_ns += first;
    sharing->again_ns += again < first ? again : first;
    if (++sharing->timed < 8) return;
    *sharing = (struct core_sharing){.is_shared = 4 * sharing->first_ns < 5 * sharing->again_ns};
}

/* ---- the two sides */

struct producer {
    int socket;
    bool blocks;
    struct shared_ring ring;
    uint64_t position, published, released;
    uint64_t zeroed; /* where a header is zero */
    unsigned publications;
    uint64_t began_ns; /* of a publication that is timed, or 0 */
    bool is_slow;
};

struct consumer {
    int socket;
    bool blocks;
    struct shared_ring ring;
    uint64_t position, published, written;
    size_t released; /* the last time */
    struct core_sharing sharing;
};

INLINE unsigned char *shared_place(const struct shared_ring *ring, uint64_t position) {
    return ring->bytes + (position & (ring->size - 1));
}

INLINE uint64_t *shared_header(const struct shared_ring *ring, uint64_t position) { return (uint64_t *)shared_place(ring, position); }

/* What the header of the next frame has besides. */
INLINE uint64_t producer_draft(const struct producer *producer) {
    return producer->position == producer->published ? SHARED_DRAFT : 0;
}

INLINE void producer_publish(struct producer *producer) {
    uint64_t start = producer->published, end = producer->position;
    producer->published = end;
    uint64_t *header = shared_header(&producer->ring, start);
    if (producer->zeroed != end) __atomic_store_n(shared_header(&producer->ring, end), 0, __ATOMIC_RELAXED);
    __atomic_store_n(header, *header & ~SHARED_DRAFT, __ATOMIC_RELEASE);
    __atomic_store_n(producer->ring.write, end, __ATOMIC_RELEASE);
    if (producer->blocks) shared_wake(producer->socket, &producer->ring.words->reader_sleeps);
    /* Behind a next frame of that length, while nothing waits for it. */
    uint64_t next = end + (end - start);
    if (next - producer->released >= producer->ring.size) return;
    __atomic_store_n(shared_header(&producer->ring, next), 0, __ATOMIC_RELAXED);
    producer->zeroed = next;
}

/* A word stays free behind what is published. */
INLINE bool producer_fits(const struct producer *producer, size_t size) {
    return producer->ring.size - (producer->position - producer->released) > size;
}

INLINE bool producer_has_room(struct producer *producer, size_t size) {
    producer->released = __atomic_load_n(&producer->ring.words->read, __ATOMIC_ACQUIRE);
    return producer_fits(producer, size);
}

/*
 * Takes the lines of a next frame of that length, by a store to each. A store waits for its line, and all stores behind it wait, too; these are as
 * many lines at a time as the queue of stores has places. Backwards, and every second line first: upwards takes up to twice as long.
 */
INLINE void producer_prepare(struct producer *producer, size_t length) {
    if (length <= 2 * SHARED_LINE || !producer_fits(producer, length)) return;
    long end = length < SHARED_PREPARED ? (long)length : SHARED_PREPARED;
    volatile unsigned char *place = shared_place(&producer->ring, producer->position);
    for (long at = end - SHARED_LINE; at >= SHARED_LINE; at -= 2 * SHARED_LINE) place[at] = 0;
    for (long at = end - 2 * SHARED_LINE; at >= SHARED_LINE; at -= 2 * SHARED_LINE) place[at] = 0;
}

/*
 * Publishes a part of a stream. If that took long to write, it was the lines that took long, which happens between cores that are far from each
 * other; then those of the next part are taken ahead. Between others that would only be more stores. One of sixteen is timed.
 */
INLINE void producer_publish_stream(struct producer *producer) {
    uint64_t length = producer->position - producer->published;
    if (producer->began_ns) {
        producer->is_slow = now_ns() - producer->began_ns > length / SHARED_LINE * SHARED_SLOW_LINE_NS;
        producer->began_ns = 0;
    }
    producer_publish(producer);
    if (producer->is_slow) producer_prepare(producer, length);
    if (++producer->publications % 16 == 0) producer->began_ns = now_ns();
}

/* When a message has come, while its lines travel: the other processor fetches ahead of what it reads, and has taken the first ones back. */
INLINE void producer_prepare_again(struct producer *producer, size_t length) {
    if (length >= SHARED_LONG) producer_prepare(producer, length < SHARED_RETAKEN ? length : SHARED_RETAKEN);
}

/* Memory for `size` bytes, as soon as there is room. */
INLINE unsigned char *producer_reserve(struct producer *producer, size_t size) {
    if (!producer_fits(producer, size)) {
        producer->began_ns = 0;
        if (producer->published != producer->position) producer_publish(producer);
        uint32_t spins = SHARED_QUICK_LOOKS;
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
    return shared_place(&producer->ring, producer->position);
}

INLINE void consumer_publish(struct consumer *consumer) {
    consumer->published = consumer->position;
    __atomic_store_n(&consumer->ring.words->read, consumer->position, __ATOMIC_RELEASE);
    if (consumer->blocks) shared_wake(consumer->socket, &consumer->ring.words->writer_sleeps);
}

INLINE bool consumer_has_bytes(struct consumer *consumer) {
    uint64_t seen = __atomic_load_n(consumer->ring.write, __ATOMIC_ACQUIRE);
    if (seen <= consumer->position) return false; /* a header may have told of more */
    consumer->written = seen;
    return true;
}

/* The next frame, by its header. */
INLINE bool consumer_has_frame(struct consumer *consumer) {
    uint64_t *header = shared_header(&consumer->ring, consumer->position);
    __builtin_prefetch((const unsigned char *)header + 64);
    uint64_t word = __atomic_load_n(header, __ATOMIC_ACQUIRE);
    if (word == 0 || word >= SHARED_DRAFT) return false;
    consumer->written = consumer->position + frame_size(NATIVE, (uint32_t)word);
    return true;
}

/* Asks for the lines of what is there, at once. Shorter ones were asked for while their header was looked at. */
INLINE void consumer_fetch(const struct consumer *consumer) {
    size_t count = consumer->written - consumer->position;
    if (count <= 2 * SHARED_LINE || count > SHARED_FETCHED || consumer->sharing.is_shared) return;
    const unsigned char *place = shared_place(&consumer->ring, consumer->position);
    for (size_t at = 0; at < count; at += SHARED_LINE) __builtin_prefetch(place + at);
}

/* Frames without a payload are told of by the position alone. */
INLINE void consumer_spin(struct consumer *consumer) {
    bool is_shared = consumer->sharing.is_shared;
    uint32_t spins = is_shared ? 0 : SHARED_QUICK_LOOKS;
    if (consumer->released >= SHARED_LONG && !is_shared) {
        while (!consumer_has_bytes(consumer)) shared_pause(consumer->socket, &spins);
        /* The last line: the processor may have fetched the first ones behind those that were read before. */
        core_sharing_wait(&consumer->sharing, shared_place(&consumer->ring, consumer->written - 1));
        return;
    }
    while (!consumer_has_frame(consumer)) {
        shared_pause(consumer->socket, &spins);
        if (spins % 64 == 0 && consumer_has_bytes(consumer)) return;
    }
    /* The position is stored behind the head. */
    core_sharing_wait(&consumer->sharing, consumer->ring.write);
}

/* How many bytes are there, at least one. */
INLINE size_t consumer_wait(struct consumer *consumer) {
    if (consumer->written != consumer->position) return consumer->written - consumer->position;
    while (!consumer_has_bytes(consumer)) {
        if (!consumer->blocks) {
            consumer_spin(consumer);
            consumer_fetch(consumer);
            break;
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
    return shared_place(&consumer->ring, consumer->position);
}

/* The writer learns of it once for each eighth of the ring. */
INLINE void consumer_release(struct consumer *consumer, size_t size) {
    consumer->position += size;
    consumer->released = size;
    if (consumer->position - consumer->published >= consumer->ring.size / 8) consumer_publish(consumer);
}
