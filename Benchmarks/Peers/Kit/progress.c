/* When the meters run, and the bookkeeping of volleys, which is the same on both sides. */
#include "../../Sources/CBenchmark/include/CBenchmark.h"
#include "state.h"

void kit_measure_start(struct kit *kit) {
    if (kit->call_counter >= 0 && bench_call_counter_enable(kit->call_counter) < 0) kit->call_counter = -1;
    meter_start(&kit->meter);
    kit->now = kit->meter.elapsed_ns;
    kit->measuring = true;
}

void kit_measure_stop(struct kit *kit, uint64_t messages) {
    meter_stop(&kit->meter);
    int64_t calls = kit->call_counter >= 0 ? bench_call_counter_read(kit->call_counter) : -1;
    if (calls < 0) kit->call_counter = -1;
    else kit->kernel_calls = (uint64_t)calls;
    kit->meter.messages = messages;
    kit->measuring = false;
    kit->finished = true;
}

void kit_volley_start(struct kit *kit) {
    const struct kit_options *options = &kit->options;
    kit->open = true;
    if (kit->volley == kit->warm_volleys) kit_measure_start(kit);
    kit->sent = kit->handled = 0;
    kit->confirmed = false;
    if (options->scenario == BURST) kit->total = options->burst;
    else kit->total = kit->volley < kit->warm_volleys ? options->warm_up : options->count;
}

void kit_volley_end(struct kit *kit) {
    kit->open = false;
    kit->volley++;
    if (kit->volley < kit->volleys) return;
    kit_measure_stop(kit, kit->options.scenario == BURST ? kit->options.count * kit->options.burst : kit->options.count);
}
