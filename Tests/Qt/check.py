#!/usr/bin/env python3
"""Whether RingIPC and Qt programs understand each other: every form of messages, both directions, each backend, and every way to end.

    check.py PROGRAMS FOLDER [WORD...]

PROGRAMS is the folder of ours. FOLDER holds the programs for each version of Qt; one that is not installed is listed as skipped. Words choose the cells whose names have
all of them. Each side checks every byte that it gets. Untimed.
"""
import os
import subprocess
import sys
import tempfile

from cells import cells
from sides import Failure, Qt, Ours

VERSIONS = ("qt6", "qt5")


def main():
    ours, folder, words = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
    passed = failed = skipped = 0
    for version in VERSIONS:
        if not os.path.exists(f"{folder}/{version}/qt-peer"):
            print(f"qt: {version} is not installed: skipped", flush=True)
            skipped += 1
            continue
        for name, action, reason in cells(version):
            name = f"{version}, {name}"
            if not all(word in name for word in words):
                continue
            if reason:
                print(f"qt: {name}: skipped, {reason}", flush=True)
                skipped += 1
                continue
            try:
                with tempfile.TemporaryDirectory(prefix="ringipc-qt-") as place:
                    # Others may look for a socket there, too.
                    os.chmod(place, 0o755)
                    action(Qt(f"{folder}/{version}", place), Ours(ours, place), place)
                    left = os.listdir(place)
                    if left:
                        raise Failure(f"left behind: {left}")
                passed += 1
            except (Failure, OSError, ValueError, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"qt: {name}: {error}", flush=True)
    print(f"qt: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(failed > 0)


main()
