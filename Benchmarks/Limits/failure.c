#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail_system(const char *what) { fail(EXIT_SYSTEM, "%s: %s", what, strerror(errno)); }

void fail_result(const char *what, int result) { fail(EXIT_SYSTEM, "%s: %s", what, strerror(-result)); }

void fail(enum exit_status status, const char *format, ...) {
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, message);
    exit(status);
}
