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
    json_begin(kit_scenario_name(kit->options.scenario));
    json_meter(&kit->meter);
    if (kit->call_counter >= 0) json_integer("system_calls", kit->kernel_calls);
    if (kit->connect_times.count > 0) json_quantiles("connect_times", &kit->connect_times);
    if (kit->times.count > 0) {
        json_quantiles("times", &kit->times);
        json_histogram("histogram", &kit->times);
    }
    json_end();
}
