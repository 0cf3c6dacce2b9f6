#include "options.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "failure.h"

enum {
    PIN = 1 << 0,
    SIZE = 1 << 1,
    COUNT = 1 << 2,
    FRAMING = 1 << 3,
    KIND = 1 << 4,
    STREAM = 1 << 5, /* --batch, --ring */
    LISTEN = 1 << 6,
    CONNECT = 1 << 7,
    FANIN = 1 << 8, /* --connections, --seconds */
    DEPTH = 1 << 9,
    BURST = 1 << 10,
    RATE = 1 << 11, /* --rate, --schedule, --direction, --seed */
    GUEST = 1 << 12, /* --warmup, --stamps */
    MAPPING = 1 << 13,
    EXCHANGE = PIN | SIZE | COUNT | FRAMING | KIND,
};

static const struct {
    const char *name;
    int accepts, needs;
} commands[] = {
    {"pingpong", EXCHANGE | MAPPING, KIND},
    {"stream", EXCHANGE | STREAM | MAPPING, KIND},
    {"depth", EXCHANGE | DEPTH, KIND},
    {"burst", EXCHANGE | STREAM | BURST, KIND},
    {"rate", EXCHANGE | STREAM | RATE, KIND},
    {"connect", EXCHANGE, KIND},
    {"fanin-server", PIN | FRAMING | KIND | LISTEN, KIND | LISTEN},
    {"fanin-client", PIN | SIZE | FRAMING | CONNECT | FANIN, CONNECT},
    {"parse", PIN | SIZE, 0},
    {"copy", PIN | SIZE | COUNT, 0},
    {"stream-server", PIN | SIZE | COUNT | KIND | LISTEN | GUEST, COUNT | KIND | LISTEN},
};

static const struct {
    const char *name;
    int option;
} names[] = {
    {"--pin", PIN},       {"--size", SIZE},       {"--count", COUNT},       {"--framing", FRAMING},
    {"--kind", KIND},     {"--batch", STREAM},    {"--ring", STREAM},       {"--listen", LISTEN},
    {"--connect", CONNECT}, {"--connections", FANIN}, {"--seconds", FANIN},   {"--depth", DEPTH},
    {"--burst", BURST},   {"--rate", RATE},       {"--schedule", RATE},     {"--direction", RATE},
    {"--seed", RATE},     {"--warmup", GUEST},    {"--stamps", GUEST},    {"--mapping", MAPPING},
};

static uint64_t parse_integer(const char *name, const char *text, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least || value > most)
        fail(EXIT_USAGE, "%s: a whole number from %llu to %llu, not \"%s\"", name, (unsigned long long)least,
             (unsigned long long)most, text);
    return value;
}

static double parse_number(const char *name, const char *text, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value <= 0 || value > most)
        fail(EXIT_USAGE, "%s: a number above 0 and up to %g, not \"%s\"", name, most, text);
    return value;
}

/* Whether it is the second of the two words. */
static bool parse_choice(const char *name, const char *text, const char *first, const char *second) {
    if (strcmp(text, second) == 0) return true;
    if (strcmp(text, first) != 0) fail(EXIT_USAGE, "%s: %s or %s, not \"%s\"", name, first, second, text);
    return false;
}

static int parse_cpu(const char *text, size_t length, const cpu_set_t *allowed) {
    char digits[8] = "";
    if (length < sizeof digits) memcpy(digits, text, length);
    int cpu = (int)parse_integer("--pin", digits, 0, CPU_SETSIZE - 1);
    if (!CPU_ISSET(cpu, allowed)) fail(EXIT_USAGE, "--pin: CPU %d is not among those allowed to this process", cpu);
    return cpu;
}

/* One CPU is for whichever side this process is; of two, the first is the client's. */
static void parse_pin(const char *text, const cpu_set_t *allowed, struct options *options) {
    const char *comma = strchr(text, ',');
    options->client_cpu = parse_cpu(text, comma == NULL ? strlen(text) : (size_t)(comma - text), allowed);
    options->server_cpu = comma == NULL ? options->client_cpu : parse_cpu(comma + 1, strlen(comma + 1), allowed);
}

static void choose_cpus(const cpu_set_t *allowed, struct options *options) {
    int found = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
        if (!CPU_ISSET(cpu, allowed)) continue;
        if (found++ == 0) options->client_cpu = cpu;
        options->server_cpu = cpu;
    }
}

