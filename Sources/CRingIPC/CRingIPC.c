#define _GNU_SOURCE 1 /* accept4, ppoll, mremap, epoll_pwait2, struct ucred */
#include "CRingIPC.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <stdio.h>

socklen_t ringipc_address(struct sockaddr_un *address, const void *name, size_t length, bool abstract) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    /* A path keeps room for its ending zero; an abstract name for its leading one. */
    if (length == 0 || length + 1 > sizeof address->sun_path) return 0;
    memcpy(address->sun_path + (abstract ? 1 : 0), name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

int ringipc_bind(int descriptor, const void *name, size_t length, bool abstract) {
    struct sockaddr_un address;
    socklen_t size = ringipc_address(&address, name, length, abstract);
    if (size == 0) return -ENAMETOOLONG;
    return (int)ringipc_result(bind(descriptor, (struct sockaddr *)&address, size));
}

int ringipc_connect(int descriptor, const void *name, size_t length, bool abstract) {
    struct sockaddr_un address;
    socklen_t size = ringipc_address(&address, name, length, abstract);
    if (size == 0) return -ENAMETOOLONG;
    return (int)ringipc_result(connect(descriptor, (struct sockaddr *)&address, size));
}

int ringipc_accept(int listener) { return (int)ringipc_result(accept4(listener, NULL, NULL, SOCK_CLOEXEC)); }

static int name_of(const struct sockaddr_un *address, socklen_t size, void *name, bool *abstract) {
    if (address->sun_family != AF_UNIX) return -EAFNOSUPPORT;
    size_t length = size > offsetof(struct sockaddr_un, sun_path) ? size - offsetof(struct sockaddr_un, sun_path) : 0;
    if (length > sizeof address->sun_path) length = sizeof address->sun_path;
    *abstract = length > 0 && address->sun_path[0] == '\0';
    if (*abstract) {
        memcpy(name, address->sun_path + 1, length - 1);
        return (int)(length - 1);
    }
    length = strnlen(address->sun_path, length);
    memcpy(name, address->sun_path, length);
    return (int)length;
}

int ringipc_local_name(int descriptor, void *name, bool *abstract) {
    struct sockaddr_un address;
    socklen_t size = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) < 0) return -errno;
    return name_of(&address, size, name, abstract);
}

int ringipc_peer_name(int descriptor, void *name, bool *abstract) {
    struct sockaddr_un address;
    socklen_t size = sizeof address;
    if (getpeername(descriptor, (struct sockaddr *)&address, &size) < 0) return -errno;
    return name_of(&address, size, name, abstract);
}

int ringipc_set_nonblocking(int descriptor, bool nonblocking) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -errno;
    int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return wanted == flags ? 0 : (int)ringipc_result(fcntl(descriptor, F_SETFL, wanted));
}

int ringipc_set_send_timeout(int descriptor, int64_t nanoseconds) {
    int64_t microseconds = nanoseconds <= 0 ? 0 : nanoseconds < 1000 ? 1 : nanoseconds / 1000;
    struct timeval timeout = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
    return (int)ringipc_result(setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout));
}

int ringipc_has_peer(int descriptor) {
    struct sockaddr_un address;
    socklen_t size = sizeof address;
    return (int)ringipc_result(getpeername(descriptor, (struct sockaddr *)&address, &size));
}

ssize_t ringipc_send_descriptor(int descriptor, const void *buffer, size_t count, int passed) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
    struct iovec piece = {.iov_base = (void *)buffer, .iov_len = count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    return ringipc_result(sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* SCM_MAX_FD of the kernel: with room for all, none is closed by recvmsg itself, on our thread. */
#define MOST_DESCRIPTORS 253

ssize_t ringipc_receive_descriptor(int descriptor, void *buffer, size_t count, int flags, int *passed) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec piece = {.iov_base = buffer, .iov_len = count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *passed = -1;
    ssize_t result = ringipc_result(recvmsg(descriptor, &message, flags | MSG_CMSG_CLOEXEC));
    if (result < 0) return result;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t total = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < total; index++) {
            int found;
            memcpy(&found, CMSG_DATA(part) + index * sizeof found, sizeof found);
            if (*passed == -1) {
                *passed = found;
                continue;
            }
            ringipc_close_elsewhere(found);
            if (*passed >= 0) ringipc_close_elsewhere(*passed);
            *passed = -2;
        }
    }
    return result;
}

static void *close_it(void *descriptor) {
    close((int)(intptr_t)descriptor);
    return NULL;
}

void ringipc_close_elsewhere(int descriptor) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    /* Without a thread it is better to wait than to keep what nobody asked for. */
    if (pthread_create(&thread, &attributes, close_it, (void *)(intptr_t)descriptor) != 0) close(descriptor);
    pthread_attr_destroy(&attributes);
}

int ringipc_open_name(const char *path) { return (int)ringipc_result(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC)); }

int ringipc_set_named_mode(int descriptor, mode_t mode) {
    /* fchmod(2) refuses O_PATH descriptors, and fchmodat(2) would look the path up again; this link is the file itself. */
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    return (int)ringipc_result(chmod(link, mode));
}

int ringipc_set_close_on_exec(int descriptor) {
    int flags = fcntl(descriptor, F_GETFD);
    if (flags < 0) return -errno;
    return (int)ringipc_result(fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC));
}

int ringipc_socket_option(int descriptor, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, option, &value, &size) < 0) return -errno;
    return value;
}

int ringipc_set_socket_option(int descriptor, int option, int value) {
    return (int)ringipc_result(setsockopt(descriptor, SOL_SOCKET, option, &value, sizeof value));
}

