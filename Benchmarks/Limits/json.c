#include "json.h"

#include <inttypes.h>
#include <stdio.h>

#include "failure.h"

void json_begin(const char *scenario) { printf("{\"scenario\":\"%s\"", scenario); }

void json_text(const char *name, const char *value) { printf(",\"%s\":\"%s\"", name, value); }

void json_integer(const char *name, uint64_t value) { printf(",\"%s\":%" PRIu64, name, value); }

void json_number(const char *name, double value) { printf(",\"%s\":%.9g", name, value); }

void json_quantiles(const char *name, const struct histogram *histogram) {
    static const struct {
        const char *name;
        double quantile;
    } members[] = {{"min", 0}, {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}, {"max", 1}};
    printf(",\"%s\":", name);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        printf("%s\"%s\":%" PRIu64, i == 0 ? "{" : ",", members[i].name,
               histogram_quantile(histogram, members[i].quantile));
    printf("}");
}

void json_histogram(const char *name, const struct histogram *histogram) {
    printf(",\"%s\":\"", name);
    const char *separator = "";
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        if (histogram->buckets[bucket] == 0) continue;
        printf("%s%" PRIu64 ":%" PRIu64, separator, histogram_bucket_value(bucket), histogram->buckets[bucket]);
        separator = " ";
    }
    printf("\"");
}

void json_meter(const struct meter *meter) {
    json_integer("messages", meter->messages);
    json_number("seconds", (double)meter->elapsed_ns / 1e9);
    json_integer("cpu_ns", meter->cpu_ns);
    json_integer("voluntary_switches", meter->voluntary_switches);
    json_integer("involuntary_switches", meter->involuntary_switches);
    json_integer("migrations", meter->migrations);
    json_integer("peak_rss_bytes", meter->peak_rss_bytes);
}

void json_end(void) {
    printf("}\n");
    if (fflush(stdout) != 0 || ferror(stdout)) fail_system("write to standard output");
}

static double per_message(uint64_t amount, const struct meter *meter) {
    return meter->messages == 0 ? 0 : (double)amount / (double)meter->messages;
}

void json_per_message(const struct meter *client, const struct meter *server) {
    double client_cpu = per_message(client->cpu_ns, client), server_cpu = per_message(server->cpu_ns, server);
    json_number("cpu_ns_per_message", client_cpu + server_cpu);
    json_number("cpu_ns_per_message_client", client_cpu);
    json_number("cpu_ns_per_message_server", server_cpu);
    double client_calls = per_message(client->system_calls, client);
    double server_calls = per_message(server->system_calls, server);
    json_number("system_calls_per_message", client_calls + server_calls);
    json_number("system_calls_per_message_client", client_calls);
    json_number("system_calls_per_message_server", server_calls);
    uint64_t client_switches = client->voluntary_switches + client->involuntary_switches;
    uint64_t server_switches = server->voluntary_switches + server->involuntary_switches;
    json_integer("context_switches", client_switches + server_switches);
    json_integer("context_switches_client", client_switches);
    json_integer("context_switches_server", server_switches);
    json_integer("involuntary_switches", client->involuntary_switches + server->involuntary_switches);
    json_integer("migrations", client->migrations + server->migrations);
    uint64_t larger = client->peak_rss_bytes > server->peak_rss_bytes ? client->peak_rss_bytes : server->peak_rss_bytes;
    json_integer("peak_rss_bytes", larger);
}
