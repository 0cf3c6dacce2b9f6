#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../Limits/failure.h"
#include "state.h"

static const char *const scenario_names[SCENARIOS] = {"pingpong", "depth",   "stream", "burst",
                                                      "rate",     "connect", "fanin",  "idle"};

const char *kit_scenario_name(enum scenario scenario) { return scenario_names[scenario]; }

static bool lists(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return false;
}

static enum scenario parse_scenario(const char *text, const struct kit_about *about) {
    for (enum scenario scenario = 0; scenario < SCENARIOS; scenario++)
        if (strcmp(scenario_names[scenario], text) == 0 && lists(about->scenarios, text)) return scenario;
    fail(EXIT_USAGE, "a scenario of %s is one of: %s; not \"%s\"", about->peer, about->scenarios, text);
}

static uint64_t parse_integer(const char *name, const char *text, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least || value > most)
        fail(EXIT_USAGE, "%s: a whole number from %llu to %llu, not \"%s\"", name, (unsigned long long)least,
             (unsigned long long)most, text);
    return value;
}

static double parse_rate(const char *name, const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < 1 || value > 1e9)
        fail(EXIT_USAGE, "%s: messages a second, from 1 to 1e9, not \"%s\"", name, text);
    return value;
}

/* Whether it is the second of the two words. */
static bool parse_choice(const char *name, const char *text, const char *first, const char *second) {
    if (strcmp(text, second) == 0) return true;
    if (strcmp(text, first) != 0) fail(EXIT_USAGE, "%s: %s or %s, not \"%s\"", name, first, second, text);
    return false;
}

static const char *parse_address(const char *name, const char *text) {
    if (text[0] != '/' || strlen(text) > 100)
        fail(EXIT_USAGE, "%s: an absolute file name of at most 100 bytes, not \"%s\"", name, text);
    return text;
}

enum { MOST = INT32_MAX };

static void parse_option(const char *name, const char *value, struct kit_options *options) {
    if (strcmp(name, "--address") == 0) options->address = parse_address(name, value);
    else if (strcmp(name, "--wait") == 0) options->spins = parse_choice(name, value, "block", "spin");
    else if (strcmp(name, "--size") == 0) options->size = parse_integer(name, value, 1, LARGEST_PAYLOAD);
    else if (strcmp(name, "--count") == 0) options->count = parse_integer(name, value, 1, UINT64_MAX / 4);
    else if (strcmp(name, "--warmup") == 0) options->warm_up = parse_integer(name, value, 0, UINT64_MAX / 4);
    else if (strcmp(name, "--batch") == 0) options->batch = parse_integer(name, value, 1, MOST);
    else if (strcmp(name, "--depth") == 0) options->depth = parse_integer(name, value, 1, STAMPS);
    else if (strcmp(name, "--burst") == 0) options->burst = parse_integer(name, value, 1, MOST);
    else if (strcmp(name, "--rate") == 0) options->per_second = parse_rate(name, value);
    else if (strcmp(name, "--schedule") == 0) options->random = parse_choice(name, value, "fixed", "poisson");
    else if (strcmp(name, "--direction") == 0) options->round_trip = parse_choice(name, value, "one-way", "round-trip");
    else if (strcmp(name, "--seed") == 0) options->seed = parse_integer(name, value, 0, UINT64_MAX);
    else if (strcmp(name, "--cpu") == 0) options->cpu = (int)parse_integer(name, value, 0, CPU_SETSIZE - 1);
    else if (strcmp(name, "--stamps") == 0) options->stamps = (int)parse_integer(name, value, 0, MOST);
    else fail(EXIT_USAGE, "no option \"%s\"", name);
}

static void check(const struct kit_options *options, const struct kit_about *about) {
    enum scenario scenario = options->scenario;
    if (options->address == NULL) fail(EXIT_USAGE, "--address is needed");
    if (options->spins && !about->spins) fail(EXIT_USAGE, "--wait spin: %s has no way to", about->peer);
    if (!options->is_server && (scenario == FANIN || scenario == IDLE))
        fail(EXIT_USAGE, "%s: the client of this scenario is the tool's own", scenario_names[scenario]);
    if (options->stamps < 0 && (scenario == BURST || (scenario == RATE && !options->round_trip)))
        fail(EXIT_USAGE, "%s takes times one way: --stamps is needed", scenario_names[scenario]);
}

struct kit_options kit_options_parse(int count, char **arguments, const struct kit_about *about) {
    if (count < 3) fail(EXIT_USAGE, "usage: about, or server | client, a scenario, and options");
    struct kit_options options = {
        .is_server = !parse_choice("the side", arguments[1], "server", "client"),
        .scenario = parse_scenario(arguments[2], about),
        .size = 64, .count = 10000, .warm_up = 1000, .batch = 1, .depth = 1, .burst = 1, .seed = 1,
        .per_second = 1000, .cpu = -1, .stamps = -1,
    };
    for (int i = 3; i < count; i++) {
        if (strcmp(arguments[i], "--count-system-calls") == 0) {
            options.counts_calls = true;
            continue;
        }
        if (i + 1 == count) fail(EXIT_USAGE, "%s needs a value", arguments[i]);
        parse_option(arguments[i], arguments[i + 1], &options);
        i++;
    }
    if (options.scenario == PINGPONG) options.depth = 1;
    check(&options, about);
    return options;
}
