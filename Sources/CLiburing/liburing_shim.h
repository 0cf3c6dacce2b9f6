#ifndef CLIBURING_SHIM_H
#define CLIBURING_SHIM_H

/* liburing's header uses cpu_set_t and friends, which glibc shows under _GNU_SOURCE only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <liburing.h>

#endif
