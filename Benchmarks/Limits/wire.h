/* Frames and their content. All inline: with a constant framing a loop over frames has no branch on it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers and content are read as little-endian words");

#define INLINE static inline __attribute__((always_inline))

enum framing { NATIVE, U32_HOST };

enum {
    WORD = sizeof(uint64_t),
    BLOCK_WORDS = 8,
    HELLO_BYTES = 24,
    HELLO_PREFIX = 8,
    LARGEST_PAYLOAD = 16777216,
};

static const unsigned char hello[HELLO_BYTES] = {
    0xFF, 'R', 'I', 0xFF, 1, 0, HELLO_BYTES - HELLO_PREFIX, 0, [16] = 0, 0, 0, 1, /* 1 << 24: LARGEST_PAYLOAD */
};

/* Kind 1 in the byte after the length. */
static const unsigned char goodbye[WORD] = {[4] = 1};

/* A word at any address: the plain formats align nothing. */
typedef uint64_t loose_word __attribute__((may_alias, aligned(1)));

INLINE uint64_t load_word(const void *bytes) { return *(const loose_word *)bytes; }

INLINE size_t header_size(enum framing framing) { return framing == NATIVE ? 8 : 4; }

/* The header is added before rounding: where the next frame starts waits for every step of this. */
INLINE size_t frame_size(enum framing framing, size_t payload) {
    return framing == NATIVE ? (payload + 8 + 7) & ~(size_t)7 : 4 + payload;
}

INLINE uint64_t low_bytes(size_t count) { return (UINT64_C(1) << (8 * count)) - 1; }

/* ---- content: word i of message s is s + i * CONTENT_STEP */

#define CONTENT_STEP UINT64_C(0x9E3779B97F4A7C15)

/* Two words in one register of the baseline; left to itself the compiler needs three times the instructions. */
typedef uint64_t word_pair __attribute__((vector_size(2 * WORD)));
typedef word_pair loose_pair __attribute__((may_alias, aligned(1)));

/* The words of a block from one on, which is carried to the next block by one addition for each register. */
struct content_block {
    word_pair pairs[BLOCK_WORDS / 2];
};

INLINE struct content_block content_block(uint64_t word) {
    struct content_block block;
    for (size_t i = 0; i < BLOCK_WORDS / 2; i++)
        block.pairs[i] = (word_pair){word, word} + (word_pair){2 * i * CONTENT_STEP, (2 * i + 1) * CONTENT_STEP};
    return block;
}

INLINE void content_advance(struct content_block *block) {
    for (size_t i = 0; i < BLOCK_WORDS / 2; i++) block->pairs[i] += (word_pair){BLOCK_WORDS * CONTENT_STEP, BLOCK_WORDS * CONTENT_STEP};
}

INLINE void content_fill(unsigned char *bytes, size_t size, uint64_t word) {
    struct content_block block = content_block(word);
    for (; size >= BLOCK_WORDS * WORD; size -= BLOCK_WORDS * WORD) {
        for (size_t i = 0; i < BLOCK_WORDS / 2; i++) {
            ((loose_pair *)bytes)[i] = block.pairs[i];
            /* Upwards: blocks lie across two cache lines, and in another order each goes back to the line before. */
            __asm__ volatile("" ::: "memory");
        }
        content_advance(&block);
        bytes += BLOCK_WORDS * WORD;
    }
    word = block.pairs[0][0];
    for (; size >= WORD; size -= WORD) {
        *(loose_word *)bytes = word;
        bytes += WORD;
        word += CONTENT_STEP;
    }
    if (size != 0) {
        uint64_t last = word; /* a copy, so that the word itself can stay in a register */
        memcpy(bytes, &last, size);
    }
}

/* Zero if every byte is as it was filled. */
INLINE uint64_t content_difference(const unsigned char *bytes, size_t size, uint64_t word) {
    struct content_block block = content_block(word);
    word_pair differences = {0, 0};
    for (; size >= BLOCK_WORDS * WORD; size -= BLOCK_WORDS * WORD) {
        for (size_t i = 0; i < BLOCK_WORDS / 2; i++) differences |= ((const loose_pair *)bytes)[i] ^ block.pairs[i];
        content_advance(&block);
        bytes += BLOCK_WORDS * WORD;
    }
    word = block.pairs[0][0];
    uint64_t difference = differences[0] | differences[1];
    if (size == 0) return difference;
    for (; size >= WORD; size -= WORD) {
        difference |= load_word(bytes) ^ word;
        bytes += WORD;
        word += CONTENT_STEP;
    }
    if (size != 0) {
        uint64_t rest = 0;
        memcpy(&rest, bytes, size);
        difference |= rest ^ (word & low_bytes(size));
    }
    return difference;
}

/* ---- frames */

/* A native frame, with bits of its header above the length. */
INLINE void frame_encode_marked(unsigned char *bytes, size_t size, uint64_t sequence, uint64_t header_bits) {
    *(loose_word *)bytes = size | header_bits;
    if (size % WORD != 0) *(loose_word *)(bytes + frame_size(NATIVE, size) - WORD) = 0; /* the padding */
    content_fill(bytes + header_size(NATIVE), size, sequence);
}

INLINE void frame_encode(enum framing framing, unsigned char *bytes, size_t size, uint64_t sequence) {
    if (framing == NATIVE) return frame_encode_marked(bytes, size, sequence, 0);
    uint32_t length = (uint32_t)size;
    memcpy(bytes, &length, sizeof length);
    content_fill(bytes + header_size(framing), size, sequence);
}

enum found { FOUND_FRAME, FOUND_GOODBYE, FOUND_PART, FOUND_VIOLATION };

struct frame {
    const unsigned char *payload;
    size_t length;
    size_t size; /* on the wire */
};

/* The frame that starts at `bytes`, of which `count` have arrived. */
INLINE enum found frame_find(enum framing framing, const unsigned char *bytes, size_t count, struct frame *frame) {
    if (count < header_size(framing)) return FOUND_PART;
    if (framing == NATIVE) {
        uint64_t header = load_word(bytes);
        if (__builtin_expect(header > LARGEST_PAYLOAD, 0)) /* too long, or a kind, flags or reserved bits */
            return header == load_word(goodbye) ? FOUND_GOODBYE : FOUND_VIOLATION;
        frame->length = header;
    } else {
        uint32_t length;
        memcpy(&length, bytes, sizeof length);
        if (__builtin_expect(length > LARGEST_PAYLOAD, 0)) return FOUND_VIOLATION;
        frame->length = length;
    }
    frame->size = frame_size(framing, frame->length);
    if (frame->size > count) return FOUND_PART;
    frame->payload = bytes + header_size(framing);
    if (framing == NATIVE && frame->length % WORD != 0 &&
        (load_word(bytes + frame->size - WORD) & ~low_bytes(frame->length % WORD)) != 0)
        return FOUND_VIOLATION;
    return FOUND_FRAME;
}

/* The size of the hello that starts at `bytes`; 0 if it is not whole yet, negative if it is none of ours. */
INLINE long hello_find(const unsigned char *bytes, size_t count) {
    if (count < HELLO_PREFIX) return 0;
    if (memcmp(bytes, hello, 6) != 0) return -1; /* magic, version and a zero */
    size_t body = bytes[6] | (size_t)bytes[7] << 8;
    if (body < HELLO_BYTES - HELLO_PREFIX) return -1;
    return count < HELLO_PREFIX + body ? 0 : (long)(HELLO_PREFIX + body);
}
