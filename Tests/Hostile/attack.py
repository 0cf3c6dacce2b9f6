#!/usr/bin/env python3
"""One attacker. Attacks a server for so many rounds and so many seconds, whichever is longer, and prints what it saw as JSON.

    attack.py NAME ADDRESS [--rounds N] [--seconds S] [--pause S] [--seed N]
"""
import argparse
import collections
import json
import time

import attacks


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("address")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--pause", type=float, default=1, help="between two bytes of an attack that drips")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    attack = getattr(attacks, arguments.name)
    end = time.monotonic() + arguments.seconds
    seen = collections.Counter()
    number = 0
    while number < arguments.rounds or time.monotonic() < end:
        seen[attack(arguments.address, attacks.Round(number, arguments.seed, end, arguments.pause))] += 1
        number += 1
    print(json.dumps({"attack": arguments.name, "rounds": number, "seen": seen}))


main()
