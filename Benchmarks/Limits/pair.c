#include "pair.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"

void pin_to_cpu(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0) fail_system("sched_setaffinity");
}

static void start_side(pair_side *side, int cpu, int own_socket, int other_socket, struct pair *pair) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) fail_system("fork");
    if (child > 0) return;
    /* A side that spins would outlive a parent that was killed. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail_system("prctl");
    if (getppid() != parent) exit(EXIT_SYSTEM);
    close(other_socket); /* else the end of the other side would not end the stream */
    pin_to_cpu(cpu);
    meter_prepare();
    side(own_socket, pair);
    exit(EXIT_SUCCESS);
}

struct pair *pair_run(const struct options *options, pair_side *client, pair_side *server) {
    struct pair *pair = mmap(NULL, sizeof *pair, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pair == MAP_FAILED) fail_system("mmap");
    pair->options = options;
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) fail_system("socketpair");
    start_side(client, options->client_cpu, sockets[0], sockets[1], pair);
    start_side(server, options->server_cpu, sockets[1], sockets[0], pair);
    close(sockets[0]);
    close(sockets[1]);
    /* A broken message outranks the end of stream that the other side sees because of it. */
    int worst = EXIT_SUCCESS;
    for (int ended = 0; ended < 2;) {
        int status;
        if (wait(&status) < 0) {
            if (errno == EINTR) continue;
            fail_system("wait");
        }
        ended++;
        int side = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SYSTEM;
        if (side > worst) worst = side;
    }
    if (worst != EXIT_SUCCESS) exit(worst);
    return pair;
}
