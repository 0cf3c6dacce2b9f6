/*
 * The kernel as Swift sees it: liburing, and the calls that Swift's Glibc module cannot express.
 *
 * No policy lives here. Each call returns its result, or the negated errno: errno is read on the same line as the call, so
 * that nothing can run in between and change it.
 */
#ifndef CRINGIPC_H
#define CRINGIPC_H

/* Without _GNU_SOURCE: it changes fd_set, and Swift refuses two modules whose structures differ. Calls that need it are in the .c file. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Kernel ABI that Debian's liburing 2.3 does not name. Values are frozen by the kernel; none of them changes the ring's layout. */
#ifndef IORING_RECV_MULTISHOT
#define IORING_RECV_MULTISHOT (1U << 1) /* 6.0 */
#endif
#ifndef IORING_ACCEPT_MULTISHOT
#define IORING_ACCEPT_MULTISHOT (1U << 0) /* 5.19 */
#endif
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12) /* 6.0 */
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13) /* 6.1 */
#endif

/* Seals of a memory file (fcntl(2)), which glibc shows under _GNU_SOURCE only. */
#ifndef F_SEAL_SEAL
#define F_SEAL_SEAL 0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW 0x0004
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* 5.1 */
#endif
#ifndef TMPFS_MAGIC
#define TMPFS_MAGIC 0x01021994 /* statfs(2) */
#endif

static inline ssize_t ringipc_result(ssize_t result) { return result < 0 ? -(ssize_t)errno : result; }

/* ---- sockets ---- */

static inline int ringipc_socket_stream(void) {
    return (int)ringipc_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static inline int ringipc_socketpair(int descriptors[2]) {
    return (int)ringipc_result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors));
}

/* Only to ask whether any socket is bound to a name: connecting it to a stream socket is EPROTOTYPE (unix(7)), and the other
 * side does not notice. */
