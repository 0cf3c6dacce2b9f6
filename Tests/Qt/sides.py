"""The programs of a cell, and what they say of it."""
import contextlib
import os
import select
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Hostile"))
from processes import start  # noqa: E402

PATIENCE = 60
NOBODY = 65534


class Failure(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Failure(what)


class Side:
    """A program that runs. Ended when the block ends, whatever happens."""

    def __init__(self, name, arguments, place, user=None, **pipes):
        identity = {} if user is None else {"user": user, "group": user, "extra_groups": ()}
        # A bare name of Qt's is one in the temporary folder.
        environment = {**os.environ, "TMPDIR": place}
        self.name = name
        self.process = start(
            list(map(str, arguments)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=place, **identity, **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def expect(self, line):
        said = self.process.stdout.readline().strip()
        if said != line:
            self.process.kill()
            errors = self.process.communicate()[1].strip()
            raise Failure(f"{self.name} says '{said}' and not '{line}': {errors}")

    def kill(self):
        self.process.kill()

    def report(self):
        """The words of its last line, each second one under the one before it."""
        try:
            output, errors = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} does not end") from None
        need(self.process.returncode == 0, f"{self.name} ended with {self.process.returncode}: {output.strip()} {errors.strip()}")
        words = output.split("\n")[-2].split() if output else []
        need(len(words) >= 2, f"{self.name} reports nothing: {errors.strip()}")
        self.line = " ".join(words)
        return dict(zip(words[::2], words[1::2]))

    def need(self, **wanted):
        """That it reports this."""
        report = self.report()
        for key, value in wanted.items():
            need(report.get(key) == str(value), f"{self.name}: {key} is {report.get(key)} and not {value}: {self.line}")
        return report


class Led(Side):
    """A program that is led step by step: a line says what it does, and it answers with a line."""

    def __init__(self, name, arguments, place):
        super().__init__(name, arguments, place, stdin=subprocess.PIPE)
        self.server = Object(self, "server")

    def __exit__(self, failure, *others):
        try:
            if failure is None:
                self.end()
        finally:
            super().__exit__(failure, *others)

    def end(self):
        """Nothing more is to be done: it ends by itself."""
        if self.process.returncode is None:
            errors = self.process.communicate(timeout=PATIENCE)[1].strip()
            need(self.process.returncode == 0, f"{self.name} ended with {self.process.returncode}: {errors}")

    def new_socket(self):
        return Object(self, self.server.newSocket())

    def step(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        # Each step has one line: nothing of another one is in the stream's buffer.
        need(select.select([self.process.stdout], [], [], PATIENCE)[0], f"{self.name} does not answer {words}")
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{self.name} ended at {words}: {self.process.communicate()[1].strip()}")
        return line.split()


class Object:
    """A server or a socket of such a program. Its methods are Qt's."""

    def __init__(self, program, number):
        self.program, self.number = program, number

    def told(self):
        """The signals so far, in their order."""
        return self.program.step(self.number, "told")

    def __getattr__(self, method):
        return lambda *arguments: value(self.program.step(self.number, method, *map(spelled, arguments))[0])


def spelled(argument):
    """Bytes and texts in hexadecimal digits."""
    if isinstance(argument, str):
        argument = argument.encode()
    return f"x{argument.hex()}" if isinstance(argument, bytes) else str(argument)


def value(word):
    if word in ("true", "false"):
        return word == "true"
    return bytes.fromhex(word[1:]) if word.startswith("x") else int(word)


class Qt:
    """The programs for one version of Qt."""

    def __init__(self, folder, place):
        self.folder, self.place = folder, place

    def run(self, program, *arguments, **options):
        return Side(f"Qt's {program} {arguments[0]}", [f"{self.folder}/{program}", *arguments], self.place, **options)

    @contextlib.contextmanager
    def server(self, address, form, lengths, *options, program="qt-peer"):
        with self.run(program, "server", address, form, lengths, *options) as side:
            side.expect("READY")
            yield side

    def client(self, address, form, lengths, *options, **others):
        return self.run("qt-peer", "client", address, form, lengths, *options, **others)

    def led(self):
        return Led("Qt", [f"{self.folder}/qt-peer", "steps"], self.place)


class Ours:
    """RingIPC."""

    def __init__(self, folder, place):
        self.folder, self.place = folder, place

    def run(self, role, *arguments, **options):
        return Side(f"our {role}", [f"{self.folder}/ringipc-qt-peer", role, *arguments], self.place, **options)

    @contextlib.contextmanager
    def server(self, backend, address, form, lengths, *options):
        with self.run("server", backend, address, form, lengths, *options) as side:
            side.expect("READY")
            yield side

    def client(self, backend, address, form, lengths, *options, **others):
        return self.run("client", backend, address, form, lengths, *options, **others)

    def led(self, backend):
        return Led("QtLocalSocket", [f"{self.folder}/ringipc-qt-local", backend], self.place)

    @contextlib.contextmanager
    def example(self, address):
        # It writes to a terminal usually, line by line.
        with Side("the example's server", ["stdbuf", "-oL", f"{self.folder}/shout-server", address], self.place) as side:
            side.expect(f"Listening on {address}")
            yield side
