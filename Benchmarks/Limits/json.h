/* One JSON object on one line of standard output. */
#pragma once

#include "measure.h"

void json_begin(const char *scenario);
void json_text(const char *name, const char *value);
void json_integer(const char *name, uint64_t value);
void json_number(const char *name, double value);
void json_quantiles(const char *name, const struct histogram *histogram);
/* "value:count value:count ..." of all buckets that are not empty. */
void json_histogram(const char *name, const struct histogram *histogram);
/* What one process has used. */
void json_meter(const struct meter *meter);
void json_end(void);

/* Fields named <name> and <name>_client, <name>_server, <name> being their sum. */
void json_per_message(const struct meter *client, const struct meter *server);
