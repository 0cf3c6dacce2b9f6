/* One process sends messages back to back; the other checks every byte of them. */
#include <stdlib.h>

#include "commands.h"
#include "inbox.h"
#include "json.h"
#include "shared.h"
#include "stamps.h"

static const char *const kinds[] = {"recv", "epoll", "uring", "bytes", "shared", "shared-block"};
static const enum interface interfaces[] = {BY_RECV, BY_EPOLL, BY_RING, BY_RECV};

enum { KINDS = sizeof kinds / sizeof *kinds, BYTES = 3, SHARED = 4, SHARED_BLOCK = 5 };

#define DEFAULT_VOLUME (UINT64_C(4) << 30)

struct run {
    struct channel channel;
    const struct options *options;
    size_t kind, wire_size;
    uint64_t warm_up, total;
};

static struct run run_start(struct pair *pair) {
    const struct options *options = pair->options;
    struct run run = {
        .options = options,
        .kind = kind_index(options, kinds, KINDS),
        .wire_size = frame_size(options->framing, options->size),
        .warm_up = options->count / 10 + 1,
    };
    run.total = run.warm_up + options->count;
    return run;
}

/* ---- the sender */

/* One message in STREAM_STRIDE has the time of the call that sends it. */
INLINE void stamp(const struct stamps *stamps, uint64_t first, uint64_t end) {
    for (uint64_t s = (first + STREAM_STRIDE - 1) / STREAM_STRIDE; s * STREAM_STRIDE < end; s++)
        stamps_set(stamps, s, now_ns());
}

INLINE void send_messages(enum framing framing, struct run *run, struct pair *pair) {
    struct meter *meter = &pair->client;
    struct stamps stamps = pair_stamps(pair);
    size_t size = run->options->size, wire_size = run->wire_size;
    size_t per_batch = run->options->batch / wire_size;
    if (per_batch == 0) per_batch = 1;
    unsigned char *batch = work_memory(per_batch * wire_size);
    bool measuring = false;
    for (uint64_t sequence = 0; sequence < run->total;) {
        if (!measuring && sequence >= run->warm_up) {
            measuring = true;
            meter->messages = run->total - sequence;
            meter_start(meter);
        }
        size_t count = per_batch < run->total - sequence ? per_batch : (size_t)(run->total - sequence);
        unsigned char *end = batch;
        for (size_t i = 0; i < count; i++) {
            frame_encode(framing, end, size, sequence++);
            end += wire_size;
        }
        stamp(&stamps, sequence - count, sequence);
        channel_send(&run->channel, batch, (size_t)(end - batch));
    }
    if (measuring) meter_stop(meter);
    free(batch);
}

static void send_bytes(struct run *run, struct meter *meter) {
    size_t batch_size = run->options->batch;
    unsigned char *batch = work_memory(batch_size);
    uint64_t warm_up = run->warm_up * run->wire_size, total = run->total * run->wire_size;
    bool measuring = false;
    for (uint64_t sent = 0; sent < total;) {
        if (!measuring && sent >= warm_up) {
            measuring = true;
            meter->messages = (total - sent) / run->wire_size;
            meter_start(meter);
        }
        size_t count = batch_size < total - sent ? batch_size : (size_t)(total - sent);
        channel_send(&run->channel, batch, count);
        sent += count;
    }
    if (measuring) meter_stop(meter);
    free(batch);
}

static void sender(int socket, struct pair *pair) {
    struct run run = run_start(pair);
    /* With epoll only the receiver differs: beside space there is nothing that a sender would wait for. */
    channel_open(&run.channel, socket, run.kind == BY_RING ? BY_RING : BY_RECV, false);
    if (run.kind == BYTES) send_bytes(&run, &pair->client);
    else if (run.options->framing == NATIVE) send_messages(NATIVE, &run, pair);
    else send_messages(U32_HOST, &run, pair);
    channel_close(&run.channel);
}

/* ---- the receiver */

INLINE void take_delay(void *context, uint64_t sequence) {
    if (__builtin_expect(sequence % STREAM_STRIDE != 0, 1)) return;
    struct pair *pair = context;
    struct stamps stamps = pair_stamps(pair);
    uint64_t now = now_ns();
    histogram_add(&pair->times, now - stamps_take(&stamps, sequence / STREAM_STRIDE));
}

INLINE void receive_messages(enum framing framing, struct run *run, struct pair *pair) {
    struct work work = {.options = run->options, .wire_size = run->wire_size};
    struct inbox inbox;
    inbox_open(&inbox, &work);
    histogram_reset(&pair->times);
    bool measuring = false;
    for (uint64_t sequence = 0; sequence < run->total;) {
        if (!measuring && sequence >= run->warm_up) {
            measuring = true;
            histogram_reset(&pair->times);
            pair->server.messages = run->total - sequence;
            meter_start(&pair->server);
        }
        size_t received = inbox_receive(&inbox, &run->channel);
        inbox_check(framing, &inbox, received, run->options->size, &sequence, take_delay, pair);
    }
    if (measuring) meter_stop(&pair->server);
    inbox_close(&inbox);
}

