#include "endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "failure.h"
#include "measure.h"

enum { CONNECT_PATIENCE_S = 10, BACKLOG = 4096 };

static const char *file_to_remove;

static void remove_file(void) { unlink(file_to_remove); }

socklen_t endpoint_address(const char *address, struct sockaddr_un *result) {
    size_t length = strlen(address);
    if ((address[0] != '/' && address[0] != '@') || length < 2)
        fail(EXIT_USAGE, "an address is /absolute/path or @abstract-name, not \"%s\"", address);
    if (length >= sizeof result->sun_path) fail(EXIT_USAGE, "the address is too long: %s", address);
    memset(result, 0, sizeof *result);
    result->sun_family = AF_UNIX;
    memcpy(result->sun_path, address, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (address[0] == '/') return size + 1;
    result->sun_path[0] = '\0';
    return size;
}

static int open_socket(void) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail_system("socket");
    return descriptor;
}

int endpoint_listen(const char *address) {
    struct sockaddr_un name;
    socklen_t size = endpoint_address(address, &name);
    int descriptor = open_socket();
    if (bind(descriptor, (struct sockaddr *)&name, size) < 0) fail_system(address);
    if (address[0] == '/') {
        file_to_remove = address;
        atexit(remove_file);
    }
    if (listen(descriptor, BACKLOG) < 0) fail_system("listen");
    return descriptor;
}

int endpoint_connect(const char *address) {
    struct sockaddr_un name;
    socklen_t size = endpoint_address(address, &name);
    int descriptor = open_socket();
    uint64_t end = now_ns() + CONNECT_PATIENCE_S * UINT64_C(1000000000);
    while (connect(descriptor, (struct sockaddr *)&name, size) < 0) {
        if ((errno != EAGAIN && errno != EINTR) || now_ns() > end) fail_system(address);
        usleep(1000); /* poll would return at once: a Unix socket has no event for room in a listener's queue */
    }
    return descriptor;
}

void endpoint_set_nonblocking(int socket, int nonblocking) {
    int flags = fcntl(socket, F_GETFL);
    if (flags < 0 || fcntl(socket, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
        fail_system("fcntl");
}

unsigned endpoint_raise_limit(unsigned needed) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) fail_system("getrlimit");
    if (limit.rlim_max < needed)
        fail(EXIT_SYSTEM, "%u descriptors are needed, the limit is %llu", needed, (unsigned long long)limit.rlim_max);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) fail_system("setrlimit");
    return limit.rlim_max > 1 << 20 ? 1 << 20 : (unsigned)limit.rlim_max;
}
