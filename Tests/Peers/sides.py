"""The two sides of a trial, and the memory that they share."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Hostile"))
from processes import start  # noqa: E402

PATIENCE = 60
STAMPS_BYTES = 8 * 65536
CPUS = sorted(os.sched_getaffinity(0))


class Failure(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Failure(what)


class Side:
    """A server or client process. Ended when the block ends, whatever happens."""

    def __init__(self, program, side, scenario, *options, cpu, stamps):
        arguments = [program, side, scenario, *map(str, options), "--cpu", str(cpu), "--stamps", str(stamps), "--count-system-calls"]
        self.name = side
        self.process = start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[stamps])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def await_ready(self):
        if self.process.stdout.readline() != "READY\n":
            raise Failure(f"the server is not ready: {self.process.communicate(timeout=PATIENCE)[1].strip()}")

    def report(self):
        output, errors = self.process.communicate(timeout=PATIENCE)
        need(self.process.returncode == 0 and not errors, f"the {self.name} ended with {self.process.returncode}: {errors.strip()}")
        need(output.count("\n") == 1, f"the {self.name} reports not one line: {output!r}")
        return json.loads(output)

    def failure(self):
        """Its exit status; all that it said must be one line of error."""
        output, errors = self.process.communicate(timeout=PATIENCE)
        need(not output and errors.count("\n") == 1, f"the {self.name} does not tell of its failure in one line: {errors!r}")
        return self.process.returncode


@contextlib.contextmanager
def place():
    """A folder for sockets and a descriptor of fresh stamps."""
    with tempfile.TemporaryDirectory(prefix="ringipc-peers-") as folder:
        stamps = os.memfd_create("stamps", 0)
        try:
            os.ftruncate(stamps, STAMPS_BYTES)
            yield folder, stamps
        finally:
            os.close(stamps)


@contextlib.contextmanager
def ready_server(program, scenario, address, stamps, *options):
    with Side(program, "server", scenario, "--address", address, *options, cpu=CPUS[-1], stamps=stamps) as server:
        server.await_ready()
        yield server


def client(program, scenario, address, stamps, *options):
    return Side(program, "client", scenario, "--address", address, *options, cpu=CPUS[0], stamps=stamps)
