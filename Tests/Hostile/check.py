#!/usr/bin/env python3
"""What becomes of each attacker, and that nobody else pays for it. Untimed; part of `make test`.

    check.py TOOL [ATTACK...]

For each attack and backend: the attacker is ended with the error that Docs/WireFormat.md names, or is contained; the honest client gets every
answer, before, during and after; and the server holds the same descriptors as before.
"""
import json
import platform
import sys
import tempfile

from processes import Probe, Server, attacker, backends

ENDED = {"end of stream", "reset"}
# How a peer looks that has just left.
GONE = {"peerClosedAbruptly", "connectionReset", "truncatedFrame"}

# Name: what the attacker may see, how the server may call it, and arguments.
CHECKS = {
    "garbage": (ENDED, {"incompatiblePeer"}, ("--rounds", 20)),
    "garbage_frames": (ENDED, {"malformedFrame"}, ("--rounds", 20)),
    "huge_length": (ENDED, {"frameTooLong"}, ("--rounds", 5)),
    # Which of the two limits ends it first depends on how fast it sends.
    "endless_frame": (ENDED, {"timedOut", "memoryExhausted"} | GONE, ()),
    "drip": (ENDED, {"timedOut"}, ("--pause", 0.05)),
    "drip_hello": (ENDED, {"timedOut"}, ("--pause", 0.2)),
    "never_reads": ({"blocked"}, GONE, ()),
    "connects": ({"left"}, GONE, ("--rounds", 1000)),
    "descriptors": ({"echoes, end of stream", "refused"}, {"finished"} | GONE, ("--rounds", 5)),
    "unknown_kind": (ENDED, {"malformedFrame"}, ("--rounds", 10)),
    "ignorable_flood": ({"echo, end of stream"}, {"finished"}, ("--rounds", 3)),
    "lying_hello": (ENDED, {"incompatiblePeer"}, ("--rounds", 8)),
    "tiny_limit": (ENDED, {"frameTooLong"}, ("--rounds", 2)),
    "bad_padding": (ENDED, {"malformedFrame"}, ("--rounds", 2)),
    "after_goodbye": (ENDED, {"malformedFrame"}, ("--rounds", 2)),
    "cut_frame": (ENDED, {"truncatedFrame"}, ("--rounds", 2)),
}
# Before SO_PASSRIGHTS nothing but a check of who may connect helps; the pause is longer than the honest client waits.
if tuple(int(part) for part in platform.release().split(".")[:2]) >= (6, 16):
    CHECKS["lingering_descriptor"] = ({"refused"}, GONE, ("--pause", 15))


def check(tool, backend, name):
    """What is wrong, or None."""
    seen_allowed, codes_allowed, arguments = CHECKS[name]
    with tempfile.TemporaryFile("w+") as log:
        limits = ("--report-ends", "--hello-timeout", 2, "--frame-timeout", 2)
        with Server(tool, backend, *limits, stderr=log) as server, Probe(tool, server.address, 3600) as probe:
            before = server.descriptors()
            attack = attacker(name, server.address, *arguments)
            output = attack.communicate(timeout=240)[0]
            if attack.returncode != 0:
                return "the attacker failed"
            if not server.await_descriptors(before):
                return f"descriptors before: {before}, after: {server.descriptors()}"
            result = json.loads(probe.finish())
            if result["count"] == 0:
                return "the honest client got no answer"
            server.finish()
            log.seek(0)
            ends = [line.split()[2] for line in log if line.startswith(f"end {attack.pid} ")]
            seen = json.loads(output)["seen"]
            if not set(seen) <= seen_allowed:
                return f"the attacker saw {seen}"
            if not ends or not set(ends) <= codes_allowed:
                return f"the server ended the attacker with {set(ends)}"
    return None


def main():
    tool, names = sys.argv[1], sys.argv[2:] or list(CHECKS)
    failures = count = 0
    for backend in backends(tool):
        for name in names:
            count += 1
            try:
                failure = check(tool, backend, name)
            except (RuntimeError, OSError, ValueError) as error:
                failure = str(error)
            if failure:
                failures += 1
                print(f"hostile: {backend}, {name}: {failure}", flush=True)
    print(f"hostile: {count - failures} passed, {failures} failed", flush=True)
    sys.exit(failures > 0)


main()
