#include "report.h"

#include "json.h"

void report_begin(const char *scenario, const struct options *options, bool spins) {
    json_begin(scenario);
    json_text("kind", options->kind);
    json_text("wait", spins ? "spin" : "block");
    json_text("framing", framing_name(options->framing));
    json_integer("size", options->size);
    json_integer("count", options->count);
}

void report_end(const char *times, const struct pair *pair) {
    json_quantiles(times, &pair->times);
    json_histogram("histogram", &pair->times);
    json_per_message(&pair->client, &pair->server);
    json_end();
}
