/* From the command line to the report. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "../../Limits/failure.h"
#include "../../Sources/CBenchmark/include/CBenchmark.h"
#include "state.h"

enum { PATIENCE_S = 10 };

static int stop_descriptor(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0) fail_system("sigprocmask");
    int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) fail_system("signalfd");
    return descriptor;
}

static struct stamps shared_stamps(int descriptor) {
    struct stamps stamps = {.mask = STAMPS - 1};
    if (descriptor < 0) return stamps;
    stamps.slots = mmap(NULL, STAMPS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0);
    if (stamps.slots == MAP_FAILED) fail_system("map the stamps");
    return stamps;
}

/* No larger than needed: each slot is written in turn, and the cache is the program's. */
static struct stamps departures(const struct kit_options *options) {
    uint64_t slots = options->scenario == RATE ? STAMPS : 1;
    while (slots < options->depth) slots *= 2;
    struct stamps stamps = {.slots = calloc(slots, sizeof *stamps.slots), .mask = slots - 1};
    if (stamps.slots == NULL) fail_system("calloc");
    return stamps;
}

static void prepare(struct kit *kit) {
    const struct kit_options *options = &kit->options;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options->cpu >= 0 && bench_pin(options->cpu) < 0) fail(EXIT_USAGE, "--cpu: not allowed to use CPU %d", options->cpu);
    bench_sleep_precisely();
    meter_prepare();
    kit->call_counter = options->counts_calls ? bench_call_counter() : -1;
    kit->stop = options->is_server && kit_serves_many(kit) ? stop_descriptor() : -1;
    if (kit->stop < 0) bench_watchdog_start(PATIENCE_S);
    kit->stamps = shared_stamps(options->stamps);
    kit->departures = departures(options);
    histogram_reset(&kit->times);
    histogram_reset(&kit->connect_times);
    kit->total = options->warm_up + options->count;
    kit->warm_volleys = options->scenario == BURST ? options->warm_up : options->warm_up > 0;
    kit->volleys = kit->warm_volleys + (options->scenario == BURST ? options->count : 1);
    if (!options->is_server && options->warm_up == 0 && !goes_in_volleys(kit)) kit_measure_start(kit);
}

int kit_main(int count, char **arguments, const struct kit_about *about, kit_side server, kit_side client) {
    if (count == 2 && strcmp(arguments[1], "about") == 0) {
        kit_print_about(about);
        return 0;
    }
    static struct kit kit; /* static, since its histograms are large */
    kit.options = kit_options_parse(count, arguments, about);
    prepare(&kit);
    (kit.options.is_server ? server : client)(&kit);
    bench_watchdog_end();
    if (kit.measuring && kit.stop >= 0) kit_measure_stop(&kit, kit.handled);
    if (!kit.finished) fail(EXIT_FAILURE, "the program ended before its work");
    kit_print_report(&kit);
    return 0;
}

void kit_fail(const char *what) { fail(EXIT_FAILURE, "%s", what); }

const char *kit_address(const struct kit *kit) { return kit->options.address; }

bool kit_spins(const struct kit *kit) { return kit->options.spins; }

size_t kit_size(const struct kit *kit) { return kit->options.size; }

uint64_t kit_batch(const struct kit *kit) { return kit->options.batch; }
