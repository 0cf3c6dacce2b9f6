/* What the reports of the exchanges have in common. */
#pragma once

#include "pair.h"

/* The scenario, and how it was done; the fields of the scenario itself follow. */
void report_begin(const char *scenario, const struct options *options, bool spins);

/* The times, under the name that they have in this scenario, and what both sides spent. */
void report_end(const char *times, const struct pair *pair);
