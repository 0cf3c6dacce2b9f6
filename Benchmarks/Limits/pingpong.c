/* Round trips with one message in flight; both sides wait the same way. */
#include <stdlib.h>

#include "commands.h"
#include "json.h"
#include "report.h"
#include "shared.h"
#include "work.h"

enum { LEAST_WARM_UP = 1000 };

INLINE void verify(enum framing framing, const struct work *work, const unsigned char *bytes, uint64_t sequence) {
    struct frame frame;
    if (frame_find(framing, bytes, work->wire_size, &frame) != FOUND_FRAME || frame.length != work->options->size ||
        content_difference(frame.payload, frame.length, sequence) != 0)
        fail(EXIT_WIRE, "message %llu is not the one that was sent", (unsigned long long)sequence);
}

INLINE void client_turns(enum framing framing, struct work *work, struct pair *pair) {
    unsigned char *question = work_memory(work->wire_size), *answer = work_memory(work->wire_size);
    histogram_reset(&pair->times);
    uint64_t start = now_ns();
    for (uint64_t sequence = 0; sequence < work->total; sequence++) {
        if (sequence == work->warm_up) {
            histogram_reset(&pair->times);
            meter_start(&pair->client);
            start = pair->client.elapsed_ns;
        }
        frame_encode(framing, question, work->options->size, sequence);
        channel_exchange(&work->channel, question, work->wire_size, answer, work->wire_size);
        verify(framing, work, answer, sequence);
        uint64_t end = now_ns();
        histogram_add(&pair->times, end - start);
        start = end;
    }
    meter_stop(&pair->client);
    free(question);
    free(answer);
}

/* Two frames in turn, because the next question may arrive while the answer to the last one still leaves. */
INLINE void server_turns(enum framing framing, struct work *work, struct pair *pair) {
    unsigned char *frames[2] = {work_memory(work->wire_size), work_memory(work->wire_size)};
    channel_exchange(&work->channel, NULL, 0, frames[0], work->wire_size);
    for (uint64_t sequence = 0; sequence < work->total; sequence++) {
        if (sequence == work->warm_up) meter_start(&pair->server);
        unsigned char *question = frames[sequence % 2], *next = frames[(sequence + 1) % 2];
        verify(framing, work, question, sequence);
        bool last = sequence + 1 == work->total;
        channel_exchange(&work->channel, question, work->wire_size, next, last ? 0 : work->wire_size);
    }
    meter_stop(&pair->server);
    free(frames[0]);
    free(frames[1]);
}

static void client(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    WITH_FRAMING(work.options->framing, client_turns, &work, pair);
    pair->client.messages = pair->options->count;
    channel_close(&work.channel);
}

static void server(int socket, struct pair *pair) {
    struct work work = work_start(socket, pair, LEAST_WARM_UP);
    WITH_FRAMING(work.options->framing, server_turns, &work, pair);
    pair->server.messages = pair->options->count;
    channel_close(&work.channel);
}

/* ---- in shared memory */

/* Questions and answers; made before the two processes are. */
static struct shared_ring shared_rings[2];
static bool blocks_in_shared;

static struct work shared_work(const struct pair *pair) {
    const struct options *options = pair->options;
    struct work work = {
        .options = options,
        .wire_size = frame_size(NATIVE, options->size),
        .warm_up = options->count / 10 > LEAST_WARM_UP ? options->count / 10 : LEAST_WARM_UP,
    };
    work.total = work.warm_up + options->count;
    return work;
}

