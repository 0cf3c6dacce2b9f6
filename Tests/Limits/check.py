#!/usr/bin/env python3
"""Whether the C limit programs end well in every scenario, kind and framing, and report what they should. Untimed.

    check.py PROGRAM
"""
import json
import os
import subprocess
import sys

PATIENCE = 60
WAYS = [f"{interface}-{wait}" for interface in ("recv", "epoll", "uring") for wait in ("block", "spin")]
RATE = ("--rate", 50000, "--count", 3000)
# They spin in shared memory, and have frames of one format only.
SHARED = ("shared-spin", "shared")
# Kinds, arguments, and the field of times that the histogram belongs to.
CASES = {
    "pingpong": (WAYS + ["shared-spin"], [("--count", 500), ("--count", 500, "--size", 300_001)], "rtt_ns"),
    "depth": (WAYS, [("--depth", depth, "--count", 2000) for depth in (1, 16, 200)] + [("--depth", 1, "--size", 1 << 20, "--count", 10)], "rtt_ns"),
    "stream": (("recv", "epoll", "uring", "shared"), [("--count", 100_000), ("--count", 2000, "--size", 300_001)], "delay_ns"),
    "burst": (WAYS, [("--burst", burst, "--count", 20) for burst in (1, 1000)] + [("--burst", 3, "--size", 300_001, "--count", 5)], "burst_ns"),
    "rate": (
        WAYS,
        [(*RATE, "--schedule", schedule, "--direction", direction, "--seed", 7)
         for direction in ("one-way", "round-trip") for schedule in ("fixed", "poisson")]
        # More than any receiver can take: nothing may be lost or stand still.
        + [("--rate", 100_000_000, "--count", 200_000, "--direction", direction) for direction in ("one-way", "round-trip")],
        "latency_ns"),
    "connect": (("recv-block", "recv-spin"), [("--count", 300)], "first_frame_ns"),
}
QUANTILES = ("min", "p50", "p90", "p99", "p99_9", "max")
FIELDS = (
    "seconds", "cpu_ns_per_message", "cpu_ns_per_message_client", "cpu_ns_per_message_server", "system_calls_per_message",
    "context_switches", "context_switches_client", "context_switches_server", "involuntary_switches", "migrations", "peak_rss_bytes",
)
WRONG = (
    ("connect", "--kind", "epoll-block"), ("depth", "--kind", "recv-block", "--depth", "4000"), ("burst", "--kind", "recv-block", "--burst", "0"),
    ("burst", "--kind", "recv-block", "--depth", "3"), ("rate", "--kind", "recv-block", "--rate", "0"), ("rate",),
    ("pingpong", "--kind", "shared-spin", "--framing", "u32host"), ("stream", "--kind", "shared", "--framing", "u32host"),
    ("rate", "--kind", "recv-block", "--schedule", "sometimes"), ("rate", "--kind", "recv-block", "--direction", "back"),
)


def run(program, arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE)


def check(program, scenario, kind, framing, options, times):
    """What is wrong, or None."""
    done = run(program, (scenario, "--kind", kind, "--framing", framing, *options))
    if done.returncode != 0 or done.stderr:
        return f"exit status {done.returncode}: {done.stderr.strip()}"
    result = json.loads(done.stdout)
    missing = [field for field in FIELDS if result.get(field, -1) < 0]
    if missing:
        return f"without {missing}"
    quantiles = [result[times][quantile] for quantile in QUANTILES]
    if quantiles != sorted(quantiles):
        return f"times out of order: {quantiles}"
    buckets = [tuple(map(int, bucket.split(":"))) for bucket in result["histogram"].split()]
    if buckets != sorted(buckets) or buckets[-1][0] < quantiles[-1]:
        return f"the histogram does not fit: {result['histogram']}"
    # A stream has a time for one message in 1024, and starts to measure with a whole batch.
    amount, wanted = sum(count for _, count in buckets), dict(zip(options[::2], options[1::2]))["--count"]
    if amount != wanted and not (scenario == "stream" and 0 < amount <= wanted // 1024 + 1):
        return f"{amount} times of {wanted}"
    return None


def check_wrong(program, arguments):
    done = run(program, arguments)
    if done.returncode != 64 or done.stdout or done.stderr.count("\n") != 1:
        return f"exit status {done.returncode}, {done.stderr!r}"
    return None


def cases(program):
    """Names and functions of all checks."""
    one_cpu = len(os.sched_getaffinity(0)) < 2
    for scenario, (kinds, variants, times) in CASES.items():
        for kind in kinds:
            needs_two = kind.endswith("spin") or kind in SHARED or scenario == "rate"
            for framing in ("native",) if kind in SHARED else ("native", "u32host"):
                for options in variants:
                    name = f"{scenario} {kind} {framing} {' '.join(map(str, options))}"
                    action = lambda: check(program, scenario, kind, framing, options, times)
                    yield name, None if needs_two and one_cpu else action
    for arguments in WRONG:
        yield f"wrong arguments {' '.join(arguments)}", lambda: check_wrong(program, arguments)


def main():
    passed = failed = skipped = 0
    for name, action in cases(os.path.abspath(sys.argv[1])):
        if action is None:
            skipped += 1
            continue
        try:
            failure = action()
        except (ValueError, KeyError, subprocess.TimeoutExpired) as error:
            failure = repr(error)
        passed, failed = passed + (not failure), failed + bool(failure)
        if failure:
            print(f"limits: {name}: {failure}", flush=True)
    print(f"limits: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(failed > 0)


main()