static void parse_rate_option(const char *name, const char *value, struct options *options) {
    if (strcmp(name, "--rate") == 0) options->per_second = parse_number(name, value, 1e9);
    else if (strcmp(name, "--schedule") == 0) options->random = parse_choice(name, value, "fixed", "poisson");
    else if (strcmp(name, "--direction") == 0) options->round_trip = parse_choice(name, value, "one-way", "round-trip");
    else options->seed = parse_integer(name, value, 0, UINT64_MAX);
}

static void parse_option(int option, const char *name, const char *value, const cpu_set_t *allowed,
                         struct options *options) {
    switch (option) {
    case PIN: parse_pin(value, allowed, options); break;
    case SIZE: options->size = parse_integer(name, value, 1, LARGEST_PAYLOAD); break;
    case COUNT: options->count = parse_integer(name, value, 1, UINT64_MAX / 2); break;
    case FRAMING: options->framing = parse_choice(name, value, framing_name(NATIVE), framing_name(U32_HOST)) ? U32_HOST : NATIVE; break;
    case KIND: options->kind = value; break;
    case LISTEN:
    case CONNECT: options->address = value; break;
    case DEPTH: options->depth = parse_integer(name, value, 1, 65536); break;
    case BURST: options->burst = parse_integer(name, value, 1, INT32_MAX); break;
    case RATE: parse_rate_option(name, value, options); break;
    case STREAM: {
        size_t bytes = parse_integer(name, value, 64, 1 << 30);
        *(name[2] == 'b' ? &options->batch : &options->receive_ring) = bytes;
        break;
    }
    case MAPPING: options->writable = parse_choice(name, value, "read-only", "writable"); break;
    case GUEST:
        if (name[2] == 'w') options->warm_up = parse_integer(name, value, 0, UINT64_MAX / 2);
        else options->stamps = (int)parse_integer(name, value, 0, INT32_MAX);
        break;
    case FANIN:
        if (name[2] == 'c') options->connections = (unsigned)parse_integer(name, value, 1, 100000);
        else options->seconds = parse_number(name, value, 3600);
        break;
    }
}

struct options options_parse(int count, char **arguments) {
    if (count < 2) fail(EXIT_USAGE, "usage: pingpong | stream | depth | burst | rate | connect | fanin-server | fanin-client | parse | copy | stream-server, and options");
    struct options options = {
        .command = arguments[1], .framing = NATIVE, .size = 64, .batch = DEFAULT_BATCH,
        .connections = 16, .seconds = 1, .depth = 16, .burst = 100, .per_second = 10000, .seed = 1, .stamps = -1,
    };
    size_t command = 0, commands_count = sizeof commands / sizeof *commands;
    while (command < commands_count && strcmp(commands[command].name, options.command) != 0) command++;
    if (command == commands_count) fail(EXIT_USAGE, "unknown command \"%s\"", options.command);

    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) fail_system("sched_getaffinity");
    choose_cpus(&allowed, &options);

    int given = 0;
    for (int i = 2; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--json") == 0) continue; /* part of the common options; nothing else is ever printed */
        size_t at = 0, names_count = sizeof names / sizeof *names;
        while (at < names_count && strcmp(names[at].name, name) != 0) at++;
        if (at == names_count || (names[at].option & commands[command].accepts) == 0)
            fail(EXIT_USAGE, "%s: no option \"%s\"", options.command, name);
        if (i + 1 == count) fail(EXIT_USAGE, "%s needs a value", name);
        parse_option(names[at].option, name, arguments[++i], &allowed, &options);
        given |= names[at].option;
    }
    for (size_t at = 0; at < sizeof names / sizeof *names; at++)
        if ((names[at].option & commands[command].needs & ~given) != 0)
            fail(EXIT_USAGE, "%s needs %s", options.command, names[at].name);
    if ((given & MAPPING) != 0 && strncmp(options.kind, "shared", strlen("shared")) != 0)
        fail(EXIT_USAGE, "--mapping is for shared memory, not for --kind %s", options.kind);
    return options;
}

const char *framing_name(enum framing framing) { return framing == NATIVE ? "native" : "u32host"; }

size_t kind_index(const struct options *options, const char *const kinds[], size_t count) {
    char known[200] = "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(kinds[i], options->kind) == 0) return i;
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", kinds[i]);
    }
    fail(EXIT_USAGE, "--kind: one of %s; not \"%s\"", known, options->kind);
}
