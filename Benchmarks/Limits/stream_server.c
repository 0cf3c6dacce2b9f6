/* The receiver of a stream whose sender is a program of another library, with a length of four bytes before each message. Checks every byte. */
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "endpoint.h"
#include "inbox.h"
#include "json.h"
#include "stamps.h"

static const char *const kinds[] = {"recv"};

struct receiver {
    struct work work;
    struct inbox inbox;
    struct stamps stamps; /* those of the sender; without slots if there are none */
    struct meter meter;
    struct histogram delays;
};

static struct stamps open_stamps(int memory) {
    if (memory < 0) return (struct stamps){NULL, 0};
    void *slots = mmap(NULL, STAMPS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (slots == MAP_FAILED) fail_system("map the stamps");
    return (struct stamps){slots, STAMPS - 1};
}

static int accept_one(const char *address) {
    int listener = endpoint_listen(address);
    printf("READY\n");
    if (fflush(stdout) != 0) fail_system("write to standard output");
    struct pollfd arrival = {.fd = listener, .events = POLLIN};
    if (poll(&arrival, 1, -1) < 0) fail_system("poll");
    int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (socket < 0) fail_system("accept");
    close(listener);
    return socket;
}

INLINE void take_delay(void *context, uint64_t sequence) {
    if (__builtin_expect(sequence % STREAM_STRIDE != 0, 1)) return;
    struct receiver *receiver = context;
    if (receiver->stamps.slots == NULL) return;
    histogram_add(&receiver->delays, now_ns() - stamps_take(&receiver->stamps, sequence / STREAM_STRIDE));
}

static void receive_messages(struct receiver *receiver, uint64_t count) {
    for (uint64_t sequence = 0; sequence < count;) {
        size_t received = inbox_receive(&receiver->inbox, &receiver->work.channel);
        inbox_check(U32_HOST, &receiver->inbox, received, receiver->work.options->size, &sequence, take_delay, receiver);
        if (sequence > count) fail(EXIT_WIRE, "%llu messages came, not %llu", (unsigned long long)sequence, (unsigned long long)count);
    }
}

/* A message like the others: the number of those that came. */
static void confirm(struct receiver *receiver, uint64_t count) {
    unsigned char frame[sizeof(uint32_t) + WORD] = {WORD};
    memcpy(frame + sizeof(uint32_t), &count, WORD);
    channel_send(&receiver->work.channel, frame, sizeof frame);
}

static void print_report(const struct receiver *receiver) {
    json_begin("stream-server");
    json_text("kind", receiver->work.options->kind);
    json_meter(&receiver->meter);
    json_integer("library_system_calls", receiver->meter.system_calls);
    if (receiver->delays.count > 0) {
        json_quantiles("times", &receiver->delays);
        json_histogram("histogram", &receiver->delays);
    }
    json_end();
}

void stream_server(const struct options *options) {
    static struct receiver receiver;
    kind_index(options, kinds, sizeof kinds / sizeof *kinds);
    pin_to_cpu(options->server_cpu);
    meter_prepare();
    receiver.work = (struct work){.options = options, .wire_size = frame_size(U32_HOST, options->size)};
    receiver.stamps = open_stamps(options->stamps);
    inbox_open(&receiver.inbox, &receiver.work);
    channel_open(&receiver.work.channel, accept_one(options->address), BY_RECV, false);

    receive_messages(&receiver, options->warm_up);
    histogram_reset(&receiver.delays);
    receiver.meter.messages = options->count;
    /* Before the confirmation: after it the sender sends what is measured. */
    meter_start(&receiver.meter);
    confirm(&receiver, options->warm_up);
    receive_messages(&receiver, options->count);
    confirm(&receiver, options->count);
    meter_stop(&receiver.meter);

    inbox_close(&receiver.inbox);
    channel_close(&receiver.work.channel);
    print_report(&receiver);
}
