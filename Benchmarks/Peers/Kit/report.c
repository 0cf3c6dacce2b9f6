#include <stdio.h>

#include "../../Limits/json.h"
#include "state.h"

static void print_list(const char *name, const char *words, const char *quote) {
    printf(",\"%s\":[%s", name, *words == '\0' ? "" : quote);
    for (const char *at = words; *at != '\0'; at++) {
        if (*at == ' ') printf("%s,%s", quote, quote);
        else putchar(*at);
    }
    printf("%s]", *words == '\0' ? "" : quote);
}

void kit_print_about(const struct kit_about *about) {
    printf("{\"peer\":\"%s\"", about->peer);
    json_text("version", about->version);
    print_list("waits", about->spins ? "block spin" : "block", "\"");
    print_list("scenarios", about->scenarios, "\"");
    print_list("batches", about->batches, "");
    json_text("options", about->options);
    json_end();
}

void kit_print_report(const struct kit *kit) {
    const struct meter *meter = &kit->meter;
    json_begin(kit_scenario_name(kit->options.scenario));
    json_integer("messages", meter->messages);
    json_number("seconds", (double)meter->elapsed_ns / 1e9);
    json_integer("cpu_ns", meter->cpu_ns);
    json_integer("voluntary_switches", meter->voluntary_switches);
    json_integer("involuntary_switches", meter->involuntary_switches);
    json_integer("migrations", meter->migrations);
    json_integer("peak_rss_bytes", meter->peak_rss_bytes);
    if (kit->call_counter >= 0) json_integer("system_calls", kit->kernel_calls);
    if (kit->connect_times.count > 0) json_quantiles("connect_times", &kit->connect_times);
    if (kit->times.count > 0) {
        json_quantiles("times", &kit->times);
        json_histogram("histogram", &kit->times);
    }
    json_end();
}