static void receive_bytes(struct run *run, struct meter *meter) {
    size_t batch_size = run->options->batch;
    unsigned char *batch = work_memory(batch_size);
    uint64_t warm_up = run->warm_up * run->wire_size, total = run->total * run->wire_size;
    bool measuring = false;
    for (uint64_t received = 0; received < total;) {
        if (!measuring && received >= warm_up) {
            measuring = true;
            meter->messages = (total - received) / run->wire_size;
            meter_start(meter);
        }
        received += channel_receive(&run->channel, batch, batch_size);
    }
    if (measuring) meter_stop(meter);
    free(batch);
}

static void receiver(int socket, struct pair *pair) {
    struct run run = run_start(pair);
    channel_open(&run.channel, socket, interfaces[run.kind], false);
    if (run.kind == BYTES) receive_bytes(&run, &pair->server);
    else if (run.options->framing == NATIVE) receive_messages(NATIVE, &run, pair);
    else receive_messages(U32_HOST, &run, pair);
    channel_close(&run.channel);
}

/* ---- in shared memory */

/* Made before the two processes are. */
static struct shared_ring shared;

static void shared_sender(int socket, struct pair *pair) {
    struct run run = run_start(pair);
    struct meter *meter = &pair->client;
    struct stamps stamps = pair_stamps(pair);
    struct producer producer = {.socket = socket, .blocks = run.kind == SHARED_BLOCK, .ring = shared};
    /* An eighth at most, as the reader gives it back: so that both can be at work. */
    size_t batch = run.options->batch < shared.size / 8 ? run.options->batch : shared.size / 8;
    for (uint64_t sequence = 0; sequence < run.total; sequence++) {
        if (sequence == run.warm_up) {
            meter->messages = run.total - sequence;
            meter_start(meter);
        }
        unsigned char *frame = producer_reserve(&producer, run.wire_size);
        frame_encode_marked(frame, run.options->size, sequence, producer_draft(&producer));
        if (__builtin_expect(sequence % STREAM_STRIDE == 0, 0)) stamps_set(&stamps, sequence / STREAM_STRIDE, now_ns());
        producer.position += run.wire_size;
        if (producer.position - producer.published >= batch) producer_publish_stream(&producer);
    }
    producer_publish(&producer);
    meter_stop(meter);
}

static void shared_receiver(int socket, struct pair *pair) {
    struct run run = run_start(pair);
    struct consumer consumer = {.socket = socket, .blocks = run.kind == SHARED_BLOCK, .ring = shared};
    shared_protect(run.options, &shared);
    histogram_reset(&pair->times);
    bool measuring = false;
    for (uint64_t sequence = 0; sequence < run.total;) {
        if (!measuring && sequence >= run.warm_up) {
            measuring = true;
            histogram_reset(&pair->times);
            pair->server.messages = run.total - sequence;
            meter_start(&pair->server);
        }
        size_t count = consumer_wait(&consumer);
        if (check_frames(NATIVE, consumer_front(&consumer), count, run.options->size, &sequence, take_delay, pair) != count)
            fail(EXIT_WIRE, "a part of a message was published");
        consumer_release(&consumer, count);
    }
    if (measuring) meter_stop(&pair->server);
}

static struct pair *shared_run(const struct options *options) {
    shared_blocks(options);
    shared = shared_open(options, 8 * frame_size(NATIVE, options->size));
    return pair_run(options, shared_sender, shared_receiver);
}

void stream(const struct options *given) {
    struct options options = *given;
    size_t kind = kind_index(&options, kinds, KINDS);
    bool is_shared = kind == SHARED || kind == SHARED_BLOCK;
    if (options.count == 0) options.count = DEFAULT_VOLUME / frame_size(options.framing, options.size);

    struct pair *pair = is_shared ? shared_run(&options) : pair_run(&options, sender, receiver);
    double seconds = (double)pair->server.elapsed_ns / 1e9;
    double rate = seconds > 0 ? (double)pair->server.messages / seconds : 0;
    json_begin("stream");
    json_text("kind", options.kind);
    json_text("wait", kind == SHARED ? "spin" : "block");
    json_text("framing", framing_name(options.framing));
    json_integer("size", options.size);
    json_integer("count", pair->server.messages);
    json_integer("batch", options.batch);
    json_number("seconds", seconds);
    json_number("messages_per_second", rate);
    json_number("bytes_per_second", rate * (double)options.size);
    if (pair->times.count > 0) {
        json_quantiles("delay_ns", &pair->times);
        json_histogram("histogram", &pair->times);
    }
    json_per_message(&pair->client, &pair->server);
    json_end();
}
