/*
 * The works `pingpong` and `stream` on Tachyon, whose messages travel in shared memory, too: as tight as its C interface lets a program be. Both
 * sides spin. Every message is written in place and verified there; an answer is verified, and then copied as an echo.
 *
 *     ringipc-rival-tachyon pingpong|stream SIZE COUNT
 *
 * Prints one line of JSON with the names of `ringipc-limits`.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tachyon.h>
#include <unistd.h>

#include "../Limits/failure.h"
#include "../Limits/measure.h"
#include "../Sources/CBenchmark/include/CBenchmark.h"

enum { ARENA_BYTES = 2 << 20, DRAINED = 64, CLIENT_CPU = 0, SERVER_CPU = 1 };

/* Tachyon's buses carry messages one way. */
struct buses {
    tachyon_bus_t *questions, *answers;
};

struct work {
    size_t size;
    uint64_t warm_up, total;
};

static void pin(int cpu) {
    int result = bench_pin(cpu);
    if (result < 0) fail_result("sched_setaffinity", result);
}

/* The mode in which nobody sleeps, and nobody looks whether the other side does. */
static tachyon_bus_t *listen_at(const char *path) {
    tachyon_bus_t *bus;
    if (tachyon_bus_listen(path, ARENA_BYTES, &bus) != TACHYON_SUCCESS) fail(EXIT_SYSTEM, "tachyon_bus_listen: %s", path);
    tachyon_bus_set_polling_mode(bus, 1);
    return bus;
}

static tachyon_bus_t *connect_to(const char *path) {
    tachyon_bus_t *bus;
    while (tachyon_bus_connect(path, &bus) != TACHYON_SUCCESS) usleep(1000);
    tachyon_bus_set_polling_mode(bus, 1);
    return bus;
}

INLINE unsigned char *room_for(tachyon_bus_t *bus, size_t size) {
    void *room;
    while ((room = tachyon_acquire_tx(bus, size)) == NULL) __builtin_ia32_pause();
    return room;
}

INLINE void verify(const void *message, size_t length, const struct work *work, uint64_t sequence) {
    if (length != work->size || content_difference(message, length, sequence) != 0)
        fail(EXIT_WIRE, "message %llu is not what was sent", (unsigned long long)sequence);
}

INLINE void ask(const struct buses *buses, const struct work *work, uint64_t sequence) {
    content_fill(room_for(buses->questions, work->size), work->size, sequence);
    tachyon_commit_tx(buses->questions, work->size, 0);
}

/* ---- pingpong */

static void answer_all(const struct buses *buses, const struct work *work) {
    for (uint64_t i = 0; i < work->total; i++) {
        uint32_t type;
        size_t length;
        const void *question = tachyon_acquire_rx_spin(buses->questions, &type, &length, 0);
        verify(question, length, work, i);
        memcpy(room_for(buses->answers, length), question, length);
        tachyon_commit_tx(buses->answers, length, 0);
        tachyon_flush(buses->answers);
        tachyon_commit_rx(buses->questions);
    }
}

static void measure_round_trips(const struct buses *buses, const struct work *work) {
    static struct histogram times;
    histogram_reset(&times);
    uint64_t before = now_ns();
    for (uint64_t i = 0; i < work->total; i++) {
        ask(buses, work, i);
        tachyon_flush(buses->questions);
        uint32_t type;
        size_t length;
        const void *answer = tachyon_acquire_rx_spin(buses->answers, &type, &length, 0);
        verify(answer, length, work, i);
        tachyon_commit_rx(buses->answers);
        uint64_t now = now_ns();
        if (i >= work->warm_up) histogram_add(&times, now - before);
        before = now;
    }
    printf("{\"rtt_ns\":{\"p50\":%llu}}\n", (unsigned long long)histogram_quantile(&times, 0.5));
}

/* ---- stream */

static void take_all(const struct buses *buses, const struct work *work) {
    tachyon_msg_view_t views[DRAINED];
    for (uint64_t i = 0; i < work->total;) {
        size_t count = tachyon_drain_batch(buses->questions, views, DRAINED, UINT32_MAX);
        for (size_t j = 0; j < count; j++) verify(views[j].ptr, views[j].actual_size, work, i++);
        tachyon_commit_rx_batch(buses->questions, views, count);
    }
    memset(room_for(buses->answers, WORD), 0, WORD);
    tachyon_commit_tx(buses->answers, WORD, 0);
    tachyon_flush(buses->answers);
}

static void measure_stream(const struct buses *buses, const struct work *work) {
    uint64_t start = 0;
    for (uint64_t i = 0; i < work->total; i++) {
        if (i == work->warm_up) start = now_ns();
        ask(buses, work, i);
    }
    tachyon_flush(buses->questions);
    uint32_t type;
    size_t length;
    tachyon_acquire_rx_spin(buses->answers, &type, &length, 0);
    double seconds = (double)(now_ns() - start) / 1e9;
    tachyon_commit_rx(buses->answers);
    printf("{\"messages_per_second\":%.0f}\n", (double)(work->total - work->warm_up) / seconds);
}

/* ---- both sides */

static void close_buses(const struct buses *buses) {
    tachyon_bus_destroy(buses->questions);
    tachyon_bus_destroy(buses->answers);
}

int main(int count, char **arguments) {
    bool streams = count == 4 && strcmp(arguments[1], "stream") == 0;
    if (count != 4 || (!streams && strcmp(arguments[1], "pingpong") != 0))
        fail(EXIT_USAGE, "usage: %s pingpong|stream SIZE COUNT", arguments[0]);
    uint64_t measured = strtoull(arguments[3], NULL, 10);
    struct work work = {.size = strtoul(arguments[2], NULL, 10), .warm_up = measured / 10 + 1000};
    work.total = work.warm_up + measured;
    if (work.size == 0 || measured == 0) fail(EXIT_USAGE, "SIZE and COUNT are numbers from 1 on");

    char folder[] = "/tmp/ringipc-rival-XXXXXX", questions[64], answers[64];
    if (mkdtemp(folder) == NULL) fail_system("mkdtemp");
    snprintf(questions, sizeof questions, "%s/questions", folder);
    snprintf(answers, sizeof answers, "%s/answers", folder);

    pid_t server = fork();
    if (server < 0) fail_system("fork");
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(SERVER_CPU);
        struct buses buses = {.questions = listen_at(questions)};
        buses.answers = connect_to(answers);
        (streams ? take_all : answer_all)(&buses, &work);
        /* The client has the last answer to read before this side goes, and then ends it. */
        pause();
    }
    pin(CLIENT_CPU);
    struct buses buses = {.questions = connect_to(questions)};
    buses.answers = listen_at(answers);
    (streams ? measure_stream : measure_round_trips)(&buses, &work);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    close_buses(&buses);
    unlink(questions), unlink(answers), rmdir(folder);
    return 0;
}
