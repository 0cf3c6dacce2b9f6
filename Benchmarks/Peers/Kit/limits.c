/* The parts of the limits that the kit shares. Included, so that the kit is one folder for every build system. */
#define _GNU_SOURCE
#include "../../Limits/failure.c"
#include "../../Limits/json.c"
#include "../../Limits/measure.c"
#include "../../Limits/schedule.c"
