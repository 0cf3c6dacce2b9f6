#include "frames.h"

#include <stdlib.h>
#include <string.h>

/* The whole frame at the start of what arrived needs this much; a header, while that is not known. */
static size_t frame_bytes(const struct input *input) {
    if (input->end - input->start < FRAME_HEADER) return FRAME_HEADER;
    uint32_t length;
    memcpy(&length, input->bytes + input->start, sizeof length);
    if (length > FRAME_LARGEST_MESSAGE) kit_fail("a message is longer than any may be");
    return FRAME_HEADER + (size_t)length;
}

static void *resized(void *bytes, size_t size) {
    void *result = realloc(bytes, size);
    if (result == NULL) kit_fail("no memory for messages");
    return result;
}

/* One is enough: only the connection that is being read has a buffer for long. */
static unsigned char *spare;

unsigned char *input_space(struct input *input, size_t *size) {
    if (input->bytes == NULL) {
        input->bytes = spare != NULL ? spare : resized(NULL, INPUT_BYTES);
        input->capacity = INPUT_BYTES;
        spare = NULL;
    }
    size_t left = input->end - input->start;
    if (input->start > 0) memmove(input->bytes, input->bytes + input->start, left);
    input->start = 0;
    input->end = left;
    size_t needed = frame_bytes(input);
    if (needed > input->capacity) {
        input->bytes = resized(input->bytes, needed);
        input->capacity = needed;
    }
    *size = input->capacity - left;
    return input->bytes + left;
}

void input_rest(struct input *input) {
    if (input->start == input->end && input->capacity == INPUT_BYTES && spare == NULL) {
        spare = input->bytes;
        *input = (struct input){0};
    } else if (input->start == input->end) {
        input_free(input);
    }
}

void input_free(struct input *input) {
    free(input->bytes);
    *input = (struct input){0};
}

const unsigned char *input_take(struct input *input, size_t *length) {
    size_t frame = frame_bytes(input);
    if (input->end - input->start < frame) return NULL;
    const unsigned char *message = input->bytes + input->start + FRAME_HEADER;
    *length = frame - FRAME_HEADER;
    input->start += frame;
    return message;
}

uint64_t frames_received(struct kit *kit, struct input *input) {
    uint64_t messages = 0;
    size_t length;
    for (const unsigned char *message; (message = input_take(input, &length)) != NULL; messages++)
        kit_received(kit, message, length);
    return messages;
}

static void write_header(unsigned char *bytes, size_t length) {
    uint32_t header = (uint32_t)length;
    memcpy(bytes, &header, sizeof header);
}

bool output_add(struct kit *kit, struct output *output) {
    size_t size = kit_size(kit), frame = FRAME_HEADER + size;
    if (output->count + frame > output->capacity) {
        output->capacity = 2 * (output->count + frame);
        output->bytes = resized(output->bytes, output->capacity);
    }
    unsigned char *bytes = output->bytes + output->count;
    write_header(bytes, size);
    kit_fill(kit, bytes + FRAME_HEADER);
    output->count += frame;
    return output->count >= OUTPUT_BYTES;
}

/* Where every message is echoed, nobody looks at them here. */
static struct answer echo_all(struct kit *kit, struct input *input) {
    const unsigned char *first = input->bytes + input->start;
    uint64_t messages = 0;
    for (size_t length; input_take(input, &length) != NULL;) messages++;
    kit_echoed(kit, messages);
    return (struct answer){first, (size_t)(input->bytes + input->start - first)};
}

struct answer frames_served(struct kit *kit, struct input *input, struct confirmation *confirmation) {
    if (kit_serves_many(kit)) return echo_all(kit, input);
    struct answer echoes = {input->bytes + input->start, 0};
    size_t length;
    for (const unsigned char *message; (message = input_take(input, &length)) != NULL;) {
        switch (kit_served(kit, message, length)) {
        case KIT_NOTHING: break;
        case KIT_ECHO: echoes.count = (size_t)(message + length - echoes.bytes); break;
        case KIT_CONFIRM:
            write_header(confirmation->bytes, KIT_CONFIRMATION_BYTES);
            kit_confirmation(kit, confirmation->bytes + FRAME_HEADER);
            return (struct answer){confirmation->bytes, sizeof confirmation->bytes};
        }
    }
    return echoes;
}