static inline int ringipc_socket_datagram(void) {
    return (int)ringipc_result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

/* How many bytes of sun_path a name may have; one of them is the zero that ends a path or begins an abstract name. */
static inline size_t ringipc_address_capacity(void) { return sizeof(((struct sockaddr_un *)0)->sun_path); }

/* Fills `address` and returns its length, or 0 when the name does not fit. An abstract name is exact: no padding (unix(7)). */
socklen_t ringipc_address(struct sockaddr_un *address, const void *name, size_t length, bool abstract);

int ringipc_bind(int descriptor, const void *name, size_t length, bool abstract);
int ringipc_connect(int descriptor, const void *name, size_t length, bool abstract);
/* The bytes of the socket's own name are written to `name` (at least ringipc_address_capacity() bytes). Returns their count. */
int ringipc_local_name(int descriptor, void *name, bool *abstract);
/* The same for the socket at the other end. */
int ringipc_peer_name(int descriptor, void *name, bool *abstract);

static inline int ringipc_listen(int descriptor, int backlog) { return (int)ringipc_result(listen(descriptor, backlog)); }
int ringipc_accept(int listener);
static inline int ringipc_shutdown(int descriptor, int how) { return (int)ringipc_result(shutdown(descriptor, how)); }
static inline int ringipc_close(int descriptor) { return (int)ringipc_result(close(descriptor)); }
static inline ssize_t ringipc_receive(int descriptor, void *buffer, size_t count, int flags) {
    return ringipc_result(recv(descriptor, buffer, count, flags));
}
/* A peer that is gone is an error to handle, never a signal: MSG_NOSIGNAL on every send (send(2)). */
static inline ssize_t ringipc_send(int descriptor, const void *buffer, size_t count, int flags) {
    return ringipc_result(send(descriptor, buffer, count, flags | MSG_NOSIGNAL));
}
static inline ssize_t ringipc_send_vectored(int descriptor, struct iovec *pieces, size_t count, int flags) {
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return ringipc_result(sendmsg(descriptor, &message, flags | MSG_NOSIGNAL));
}
/* Sends bytes and, with the first of them, a descriptor (SCM_RIGHTS, unix(7)). The kernel says EPERM when the peer refuses descriptors. */
ssize_t ringipc_send_descriptor(int descriptor, const void *buffer, size_t count, int passed);
/* Receives; without waiting if MSG_DONTWAIT is among the flags. A descriptor that came with the bytes, close-on-exec, is written to `*passed`,
 * else -1. The kernel does not join bytes behind a descriptor to those before it, so there is one at most for an honest peer: several
 * are closed elsewhere, and give -2. */
ssize_t ringipc_receive_descriptor(int descriptor, void *buffer, size_t count, int flags, int *passed);
/* Closes a descriptor of unknown kind, by a thread of its own: a peer can pass a file whose close(2) lasts as long as it likes (a socket with
 * SO_LINGER, a file of a FUSE file system). */
void ringipc_close_elsewhere(int descriptor);
int ringipc_set_nonblocking(int descriptor, bool nonblocking);
/* SO_SNDTIMEO, which bounds connect(2) too (socket(7)). Zero waits for ever; anything shorter than a microsecond is one. */
int ringipc_set_send_timeout(int descriptor, int64_t nanoseconds);
/* 0 when the socket has a peer, else -ENOTCONN. */
int ringipc_has_peer(int descriptor);
int ringipc_set_close_on_exec(int descriptor);
/* SO_PASSRIGHTS off (6.16): the kernel refuses descriptors that a peer passes, with EPERM at the peer. Received and dropped they would be
 * closed on our thread, and closing a socket with SO_LINGER lasts as long as the peer has chosen. Sockets that a listener accepts inherit
 * it. An older kernel does not know the option. */
static inline void ringipc_refuse_descriptors(int descriptor) {
    int off = 0;
    setsockopt(descriptor, SOL_SOCKET, 83, &off, sizeof off);
}
/* SO_TYPE, SO_DOMAIN, SO_ACCEPTCONN, SO_ERROR, SO_SNDBUF, SO_RCVBUF … : an integer option, or the negated errno. */
int ringipc_socket_option(int descriptor, int option);
int ringipc_set_socket_option(int descriptor, int option, int value);
/* SO_PEERCRED: who called connect(2), or listen(2), as the kernel recorded it then (unix(7)). */
int ringipc_peer_credentials(int descriptor, pid_t *process, uid_t *user, gid_t *group);

/* Memory of sent data that the peer has not read (SIOCOUTQ); 0 when it has read everything. */
int ringipc_unread_bytes(int descriptor);

/* ---- files ---- */

static inline int ringipc_open_lock(const char *path) {
    return (int)ringipc_result(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}
static inline int ringipc_lock_exclusive(int descriptor) { return (int)ringipc_result(flock(descriptor, LOCK_EX | LOCK_NB)); }
static inline int ringipc_status(const char *path, struct stat *status) { return (int)ringipc_result(lstat(path, status)); }
static inline int ringipc_descriptor_status(int descriptor, struct stat *status) {
    return (int)ringipc_result(fstat(descriptor, status));
}
static inline int ringipc_status_following(const char *path, struct stat *status) {
    return (int)ringipc_result(stat(path, status));
}
/* A descriptor that only names the file (O_PATH, open(2)): while it is open, the inode number cannot be given to another file. */
int ringipc_open_name(const char *path);
/* chmod(2) of exactly the file that ringipc_open_name() found, whatever its path means by now. Needs /proc. */
int ringipc_set_named_mode(int descriptor, mode_t mode);
static inline int ringipc_set_mode(int descriptor, mode_t mode) { return (int)ringipc_result(fchmod(descriptor, mode)); }
static inline int ringipc_unlink(const char *path) { return (int)ringipc_result(unlink(path)); }

/* ---- waiting and waking ---- */

static inline int ringipc_event(void) { return (int)ringipc_result(eventfd(0, EFD_CLOEXEC)); }
static inline int ringipc_event_signal(int descriptor) {
    uint64_t one = 1;
    return (int)ringipc_result(write(descriptor, &one, sizeof one));
}
static inline int ringipc_event_drain(int descriptor) {
    uint64_t count;
    return (int)ringipc_result(read(descriptor, &count, sizeof count));
}
static inline int ringipc_epoll(void) { return (int)ringipc_result(epoll_create1(EPOLL_CLOEXEC)); }
static inline int ringipc_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return (int)ringipc_result(epoll_ctl(epoll, operation, descriptor, &event));
}
/* Swift lays out the packed epoll_event differently from C, so that its fields are read here. */
static inline uint64_t ringipc_epoll_token(const struct epoll_event *events, size_t index) { return events[index].data.u64; }
static inline uint32_t ringipc_epoll_events(const struct epoll_event *events, size_t index) { return events[index].events; }
/* What epoll_wait would have written, for a double of the kernel. */
static inline void ringipc_epoll_set(struct epoll_event *events, size_t index, uint32_t happened, uint64_t token) {
    events[index] = (struct epoll_event){.events = happened, .data = {.u64 = token}};
}
/* A negative timeout waits for ever. Nanoseconds through epoll_pwait2 where the kernel has it (5.11), else rounded up. */
int ringipc_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_nanoseconds);
/* poll(2) on one descriptor: its returned events, 0 on timeout, or the negated errno. */
int ringipc_poll(int descriptor, short events, int64_t timeout_nanoseconds);

