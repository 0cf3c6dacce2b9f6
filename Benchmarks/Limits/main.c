#include "commands.h"
#include "failure.h"

static const struct {
    const char *name;
    void (*run)(const struct options *options);
} commands[] = {
    {"pingpong", pingpong},         {"stream", stream},
    {"depth", depth},               {"burst", burst},
    {"rate", rate},                 {"connect", connect_scenario},
    {"fanin-server", fanin_server}, {"fanin-client", fanin_client},
    {"parse", parse},               {"stream-server", stream_server},
    {"copy", copy},
};

int main(int count, char **arguments) {
    struct options options = options_parse(count, arguments);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, options.command) == 0) commands[i].run(&options);
    return 0;
}
