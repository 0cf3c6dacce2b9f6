#include "shared.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "measure.h"

bool shared_blocks(const struct options *options) {
    const char *kind = options->kind;
    bool blocks = strcmp(kind, "shared-block") == 0;
    if (!blocks && options->client_cpu == options->server_cpu)
        fail(EXIT_USAGE, "%s needs two CPUs: one process would spin while the other waits for its turn", kind);
    if (options->framing != NATIVE) fail(EXIT_USAGE, "%s needs --framing native: others do not keep frames aligned", kind);
    return blocks;
}

static void *shared_page(size_t size) {
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) fail_system("mmap");
    return page;
}

struct shared_ring shared_open(const struct options *options, size_t least) {
    size_t wanted = options->receive_ring ? options->receive_ring : SHARED_RING, pages = 4096;
    while (pages < least || pages < wanted) pages *= 2;
    struct shared_ring ring = {.size = pages, .write = shared_page(sizeof *ring.write), .words = shared_page(sizeof *ring.words)};
    ring.bytes = mmap(NULL, 2 * pages, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring.bytes == MAP_FAILED) fail_system("mmap");
    int file = memfd_create("ringipc-limits", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)pages) < 0) fail_system("memfd_create");
    for (int half = 0; half < 2; half++)
        if (mmap(ring.bytes + (size_t)half * pages, pages, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
            fail_system("mmap");
    close(file);
    memset(ring.bytes, 0, pages); /* touched before anything is measured */
    return ring;
}

void shared_protect(const struct options *options, const struct shared_ring *ring) {
    if (options->writable) return;
    if (mprotect(ring->bytes, 2 * ring->size, PROT_READ) < 0 || mprotect(ring->write, sizeof *ring->write, PROT_READ) < 0)
        fail_system("mprotect");
}

void shared_require_peer(int socket) {
    char byte;
    if (recv(socket, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) == 0) fail(EXIT_SYSTEM, "the other side ended too early");
}

void shared_ring_bell(int socket) {
    char byte = 0;
    if (COUNTED(send(socket, &byte, sizeof byte, MSG_NOSIGNAL)) != sizeof byte) fail_system("send");
}

void shared_await_bell(int socket) {
    char byte;
    ssize_t received = COUNTED(recv(socket, &byte, sizeof byte, 0));
    if (received < 0) fail_system("recv");
    if (received == 0) fail(EXIT_SYSTEM, "the other side ended too early");
}
