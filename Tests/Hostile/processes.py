"""The processes of a check or a report: none outlives the program that started it."""
import ctypes
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_count = 0


def start(arguments, cpu=None, niceness=0, **options):
    """A child that the kernel kills with this process."""

    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        os.nice(niceness)

    return subprocess.Popen(arguments, text=True, preexec_fn=prepare, **options)


def unique_address():
    global _count
    _count += 1
    return f"@ringipc-hostile-{os.getpid()}-{_count}"


def backends(tool):
    lines = subprocess.run([tool, "backends", "--json"], check=True, capture_output=True, text=True).stdout.splitlines()
    available = [line["backend"] for line in map(json.loads, lines) if line["available"]]
    return [backend for backend in ("epoll", "io_uring") if backend in available]


def attacker(name, address, *arguments, **options):
    return start([sys.executable, f"{HERE}/attack.py", name, address, *map(str, arguments)], stdout=subprocess.PIPE, **options)


class Child:
    def __init__(self, arguments, **options):
        self.process = start(arguments, stdout=subprocess.PIPE, **options)

    def __enter__(self):
        if self.process.stdout.readline() != "READY\n":
            self.__exit__()
            raise RuntimeError("a program did not become ready")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def finish(self, patience=60):
        """Asks it to end, and returns the rest of its output."""
        self.process.terminate()
        return self.wait(patience)

    def wait(self, patience=60):
        output = self.process.communicate(timeout=patience)[0]
        if self.process.returncode != 0:
            raise RuntimeError(f"a program ended with {self.process.returncode}")
        return output


class Server(Child):
    """Our echo server."""

    def __init__(self, tool, backend, *arguments, **options):
        self.address = unique_address()
        super().__init__(
            [tool, "serve", "--listen", self.address, "--mode", "echo", "--backend", backend, *map(str, arguments)], **options)

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1])

    def memory(self):
        return self.status("VmRSS") * 1024

    def peak_memory(self):
        return self.status("VmHWM") * 1024

    def descriptors(self):
        """How many there are of each kind."""
        kinds = {}
        folder = f"/proc/{self.process.pid}/fd"
        for number in os.listdir(folder):
            try:
                kind = os.readlink(f"{folder}/{number}").split(":")[0]
            except FileNotFoundError:
                continue
            kinds[kind] = kinds.get(kind, 0) + 1
        return kinds

    def await_descriptors(self, wanted, patience=20):
        """Whether it comes to hold just these."""
        deadline = time.monotonic() + patience
        while self.descriptors() != wanted:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


class Probe(Child):
    """The honest client: every answer is checked, each time counts from when its message was due."""

    def __init__(self, tool, address, seconds, **options):
        super().__init__([tool, "probe", "--connect", address, "--seconds", str(seconds), "--wait", "block", "--json"], **options)
