#!/usr/bin/env python3
"""Results as a full run leaves them, invented: every scenario, every contender. Shapes are plausible, figures mean nothing.

usage: synthetic.py DIR [SEED]
"""
import json
import math
import os
import random
import re
import sys

TRIALS = 7
OURS = ["epoll", "io_uring", "automatic"]
PEERS = {"zeromq": "4.3.4", "nng": "1.5.2", "qt": "6.4.2", "nio": "2.101.2", "libuv": "1.44.2", "asio": "1.22.1"}
SPINNING_PEERS = ["zeromq", "nng", "libuv", "asio"]
MISSING = {"gio": "missing (Debian package libglib2.0-dev)"}
NINES = [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99995, 0.99999]

# Nanoseconds for each message of a stream, for a round trip when spinning, and what a wake-up adds.
SPEED = {
    "epoll": (13, 5_200, 44_000), "io_uring": (13.5, 5_300, 43_000), "automatic": (13.2, 3_600, 42_000),
    "C epoll": (12, 4_800, 43_500), "C uring": (12.1, 4_900, 41_000), "C recv": (12, 3_300, 39_000), "C bytes": (11, 3_300, 39_000),
    "zeromq": (260, 14_000, 95_000), "nng": (2_400, 22_000, 120_000), "qt": (2_100, 19_000, 61_000), "nio": (640, 12_000, 58_000),
    "libuv": (310, 8_000, 47_000), "asio": (12.9, 5_000, 42_500),
}


class Run:
    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        self.folder = folder
        self.lines = []
        os.makedirs(f"{folder}/histograms", exist_ok=True)

    def noise(self, width=0.05):
        return math.exp(self.random.gauss(0, width))

    def times(self, median, tail=0.35):
        """Nanoseconds at each of the shares, rising to the right."""
        steps = [math.exp(tail * n ** 1.4) for n in (-math.log10(1 - share) for share in NINES)]
        return [median * step / steps[1] * self.noise(0.02) for step in steps]

    def summary(self, values):
        at = dict(zip(NINES, values))
        return {"min": int(at[0]), "p50": int(at[0.5]), "p90": int(at[0.9]), "p99": int(at[0.99]), "p99_9": int(at[0.999]),
                "max": int(values[-1] * 1.5)}

    def case(self, title, contenders, result, histogram_of=None):
        for trial in range(1, TRIALS + 1):
            for contender in contenders:
                fields = {"case": title, "contender": contender, "trial": trial, "framing": "native", "size": 64}
                fields |= result(contender)
                name = re.sub("-(block|spin)$", "", contender)
                if name in OURS:
                    fields["backend"] = name
                    limit = "C " + {"epoll": "epoll", "io_uring": "uring"}.get(name, "recv")
                    fields["limit"] = next((other for other in contenders if other.startswith(limit)), limit)
                elif name.startswith("C "):
                    fields["kind"] = contender[2:]
                else:
                    fields["peer"] = name
                    fields["batch"] = 256
                if contender == "nng" or self.random.random() < 0.04:
                    fields["disturbed_by"] = ["steal 3.1 % of the CPU time"]
                self.lines.append(json.dumps({key: value for key, value in fields.items() if value is not None}))
        if histogram_of:
            for contender in contenders:
                self.histogram(title, contender, histogram_of(contender))

    def histogram(self, title, contender, values):
        slug = lambda text: re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
        with open(f"{self.folder}/histograms/{slug(title)}--{slug(contender)}.hgrm", "w") as file:
            file.write("       Value     Percentile TotalCount 1/(1-Percentile)\n\n")
            for share, value in zip(NINES, values):
                file.write(f"{value / 1000:12.3f} {share:2.12f} {int(share * 1e6):10d} {1 / (1 - share):14.2f}\n")
            file.write(f"{values[-1] * 1.5 / 1000:12.3f} {1:2.12f} {1000000:10d}\n#[Mean    = 1, StdDeviation = 1]\n")

    def cost(self, nanoseconds):
        client = nanoseconds * (0.5 + 0.1 * self.random.random())
        return {"cpu_ns_per_message_client": client, "cpu_ns_per_message_server": nanoseconds - client, "cpu_ns_per_message": nanoseconds,
                "system_calls_per_message": 0.01, "system_calls_source": "kernel"}

    def write(self):
        environment = {
            "started": "2026-01-02T03:04:05Z", "commit": "0" * 40, "profile": "full", "cpus": {"client": 0, "server": 1}, "kernel": "6.18.0",
            "cpu_model": "Invented <CPU> & Co", "cpu_count": 2, "allowed_cpus": [0, 1], "virtual_machine": True, "mitigations": {},
            "versions": {"swift": "Swift version 6.3"}, "backends": {"epoll": "works: always there", "io_uring": "works: all of it"},
            "peers": PEERS | MISSING, "peer_options": {name: "the defaults" for name in PEERS}, "overhead": {"clock": 21.0},
            "not_measured": {"stream, blocking, 64 B": {"C bytes": "it ended by signal 9"}}}
        with open(f"{self.folder}/environment.json", "w") as file:
            json.dump(environment, file)
        with open(f"{self.folder}/results.jsonl", "w") as file:
            file.write("\n".join(self.lines) + "\n")


