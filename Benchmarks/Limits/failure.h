/* How a program ends that cannot go on. Every exit status has one meaning. */
#pragma once

enum exit_status {
    EXIT_SYSTEM = 1, /* a system call failed */
    EXIT_WIRE = 2,   /* a message was lost, torn or reordered */
    EXIT_USAGE = 64, /* wrong arguments */
};

/* `what` failed with errno. */
_Noreturn void fail_system(const char *what);

/* For interfaces that return -errno. */
_Noreturn void fail_result(const char *what, int result);

_Noreturn void fail(enum exit_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
