/* The parts of the tool that the kit shares: the counter of system calls and the watchdog. */
#include "../../Sources/CBenchmark/CBenchmark.c"