def base(contender):
    return SPEED[re.sub("-(block|spin)$", "", contender)]


def limits(*kinds, wait=None):
    return [f"C {kind}" + (f"-{wait}" if wait else "") for kind in kinds]


def streams(run):
    for size in (64, 8, 256, 1024, 4096, 16384, 65536, 262144, 1048576):
        contenders = OURS[:2] + limits("recv", "epoll", "uring") + (["C bytes"] if size == 64 else []) + list(PEERS)

        def result(contender):
            per_message = base(contender)[0] * run.noise() + size * 0.09 * run.noise(0.02)
            delay = run.summary(run.times(per_message * 4_000 + 20_000))
            return {"scenario": "stream", "wait": "block", "size": size, "messages_per_second": 1e9 / per_message,
                    "bytes_per_second": size * 1e9 / per_message, "delay_ns": delay} | run.cost(per_message * 1.9)

        run.case(f"stream, blocking, {size} B", contenders, result)


def round_trips(run):
    for wait, word in (("block", "blocking"), ("spin", "spinning")):
        peers = list(PEERS) if wait == "block" else SPINNING_PEERS
        contenders = OURS + limits("recv", "epoll", "uring", wait=wait) + peers
        median = lambda contender: base(contender)[1] + (base(contender)[2] if wait == "block" else 0)
        result = lambda contender: {"scenario": "pingpong", "wait": wait, "rtt_ns": run.summary(run.times(median(contender) * run.noise()))} \
            | run.cost(median(contender) * (0.8 if wait == "block" else 2))
        run.case(f"round trip, {word}, 64 B", contenders, result, lambda contender: run.times(median(contender)))
    run.case("round trip, blocking on one CPU, 64 B", OURS[:2], lambda contender: {
        "scenario": "pingpong", "wait": "block", "rtt_ns": run.summary(run.times(9_600 * run.noise()))} | run.cost(9_000))


def bursts(run):
    for wait, word in (("block", "blocking"), ("spin", "spinning")):
        contenders = OURS[:2] + limits("recv", "epoll", wait=wait) + (list(PEERS) if wait == "block" else SPINNING_PEERS)
        for messages in (1, 10, 100, 1000, 10_000):
            time = lambda contender: base(contender)[1] / 2 + (base(contender)[2] / 2 if wait == "block" else 0) + messages * base(contender)[0]
            run.case(f"burst of {messages}, {word}, 64 B", contenders, lambda contender: {
                "scenario": "burst", "wait": wait, "burst": messages, "burst_ns": run.summary(run.times(time(contender) * run.noise()))})


def rates(run):
    for direction in ("one-way", "round-trip"):
        for schedule in ("fixed", "poisson"):
            for rate in (1e3, 1e4, 5e4, 1e5, 3e5, 1e6, 3e6, 1e7):
                able = [name for name in OURS[:2] + ["C epoll"] + list(PEERS) if rate * base(name)[0] * 3 < 1e9]
                if schedule == "fixed":
                    able = able[:3]

                def middle(contender):
                    load = min(rate * base(contender)[0] * 3 / 1e9, 0.995)
                    return (base(contender)[1] / 2 + 20_000) * (2 if direction == "round-trip" else 1) / (1 - load)

                run.case(f"rate, {direction}, {schedule}, {rate:,.0f} a second, blocking, 64 B", able, lambda contender: {
                    "scenario": "rate", "wait": "block", "schedule": schedule, "direction": direction, "offered_per_second": rate,
                    "messages_per_second": rate * 0.999, "latency_ns": run.summary(run.times(middle(contender) * run.noise(), 0.5))},
                    lambda contender: run.times(middle(contender), 0.5))


def widths(run):
    for wait, word in (("block", "blocking"), ("spin", "spinning")):
        for depth in (1, 2, 4, 8, 16, 32, 64, 128, 256):
            period = lambda contender: base(contender)[1] * 0.3 + base(contender)[2] * (0.8 if wait == "block" else 0.1) / depth
            run.case(f"depth {depth}, {word}, 64 B", OURS[:2] + limits("epoll", wait=wait) + ["zeromq", "asio"], lambda contender: {
                "scenario": "depth", "wait": wait, "depth": depth, "messages_per_second": 1e9 / period(contender) * run.noise(),
                "rtt_ns": run.summary(run.times(period(contender) * depth))})
    for connections in (1, 4, 16, 64, 128, 256, 1024, 4096):
        period = lambda contender: base(contender)[1] * 0.5 * (1 + connections / 20_000) + base(contender)[2] / (connections + 1)
        run.case(f"fan-in, {connections} connections, 64 B", OURS[:2] + limits("epoll", "uring") + ["nio", "libuv"], lambda contender: {
            "scenario": "fanin", "wait": "block", "connections": connections, "messages_per_second": 1e9 / period(contender) * run.noise(),
            "rtt_ns": run.summary(run.times(period(contender) * connections))})


def write(folder, seed=1):
    run = Run(folder, seed)
    for part in (streams, round_trips, bursts, rates, widths):
        part(run)
    run.write()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    write(sys.argv[1], *map(int, sys.argv[2:]))