static inline void ringipc_sleep(int64_t nanoseconds) {
    struct timespec pause = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    nanosleep(&pause, NULL);
}
/* Between two looks at a word that another processor writes. */
static inline void ringipc_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}
/*
 * The same for a word that comes at once: half as long as a pause or less. The fences keep the processor from looking ahead, which would only tell it
 * what was there before; the multiplications depend on each other, and leave the core to its other thread.
 */
static inline void ringipc_relax_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    unsigned value = 3;
    __asm__ volatile("lfence\n\t.rept 12\n\timul %0, %0\n\t.endr\n\tlfence" : "+r"(value) : : "memory", "cc");
#else
    ringipc_relax();
#endif
}
/* The cache line there will be read soon. Any address will do: one that is not mapped is passed over. */
static inline void ringipc_prefetch(const void *address) { __builtin_prefetch(address); }
/*
 * A zero into each cache line of `count` bytes but the first. From the end, and every second line before the others: measured, upwards takes up to
 * twice as long. Not unrolled, because most are short.
 */
static inline void ringipc_touch_lines(void *address, long count, long line) {
    volatile char *bytes = address;
#pragma clang loop unroll(disable)
    for (long at = count - line; at >= line; at -= 2 * line) bytes[at] = 0;
#pragma clang loop unroll(disable)
    for (long at = count - 2 * line; at >= line; at -= 2 * line) bytes[at] = 0;
}
/* A time of CLOCK_MONOTONIC. A signal ends it early. */
static inline void ringipc_sleep_until(int64_t nanoseconds) {
    struct timespec end = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}
/* POLLRDHUP, which glibc shows under _GNU_SOURCE only. */
int ringipc_poll_peer_closed(void);

static inline int64_t ringipc_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What a load takes, the clock included: that waits for what was begun before. */
static inline int64_t ringipc_load_nanoseconds(const void *address) {
    int64_t began = ringipc_monotonic_nanoseconds();
    (void)*(const volatile char *)address;
    return ringipc_monotonic_nanoseconds() - began;
}

/* ---- process ---- */

static inline uid_t ringipc_effective_user(void) { return geteuid(); }
static inline pid_t ringipc_process(void) { return getpid(); }
/* NULL when the variable is not set. */
static inline const char *ringipc_environment(const char *name) { return getenv(name); }

/* ---- memory ---- */

/* `size` bytes mapped twice in a row: byte i and byte size + i are the same memory. NULL and errno when it cannot be had. */
void *ringipc_map_mirrored(size_t size);
void *ringipc_map(size_t size);
/* Moves page tables, not bytes (mremap(2)). */
void *ringipc_remap(void *memory, size_t old_size, size_t new_size);
static inline int ringipc_unmap(void *memory, size_t size) { return (int)ringipc_result(munmap(memory, size)); }
/* Gives the pages back to the kernel and keeps the addresses. The memory reads as zero afterwards. */
static inline int ringipc_discard(void *memory, size_t size) { return (int)ringipc_result(madvise(memory, size, MADV_DONTNEED)); }

/* ---- shared memory ---- */

