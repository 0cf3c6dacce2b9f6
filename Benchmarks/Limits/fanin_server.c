/* The echo server of many clients: start, end, and what it has used in between. */
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "commands.h"
#include "endpoint.h"
#include "failure.h"
#include "fanin.h"
#include "json.h"
#include "pair.h"

static const char *const kinds[] = {"epoll", "uring"};

static int stop_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0) fail_system("sigprocmask");
    int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) fail_system("signalfd");
    return descriptor;
}

void fanin_server(const struct options *options) {
    size_t kind = kind_index(options, kinds, sizeof kinds / sizeof *kinds);
    pin_to_cpu(options->server_cpu);
    struct echo_server server = {
        .stop = stop_signals(),
        .most_descriptors = endpoint_raise_limit(64),
        .listener = endpoint_listen(options->address),
        .framing = options->framing,
    };
    printf("READY\n");
    if (fflush(stdout) != 0) fail_system("write to standard output");

    struct meter meter;
    meter_start(&meter);
    (kind == 0 ? serve_by_epoll : serve_by_ring)(&server);
    meter_stop(&meter);
    close(server.listener);
    close(server.stop);

    double messages = server.messages > 0 ? (double)server.messages : 1;
    json_begin("fanin-server");
    json_text("kind", options->kind);
    json_text("framing", framing_name(options->framing));
    json_integer("messages", server.messages);
    json_number("cpu_ns_per_message", (double)meter.cpu_ns / messages);
    json_number("system_calls_per_message", (double)meter.system_calls / messages);
    json_integer("context_switches", meter.voluntary_switches + meter.involuntary_switches);
    json_integer("peak_rss_bytes", meter.peak_rss_bytes);
    json_end();
}
