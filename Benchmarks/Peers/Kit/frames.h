/*
 * The framing that a user of a byte-stream library has to write: the length in 4 bytes of host order before each message. It works
 * in place on one buffer each way, so that it adds as little as possible to what the library itself costs. For one thread.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "kit.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    FRAME_HEADER = 4,
    FRAME_CONFIRMATION = 12, /* header included */
    FRAME_LARGEST_MESSAGE = 16777216,
    INPUT_BYTES = 65536,
    OUTPUT_BYTES = 1048576, /* a client sends when it holds this much, within a batch, too */
};

/* ---- what arrived and was not taken yet: bytes[start..<end]; all zero is a valid beginning */

struct input {
    unsigned char *bytes;
    size_t capacity, start, end;
};

/* Where the next bytes go: at least one, and for a long message all that it lacks. Moves what has not been taken. */
unsigned char *input_space(struct input *input, size_t *size);

/* An idle connection needs no memory for its input: the buffer goes back if nothing is left in it. */
void input_rest(struct input *input);

void input_free(struct input *input);

/* The next whole message, or NULL. It stays where it is until input_space. */
const unsigned char *input_take(struct input *input, size_t *length);

/* ---- a client */

/* Gives the kit every whole message; how many there were. */
uint64_t frames_received(struct kit *kit, struct input *input);

struct output {
    unsigned char *bytes;
    size_t capacity, count;
};

/* Adds the kit's next message. True if it is time to send. */
bool output_add(struct kit *kit, struct output *output);

/* ---- a server */

struct confirmation {
    unsigned char bytes[FRAME_CONFIRMATION];
};

struct answer {
    const unsigned char *bytes; /* within the input or the confirmation: stays until input_space */
    size_t count;
};

/*
 * Serves what has arrived until something is to be sent back. Echoes are the bytes of the input themselves, one range for all of
 * them, as in the echo server of every library's documentation. None is left when the answer is empty.
 */
struct answer frames_served(struct kit *kit, struct input *input, struct confirmation *confirmation);

#ifdef __cplusplus
}
#endif

#endif
