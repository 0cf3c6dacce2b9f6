/*
 * What a benchmark needs of the kernel and Swift's Glibc module cannot express: CPU masks, performance counters, and a child that
 * cannot outlive its parent. Each call returns its result, or the negated errno.
 */
#ifndef CBENCHMARK_H
#define CBENCHMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

static inline uint64_t bench_nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
static inline uint64_t bench_monotonic_nanoseconds(void) { return bench_nanoseconds(CLOCK_MONOTONIC); }
/* User and system time of all threads of this process. */
static inline uint64_t bench_cpu_nanoseconds(void) { return bench_nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

/* ---- CPUs ---- */

/* Binds the calling thread, and those that it starts later, to one CPU. */
int bench_pin(int cpu);
/* Lets the calling thread use these CPUs again. */
int bench_allow_cpus(const int *cpus, int count);
/* Writes the numbers of the CPUs that the calling thread may use, ascending. Returns their count. */
int bench_allowed_cpus(int *cpus, int capacity);

/* ---- time ---- */

/* User and system time of another process, or 0 when it is gone. */
uint64_t bench_cpu_nanoseconds_of(pid_t process);
/* Lets sleeps of the calling thread end as precisely as the timer can; the kernel's default may add 50 microseconds. */
void bench_sleep_precisely(void);
/* Sleeps until the monotonic clock shows so many nanoseconds. */
void bench_sleep_until(uint64_t nanoseconds);

/* ---- raw sockets ---- */

/* Raises the soft limit of descriptors, for programs started from now on too. */
int bench_allow_descriptors(unsigned count);
/* A blocking stream socket connected to "@abstract-name" or to a path. */
int bench_connect(const char *address);

/* ---- memory of both processes ---- */

/* Memory of so many bytes, all zero. Programs that are started from now on inherit the descriptor. */
int bench_shared_memory(size_t bytes);
/* It in the address space of this process; NULL where it cannot be. */
void *bench_map_shared(int memory, size_t bytes);
/* What was written before the one is seen after the other. */
static inline void bench_store_release(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline uint64_t bench_load_acquire(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

/* ---- processes ---- */

/*
 * Starts a program with the environment of this one, its standard output in a pipe whose reading end is left in `*output`. The
 * kernel kills it when the calling thread ends, for whatever reason, so that no interrupted run leaves a process behind.
 */
pid_t bench_spawn(const char *path, char *const arguments[], int *output);

/* ---- signals ---- */

/* SIGTERM and SIGINT only set a flag from now on. */
void bench_catch_end_signals(void);
bool bench_end_requested(void);
/* They end the process again; what was requested is forgotten. */
void bench_release_end_signals(void);

/* Ends the process with a failure when `bench_progress` has not changed for so many seconds. */
extern volatile uint64_t bench_progress;
void bench_watchdog_start(unsigned seconds);
void bench_watchdog_end(void);
static inline void bench_note_progress(uint64_t message) { bench_progress = message; }

/* ---- system calls, counted by the kernel ---- */

/*
 * A disabled counter of the system calls of this process and of the threads and processes that it starts from now on. Needs the
 * number of a tracepoint, which only a privileged process can read.
 */
int bench_call_counter(void);
int bench_call_counter_enable(int counter);
/* Stops it and returns the count. */
int64_t bench_call_counter_read(int counter);

#endif
