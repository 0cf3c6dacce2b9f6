/* Times that go from the sender to the receiver beside the messages, which stay as they are. */
#pragma once

#include <stdint.h>

#include "wire.h"

/* A slot is 0 until the sender sets it and after the receiver took it. `mask` is their number less one, a power of two. */
struct stamps {
    uint64_t *slots;
    uint64_t mask;
};

enum { STAMPS = 65536, STAMPS_BYTES = STAMPS * sizeof(uint64_t), STREAM_STRIDE = 1024 };

INLINE void stamps_set(const struct stamps *stamps, uint64_t index, uint64_t time) {
    __atomic_store_n(&stamps->slots[index & stamps->mask], time, __ATOMIC_RELEASE);
}

/* Whether the receiver has taken what was in the slot before; if not, it is as many messages behind as there are slots. */
INLINE bool stamps_free(const struct stamps *stamps, uint64_t index) {
    return __atomic_load_n(&stamps->slots[index & stamps->mask], __ATOMIC_ACQUIRE) == 0;
}

INLINE uint64_t stamps_take(const struct stamps *stamps, uint64_t index) {
    uint64_t *slot = &stamps->slots[index & stamps->mask];
    uint64_t time = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    __atomic_store_n(slot, 0, __ATOMIC_RELEASE);
    return time;
}
