#!/usr/bin/env python3
"""Whether the C limit programs end well in every scenario, kind and framing, and report what they should. Untimed.

    check.py PROGRAM
"""
import json
import os
import socket
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Peers"))
from content import content  # noqa: E402

PATIENCE = 60
WAYS = [f"{interface}-{wait}" for interface in ("recv", "epoll", "uring") for wait in ("block", "spin")]
RATE = ("--rate", 50000, "--count", 3000)
# In shared memory frames have one format only.
SHARED = ("shared-spin", "shared-block", "shared")
# Kinds, arguments, and the field of times that the histogram belongs to.
CASES = {
    "pingpong": (WAYS + ["shared-spin", "shared-block"], [("--count", 500), ("--count", 500, "--size", 300_001)], "rtt_ns"),
    "depth": (WAYS, [("--depth", depth, "--count", 2000) for depth in (1, 16, 200)] + [("--depth", 1, "--size", 1 << 20, "--count", 10)], "rtt_ns"),
    "stream": (("recv", "epoll", "uring", "shared", "shared-block"), [("--count", 100_000), ("--count", 2000, "--size", 300_001)], "delay_ns"),
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
    ("pingpong", "--kind", "shared-spin", "--mapping", "both"), ("stream", "--kind", "recv", "--mapping", "writable"),
    ("stream-server", "--kind", "recv", "--listen", "@somewhere"), ("stream-server", "--kind", "epoll", "--listen", "@somewhere", "--count", "1"),
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


def check_copy(program):
    done = run(program, ("copy", "--size", 300_001, "--count", 200))
    if done.returncode != 0 or done.stderr:
        return f"exit status {done.returncode}: {done.stderr.strip()}"
    result = json.loads(done.stdout)
    amount = sum(int(bucket.split(":")[1]) for bucket in result["histogram"].split())
    return None if result["count"] == 200 == amount and result["rtt_ns"]["p50"] > 0 else f"not what was asked for: {done.stdout}"


def check_wrong(program, arguments):
    done = run(program, arguments)
    if done.returncode != 64 or done.stdout or done.stderr.count("\n") != 1:
        return f"exit status {done.returncode}, {done.stderr!r}"
    return None


def frames(numbers, size):
    return b"".join(size.to_bytes(4, "little") + content(number, size) for number in numbers)


def serve_guest(program, warmup, count, size, damage=lambda stream: stream):
    """What the server says and complains, when a client sends what `damage` makes of the measured messages."""
    address = f"ringipc-check-{os.getpid()}"
    server = subprocess.Popen(
        [program, "stream-server", "--kind", "recv", "--listen", "@" + address, "--size", str(size), "--warmup", str(warmup), "--count", str(count)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with server, socket.socket(socket.AF_UNIX) as client:
        try:
            if server.stdout.readline() != "READY\n":
                return None, server.communicate(timeout=PATIENCE)[1]
            client.settimeout(PATIENCE)
            client.connect("\0" + address)
            client.sendall(frames(range(warmup), size))
            if client.recv(12, socket.MSG_WAITALL) != frames([warmup], 8):
                return None, "the warm-up was not confirmed"
            client.sendall(damage(frames(range(count), size)))
            client.shutdown(socket.SHUT_WR)
            try:
                confirmation = client.recv(12, socket.MSG_WAITALL)
            except ConnectionResetError:
                confirmation = b""  # it has gone, and left some of it unread
            output, errors = server.communicate(timeout=PATIENCE)
            return output, errors if errors or confirmation == frames([count], 8) else f"confirmed with {confirmation}"
        finally:
            server.kill()


def check_guest(program, size):
    count = min(5000, 10_000_000 // size)
    output, errors = serve_guest(program, 3, count, size)
    report = json.loads(output) if output else {}
    if report.get("messages") != count or report.get("cpu_ns", -1) < 0 or report.get("library_system_calls", 0) < 1 or errors:
        return f"{report}, {errors!r}"
    return None


def check_bad_guest(program, damage, word):
    output, errors = serve_guest(program, 3, 50, 64, damage)
    return None if not output and word in errors and errors.count("\n") == 1 else f"{output!r}, {errors!r}"


GUESTS = (
    ("a changed byte", lambda stream: stream[:1000] + bytes([stream[1000] ^ 1]) + stream[1001:], "message 14 is not the one"),
    ("a lost message", lambda stream: stream[68:], "message 0 is not the one"),
    ("one too many", lambda stream: stream + frames([50], 64), "51 messages came, not 50"),
    ("a part too many", lambda stream: stream + b"\1", "1 bytes after the last message"),
    ("an early end", lambda stream: stream[:-1], "ended the stream too early"),
)


def cases(program):
    """Names and functions of all checks."""
    one_cpu = len(os.sched_getaffinity(0)) < 2
    for scenario, (kinds, variants, times) in CASES.items():
        for kind in kinds:
            needs_two = kind.endswith("spin") or kind == "shared" or scenario == "rate"
            for framing in ("native",) if kind in SHARED else ("native", "u32host"):
                for options in variants:
                    name = f"{scenario} {kind} {framing} {' '.join(map(str, options))}"
                    action = lambda: check(program, scenario, kind, framing, options, times)
                    yield name, None if needs_two and one_cpu else action
    for scenario, kind in (("pingpong", "shared-spin"), ("stream", "shared")):
        options = ("--count", 100_000, "--mapping", "writable")
        action = lambda: check(program, scenario, kind, "native", options, CASES[scenario][2])
        yield f"{scenario} {kind} {' '.join(map(str, options))}", None if one_cpu else action
    for size in (1, 64, 300_001):
        yield f"stream-server, {size} bytes", lambda: check_guest(program, size)
    for name, damage, word in GUESTS:
        yield f"stream-server, {name}", lambda: check_bad_guest(program, damage, word)
    yield "copy", lambda: check_copy(program)
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