static void shared_client(int socket, struct pair *pair) {
    struct work work = shared_work(pair);
    struct producer questions = {.socket = socket, .blocks = blocks_in_shared, .ring = shared_rings[0]};
    struct consumer answers = {.socket = socket, .blocks = blocks_in_shared, .ring = shared_rings[1]};
    shared_protect(work.options, &answers.ring);
    histogram_reset(&pair->times);
    uint64_t start = now_ns();
    for (uint64_t sequence = 0; sequence < work.total; sequence++) {
        if (sequence == work.warm_up) {
            histogram_reset(&pair->times);
            meter_start(&pair->client);
            start = pair->client.elapsed_ns;
        }
        unsigned char *question = producer_reserve(&questions, work.wire_size);
        frame_encode_marked(question, work.options->size, sequence, producer_draft(&questions));
        questions.position += work.wire_size;
        producer_publish(&questions);
        if (!answers.sharing.is_shared) producer_prepare(&questions, work.wire_size);
        if (consumer_wait(&answers) != work.wire_size) fail(EXIT_WIRE, "an answer is not one message");
        if (!answers.sharing.is_shared) producer_prepare_again(&questions, work.wire_size);
        verify(NATIVE, &work, consumer_front(&answers), sequence);
        consumer_release(&answers, work.wire_size);
        uint64_t end = now_ns();
        histogram_add(&pair->times, end - start);
        start = end;
    }
    meter_stop(&pair->client);
    pair->client.messages = work.options->count;
}

static void shared_server(int socket, struct pair *pair) {
    struct work work = shared_work(pair);
    struct consumer questions = {.socket = socket, .blocks = blocks_in_shared, .ring = shared_rings[0]};
    struct producer answers = {.socket = socket, .blocks = blocks_in_shared, .ring = shared_rings[1]};
    shared_protect(work.options, &questions.ring);
    for (uint64_t sequence = 0; sequence < work.total; sequence++) {
        if (sequence == work.warm_up) meter_start(&pair->server);
        if (consumer_wait(&questions) != work.wire_size) fail(EXIT_WIRE, "a question is not one message");
        if (!questions.sharing.is_shared) producer_prepare_again(&answers, work.wire_size);
        verify(NATIVE, &work, consumer_front(&questions), sequence);
        unsigned char *answer = producer_reserve(&answers, work.wire_size);
        *(uint64_t *)answer = work.options->size | producer_draft(&answers);
        memcpy(answer + WORD, consumer_front(&questions) + WORD, work.wire_size - WORD);
        answers.position += work.wire_size;
        producer_publish(&answers);
        if (!questions.sharing.is_shared) producer_prepare(&answers, work.wire_size);
        consumer_release(&questions, work.wire_size);
    }
    meter_stop(&pair->server);
    pair->server.messages = work.options->count;
}

/* ---- either */

/* Long messages are fewer, so that a run takes about as long. */
static uint64_t default_count(const struct options *options, uint64_t most) {
    uint64_t volume = (UINT64_C(1) << 32) / (options->size + 1) + 100;
    return volume < most ? volume : most;
}

static struct pair *run(struct options *options, bool *spins) {
    bool is_shared = strcmp(options->kind, "shared-spin") == 0 || strcmp(options->kind, "shared-block") == 0;
    if (!is_shared) {
        way_check(options);
        *spins = way_spins(options);
        if (options->count == 0) options->count = default_count(options, *spins ? 200000 : 25000);
        return pair_run(options, client, server);
    }
    blocks_in_shared = shared_blocks(options);
    *spins = !blocks_in_shared;
    if (options->count == 0) options->count = default_count(options, *spins ? 5000000 : 25000);
    /* No more than is needed: memory that stays in a cache. */
    for (int i = 0; i < 2; i++) shared_rings[i] = shared_open(options, 2 * frame_size(NATIVE, options->size));
    return pair_run(options, shared_client, shared_server);
}

void pingpong(const struct options *given) {
    struct options options = *given;
    bool spins;
    struct pair *pair = run(&options, &spins);
    double seconds = (double)pair->client.elapsed_ns / 1e9;
    report_begin("pingpong", &options, spins);
    json_number("seconds", seconds);
    json_number("messages_per_second", (double)options.count / seconds);
    report_end("rtt_ns", pair);
}
