#define _GNU_SOURCE
#include "include/CBenchmark.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int64_t result(int64_t value) { return value < 0 ? -(int64_t)errno : value; }

/* ---- CPUs ---- */

int bench_allow_cpus(const int *cpus, int count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < count; i++) CPU_SET(cpus[i], &set);
    return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

int bench_pin(int cpu) {
    if (cpu < 0 || cpu >= CPU_SETSIZE) return -EINVAL;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return (int)result(sched_setaffinity(0, sizeof set, &set));
}

int bench_allowed_cpus(int *cpus, int capacity) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0) return -errno;
    int count = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && count < capacity; cpu++)
        if (CPU_ISSET(cpu, &set)) cpus[count++] = cpu;
    return count;
}

/* ---- time ---- */

uint64_t bench_cpu_nanoseconds_of(pid_t process) {
    clockid_t clock;
    struct timespec now;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &now) < 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_sleep_precisely(void) { prctl(PR_SET_TIMERSLACK, 1ul); }

void bench_sleep_until(uint64_t nanoseconds) {
    struct timespec end = {.tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR) {}
}

/* ---- raw sockets ---- */

int bench_allow_descriptors(unsigned count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    if (limit.rlim_cur >= count) return 0;
    limit.rlim_cur = count;
    if (limit.rlim_max < count) limit.rlim_max = count;
    return (int)result(setrlimit(RLIMIT_NOFILE, &limit));
}

int bench_connect(const char *address) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = strlen(address);
    if (length > sizeof name.sun_path - 1) return -ENAMETOOLONG;
    memcpy(name.sun_path, address, length);
    bool is_abstract = address[0] == '@';
    if (is_abstract) name.sun_path[0] = '\0';
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    /* The zero byte that ends a path is part of the address, and would be part of an abstract name. */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract);
    if (connect(descriptor, (struct sockaddr *)&name, size) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

/* ---- memory of both processes ---- */

int bench_shared_memory(size_t bytes) {
    int memory = memfd_create("stamps", 0);
    if (memory < 0) return -errno;
    if (ftruncate(memory, (off_t)bytes) < 0) {
        int error = errno;
        close(memory);
        return -error;
    }
    return memory;
}

void *bench_map_shared(int memory, size_t bytes) {
    void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory, 0);
    return place == MAP_FAILED ? NULL : place;
}

/* ---- processes ---- */

pid_t bench_spawn(const char *path, char *const arguments[], int *output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    pid_t parent = getpid();
    /* fork and not posix_spawn: the death signal has to be set between the two calls. */
    pid_t child = fork();
    if (child < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return -error;
    }
    if (child == 0) {
        /* Only async-signal-safe calls from here on: another thread may have held a lock at the fork. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(ends[1], STDOUT_FILENO);
        execv(path, arguments);
        _exit(127);
    }
    close(ends[1]);
    *output = ends[0];
    return child;
}

/* ---- system calls, counted by the kernel ---- */

/* Reads a small number from a file of tracefs below `root`. */
static int64_t read_number(int root, const char *path) {
    int file = openat(root, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    char text[32] = {0};
    ssize_t length = read(file, text, sizeof text - 1);
    int error = errno;
    close(file);
    return length < 0 ? -error : strtoll(text, NULL, 10);
}

/*
 * The number of the tracepoint that every system call passes. tracefs need not be mounted: a detached instance of it serves, seen
 * by nobody else and gone with its descriptor (fsmount(2), Linux 5.2).
 */
static int64_t tracepoint_number(void) {
    static const char path[] = "events/raw_syscalls/sys_enter/id";
    int root = open("/sys/kernel/tracing", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root >= 0) {
        int64_t number = read_number(root, path);
        close(root);
        if (number > 0) return number;
    }
    int context = fsopen("tracefs", FSOPEN_CLOEXEC);
    if (context < 0) return -errno;
    int64_t number = result(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    if (number >= 0) {
        root = fsmount(context, FSMOUNT_CLOEXEC, 0);
        number = root < 0 ? -errno : read_number(root, path);
        if (root >= 0) close(root);
    }
    close(context);
    return number;
}

int bench_call_counter(void) {
    int64_t number = tracepoint_number();
    if (number < 0) return (int)number;
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_TRACEPOINT,
        .size = sizeof attributes,
        .config = (uint64_t)number,
        .disabled = 1,
        .inherit = 1,
    };
    return (int)result(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

int bench_call_counter_enable(int counter) { return (int)result(ioctl(counter, PERF_EVENT_IOC_ENABLE, 0)); }

int64_t bench_call_counter_read(int counter) {
    /* The call that stops the counter is the last one counted. */
    if (ioctl(counter, PERF_EVENT_IOC_DISABLE, 0) < 0) return -errno;
    uint64_t count = 0;
    if (read(counter, &count, sizeof count) < 0) return -errno;
    return count > 0 ? (int64_t)count - 1 : 0;
}

/* ---- signals ---- */

/*
 * Handlers, not threads that wait: in a process with a second thread the kernel counts references of every descriptor that a
 * system call uses, which costs a server about 8 % (measured on `fanin`), and the C programs have one thread.
 */

static void catch_signal(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(number, &action, NULL);
}

static volatile sig_atomic_t end_requested;

static void request_end(int number) {
    (void)number;
    end_requested = 1;
}

void bench_catch_end_signals(void) {
    catch_signal(SIGTERM, request_end);
    catch_signal(SIGINT, request_end);
}

void bench_release_end_signals(void) {
    catch_signal(SIGTERM, SIG_DFL);
    catch_signal(SIGINT, SIG_DFL);
    end_requested = 0;
}

bool bench_end_requested(void) { return end_requested; }

volatile uint64_t bench_progress;
static uint64_t last_progress = UINT64_MAX;
static unsigned watchdog_seconds;

static void look_at_progress(int number) {
    (void)number;
    if (bench_progress == last_progress) {
        static const char text[] = ": no progress for a while: a message was lost\n";
        ssize_t ignored = write(STDERR_FILENO, program_invocation_short_name, strlen(program_invocation_short_name));
        ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        _exit(1);
    }
    last_progress = bench_progress;
    alarm(watchdog_seconds);
}

void bench_watchdog_start(unsigned seconds) {
    watchdog_seconds = seconds;
    last_progress = UINT64_MAX;
    catch_signal(SIGALRM, look_at_progress);
    alarm(seconds);
}

void bench_watchdog_end(void) { alarm(0); }