int ringipc_peer_credentials(int descriptor, pid_t *process, uid_t *user, gid_t *group) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -errno;
    *process = credentials.pid;
    *user = credentials.uid;
    *group = credentials.gid;
    return 0;
}

static struct timespec timespec_of(int64_t nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
}

/* Rounded up: a wait that ends early would only turn round and wait again. */
static int milliseconds_of(int64_t nanoseconds) {
    if (nanoseconds < 0) return -1;
    if (nanoseconds > (int64_t)INT32_MAX * 1000000) return INT32_MAX;
    return (int)((nanoseconds + 999999) / 1000000);
}

int ringipc_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_nanoseconds) {
    if (timeout_nanoseconds > 0 && timeout_nanoseconds % 1000000 != 0) {
        struct timespec timeout = timespec_of(timeout_nanoseconds);
        int count = epoll_pwait2(epoll, events, capacity, &timeout, NULL);
        if (count >= 0 || errno != ENOSYS) return (int)ringipc_result(count);
    }
    return (int)ringipc_result(epoll_wait(epoll, events, capacity, milliseconds_of(timeout_nanoseconds)));
}

int ringipc_poll(int descriptor, short events, int64_t timeout_nanoseconds) {
    struct pollfd watched = {.fd = descriptor, .events = events};
    struct timespec timeout = timespec_of(timeout_nanoseconds < 0 ? 0 : timeout_nanoseconds);
    int count = ppoll(&watched, 1, timeout_nanoseconds < 0 ? NULL : &timeout, NULL);
    if (count < 0) return -errno;
    return count == 0 ? 0 : watched.revents;
}

int ringipc_poll_peer_closed(void) { return POLLRDHUP; }

void *ringipc_map(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* An old size of zero makes a second mapping of the same shared pages (mremap(2)): no descriptor is needed. */
static bool map_twice(char *memory, size_t size) {
    return mmap(memory, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED
        && mremap(memory, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, memory + size) != MAP_FAILED;
}

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* 6.3 */
#endif

int ringipc_memory_file(size_t size) {
    /* Where vm.memfd_noexec is 2 only files that can never be executed may be made; an older kernel does not know the flag. */
    int file = memfd_create("ringipc", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL) file = memfd_create("ringipc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -errno;
    if (ftruncate(file, (off_t)size) == 0) return file;
    int error = errno;
    close(file);
    return -error;
}

/* The usual way, for kernels that are none (valgrind, gVisor) and do not know the other. */
static bool map_twice_from_file(char *memory, size_t size) {
    int file = ringipc_memory_file(size);
    if (file < 0) {
        errno = -file;
        return false;
    }
    bool is_mapped = mmap(memory, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED
        && mmap(memory + size, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED;
    int error = errno;
    close(file);
    errno = error;
    return is_mapped;
}

void *ringipc_map_mirrored(size_t size) {
    /* Address space for both halves first, so that nothing else can be placed in between. */
    char *memory = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    if (map_twice(memory, size) || map_twice_from_file(memory, size)) return memory;
    int error = errno;
    munmap(memory, 2 * size);
    errno = error;
    return NULL;
}

void *ringipc_remap(void *memory, size_t old_size, size_t new_size) {
    void *moved = mremap(memory, old_size, new_size, MREMAP_MAYMOVE);
    return moved == MAP_FAILED ? NULL : moved;
}

int ringipc_add_seals(int descriptor, int seals) { return (int)ringipc_result(fcntl(descriptor, F_ADD_SEALS, seals)); }

int ringipc_seals(int descriptor) { return (int)ringipc_result(fcntl(descriptor, F_GET_SEALS)); }

int64_t ringipc_file_system(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) < 0 ? -errno : (int64_t)status.f_type;
}

int ringipc_map_segment(int descriptor, size_t head, size_t ring, bool writable, void **memory) {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    size_t size = head + 2 * ring;
    /* Address space for all first, so that nothing else can be placed in between. */
    char *start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return -errno;
    if (mmap(start, head + ring, protection, MAP_SHARED | MAP_FIXED, descriptor, 0) == MAP_FAILED
        || mmap(start + head + ring, ring, protection, MAP_SHARED | MAP_FIXED, descriptor, (off_t)head) == MAP_FAILED) {
        int error = errno;
        munmap(start, size);
        return -error;
    }
    *memory = start;
    return 0;
}

int ringipc_map_file(int descriptor, size_t size, bool writable, void **memory) {
    void *start = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor, 0);
    if (start == MAP_FAILED) return -errno;
    *memory = start;
    return 0;
}

struct io_uring_buf_ring *ringipc_buffer_ring(struct io_uring *ring, unsigned entries, int group, int *error) {
    /* liburing has io_uring_setup_buf_ring from 2.4 on; these are its two steps. */
    size_t size = entries * sizeof(struct io_uring_buf);
    struct io_uring_buf_ring *buffers = ringipc_map(size);
    if (buffers == NULL) {
        *error = -errno;
        return NULL;
    }
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)buffers, .ring_entries = entries, .bgid = (uint16_t)group};
    int result = io_uring_register_buf_ring(ring, &registration, 0);
    if (result < 0) {
        munmap(buffers, size);
        *error = result;
        return NULL;
    }
    io_uring_buf_ring_init(buffers);
    *error = 0;
    return buffers;
}

int ringipc_unread_bytes(int descriptor) {
    int count = 0;
    return ioctl(descriptor, SIOCOUTQ, &count) < 0 ? -errno : count;
}