/* A file without a name, of `size` bytes that read as zero and take memory only when they are touched, and that can be sealed (memfd_create(2)). */
int ringipc_memory_file(size_t size);
int ringipc_add_seals(int descriptor, int seals);
/* Its seals, or -EINVAL when it is of a kind that has none. */
int ringipc_seals(int descriptor);
/* The type of the file system that a file is of (statfs(2)): TMPFS_MAGIC for a memory file, unless it is made of huge pages. */
int64_t ringipc_file_system(int descriptor);
/* The first `head` bytes of a file, and behind them the following `ring` bytes twice in a row. Nothing is read or touched. Unmapped as
 * head + 2 * ring bytes. */
int ringipc_map_segment(int descriptor, size_t head, size_t ring, bool writable, void **memory);
/* The first `size` bytes of a file. */
int ringipc_map_file(int descriptor, size_t size, bool writable, void **memory);

/* ---- io_uring ---- */

/* Registers `entries` (a power of two) provided buffers' ring as `group`. NULL, with the negated errno in `*error`. */
struct io_uring_buf_ring *ringipc_buffer_ring(struct io_uring *ring, unsigned entries, int group, int *error);
static inline void ringipc_buffer_add(
    struct io_uring_buf_ring *buffers, void *memory, unsigned length, unsigned short identifier, int mask, int offset) {
    io_uring_buf_ring_add(buffers, memory, length, identifier, mask, offset);
}
static inline void ringipc_buffer_publish(struct io_uring_buf_ring *buffers, int count) {
    io_uring_buf_ring_advance(buffers, count);
}

static inline struct io_uring_cqe *ringipc_completion(struct io_uring *ring, unsigned index) {
    return &ring->cq.cqes[(*ring->cq.khead + index) & *ring->cq.kring_mask];
}
/* Completions that did not fit the queue wait in the kernel until it is entered (IORING_FEAT_NODROP). */
static inline bool ringipc_has_overflow(struct io_uring *ring) {
    return (IO_URING_READ_ONCE(*ring->sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0;
}
/* Every operation of the ring is asked to end (5.19). */
static inline void ringipc_prepare_cancel_all(struct io_uring_sqe *request, uint64_t token) {
    io_uring_prep_cancel64(request, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
    io_uring_sqe_set_data64(request, token);
}

/* Swift does not import the IOSQE_* macros, so requests that need them are prepared here. */
static inline void ringipc_prepare_receive_pooled(
    struct io_uring_sqe *request, int descriptor, int group, bool multishot, uint64_t token) {
    io_uring_prep_recv(request, descriptor, NULL, 0, 0);
    if (multishot) request->ioprio |= IORING_RECV_MULTISHOT;
    request->flags |= IOSQE_BUFFER_SELECT;
    request->buf_group = (uint16_t)group;
    io_uring_sqe_set_data64(request, token);
}
static inline void ringipc_prepare_receive(
    struct io_uring_sqe *request, int descriptor, void *buffer, size_t count, uint64_t token) {
    io_uring_prep_recv(request, descriptor, buffer, count, 0);
    io_uring_sqe_set_data64(request, token);
}
static inline void ringipc_prepare_send(
    struct io_uring_sqe *request, int descriptor, const void *buffer, size_t count, uint64_t token) {
    io_uring_prep_send(request, descriptor, buffer, count, MSG_NOSIGNAL);
    io_uring_sqe_set_data64(request, token);
}
static inline void ringipc_prepare_await_input(struct io_uring_sqe *request, int descriptor, uint64_t token) {
    io_uring_prep_poll_add(request, descriptor, POLLIN);
    io_uring_sqe_set_data64(request, token);
}
static inline void ringipc_prepare_accept(struct io_uring_sqe *request, int listener, bool multishot, uint64_t token) {
    io_uring_prep_accept(request, listener, NULL, NULL, SOCK_CLOEXEC);
    if (multishot) request->ioprio |= IORING_ACCEPT_MULTISHOT;
    io_uring_sqe_set_data64(request, token);
}
static inline void ringipc_prepare_read(
    struct io_uring_sqe *request, int descriptor, void *buffer, unsigned count, uint64_t token) {
    io_uring_prep_read(request, descriptor, buffer, count, 0);
    io_uring_sqe_set_data64(request, token);
}
static inline void ringipc_prepare_cancel(struct io_uring_sqe *request, uint64_t target, uint64_t token) {
    io_uring_prep_cancel64(request, target, 0);
    io_uring_sqe_set_data64(request, token);
}

#endif
