#!/usr/bin/env python3
"""Whether each built peer does what a trial asks of it: every scenario, every way of waiting, and no damaged message goes unseen. Untimed.

    check.py FOLDER [PEER...]

FOLDER holds the programs. Peers that are not built are counted as skipped.
"""
import json
import os
import signal
import socket
import subprocess
import sys

from content import content, relay
from sides import PATIENCE, Failure, client, need, place, ready_server

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Benchmarks", "Peers")
SIZE, COUNT, WARM_UP = 64, 3000, 100
# Which side takes times, how many, and options, for each variant of a scenario; count and warm-up come first.
VARIANTS = {
    "pingpong": [("client", COUNT, ())],
    "depth": [("client", COUNT, ("--depth", 16))],
    "stream": [("server", COUNT // 1024 + 1, ("--batch", 7))],
    "burst": [("server", 30, ("--count", 30, "--warmup", 3, "--burst", 100, "--batch", 16))],
    "rate": [
        ("server" if direction == "one-way" else "client", COUNT,
         ("--rate", 50000, "--schedule", schedule, "--direction", direction, "--seed", 7))
        for direction in ("one-way", "round-trip") for schedule in ("fixed", "poisson")
    ],
    "connect": [("client", 300, ("--count", 300, "--warmup", 10))],
}
SIZES = (1, 8, 13, 4096, 100_000)
NUMBERS = ("messages", "cpu_ns", "voluntary_switches", "involuntary_switches", "migrations", "peak_rss_bytes")
QUANTILES = ("min", "p50", "p90", "p99", "p99_9", "max")
WRONG = (
    ("server",), ("server", "juggling", "--address", "/tmp/a"), ("server", "pingpong"), ("proxy", "pingpong", "--address", "/tmp/a"),
    ("client", "pingpong", "--address", "relative"), ("client", "pingpong", "--address", "/tmp/a", "--size", "0"),
    ("client", "pingpong", "--address", "/tmp/a", "--wait", "long"), ("client", "pingpong", "--address"),
    ("client", "pingpong", "--address", "/tmp/a", "--frob", "1"), ("server", "burst", "--address", "/tmp/a"),
)


def check_times(report, count):
    times = [report["times"][quantile] for quantile in QUANTILES]
    need(times == sorted(times), f"times are out of order: {times}")
    buckets = [tuple(map(int, bucket.split(":"))) for bucket in report["histogram"].split()]
    need(sum(amount for _, amount in buckets) == count, f"the histogram has not {count} times: {report['histogram']}")
    need(buckets == sorted(buckets) and buckets[-1][0] >= times[-1], f"the histogram does not fit: {report['histogram']}")


def check_report(report, messages, times):
    for name in NUMBERS:
        need(isinstance(report.get(name), int) and report[name] >= 0, f"{name} is {report.get(name)}")
    need(report["messages"] == messages, f"{report['messages']} messages instead of {messages}")
    need(0 < report["seconds"] < PATIENCE, f"{report['seconds']} seconds")
    if times is None:
        need("times" not in report and "histogram" not in report, "times that this side cannot know")
    else:
        check_times(report, times)


def check_exchange(program, scenario, wait, variant, size=SIZE):
    side, times, options = variant
    options = ("--count", COUNT, "--warmup", WARM_UP, "--size", size, "--wait", wait, *options)
    chosen = dict(zip(options[::2], options[1::2]))
    messages = chosen["--count"] * chosen.get("--burst", 1)
    with place() as (folder, stamps):
        address = os.path.join(folder, "peer")
        with ready_server(program, scenario, address, stamps, *options) as server:
            with client(program, scenario, address, stamps, *options) as near:
                check_report(near.report(), messages, times if side == "client" else None)
            if scenario == "connect":
                server.process.send_signal(signal.SIGTERM)
                messages += chosen["--warmup"]
            check_report(server.report(), messages, times if side == "server" else None)


def receive_exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        need(piece, "the server ended a connection")
        data += piece
    return data


def check_many(program, scenario, wait):
    """An echo server of several connections: frames whole, in pieces and several at once, interleaved."""
    with place() as (folder, stamps):
        address = os.path.join(folder, "peer")
        with ready_server(program, scenario, address, stamps, "--wait", wait) as server:
            connections = [socket.socket(socket.AF_UNIX) for _ in range(20)]
            try:
                for connection in connections:
                    connection.settimeout(PATIENCE)
                    connection.connect(address)
                messages = 0
                for turn, size in enumerate((1, 64, 64, 5000, 200_000)):
                    frame = size.to_bytes(4, sys.byteorder) + content(turn, size)
                    for connection in connections:
                        connection.sendall(frame[:3])
                    for connection in connections:
                        connection.sendall(frame[3:] + frame[:2])
                        connection.sendall(frame[2:])
                    for connection in connections:
                        need(receive_exactly(connection, 2 * len(frame)) == 2 * frame, "the echo is not what was sent")
                        messages += 2
            finally:
                for connection in connections:
                    connection.close()
            server.process.send_signal(signal.SIGTERM)
            check_report(server.report(), messages, None)


def check_damage(program, wait, from_client):
    """Who receives the damaged message, says so and ends with 1."""
    options = ("--count", COUNT, "--warmup", WARM_UP, "--wait", wait)
    with place() as (folder, stamps):
        address = os.path.join(folder, "peer")
        with ready_server(program, "pingpong", address, stamps, *options) as server:
            with relay(folder, address, content(WARM_UP + 50, SIZE), from_client) as (between, near_address):
                with client(program, "pingpong", near_address, stamps, *options) as near:
                    status = (server if from_client else near).failure()
                    need(between.damaged, "the message to be damaged did not come by")
                    need(status == 1, f"exit status {status} after a damaged message")


def check_wrong(program, arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=PATIENCE)
    need(done.returncode == 64, f"exit status {done.returncode}")
    need(done.stderr.count("\n") == 1 and not done.stdout, f"not told in one line: {done.stderr!r}")


def checks(program, about):
    """Names and functions of all checks of a peer."""
    for wait in about["waits"]:
        for scenario in about["scenarios"]:
            for variant in VARIANTS.get(scenario, ()):
                name = " ".join(map(str, (scenario, wait, *variant[2])))
                yield name, lambda: check_exchange(program, scenario, wait, variant)
            if scenario in ("fanin", "idle"):
                yield f"{scenario} {wait}", lambda: check_many(program, scenario, wait)
            if scenario in ("pingpong", "stream"):
                for size in SIZES:
                    yield f"{scenario} {wait} size {size}", lambda: check_exchange(program, scenario, wait, VARIANTS[scenario][0], size)
        for from_client in (True, False):
            way = "to the server" if from_client else "to the client"
            yield f"damage {way} {wait}", lambda: check_damage(program, wait, from_client)
    for arguments in WRONG:
        yield f"wrong arguments {' '.join(arguments)}", lambda: check_wrong(program, arguments)


def check_peer(program, name):
    """How many checks passed, and how many failed."""
    about = json.loads(subprocess.run([program, "about"], check=True, capture_output=True, text=True, timeout=PATIENCE).stdout)
    need(about["peer"] == name and about["version"] and about["options"], f"about: {about}")
    need(all(batch > 0 for batch in about["batches"]) and about["batches"], f"batches: {about['batches']}")
    passed = failed = 0
    for check, action in checks(program, about):
        try:
            action()
            passed += 1
        except (Failure, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"peers: {name}, {check}: {error!r}", flush=True)
    return passed, failed


def main():
    folder, chosen = sys.argv[1], sys.argv[2:]
    known = {path for path in os.listdir(SOURCES) for mark in ("peer.mk", "Package.swift") if os.path.exists(f"{SOURCES}/{path}/{mark}")}
    passed = failed = skipped = 0
    for name in sorted(chosen or known):
        program = os.path.join(folder, f"ringipc-peer-{name}")
        if not os.path.exists(program):
            print(f"peers: {name} is not built: skipped", flush=True)
            skipped += 1
            continue
        ended_well, ended_badly = check_peer(os.path.abspath(program), name)
        passed, failed = passed + ended_well, failed + ended_badly
    print(f"peers: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(failed > 0)


main()
