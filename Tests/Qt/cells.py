"""The cells of the matrix: a name, what is done, and why it cannot be done here, if so."""
import os
import socket
import stat

from rows import rows
from sides import NOBODY, PATIENCE, need

BACKENDS = ("epoll", "io_uring", "automatic")
FORMS = ("u32host", "qbytearray", "u16be", "i64be", "qstring", "fortune16", "fortune32", "none")
# Whose frames are RingIPC's own: there a message cut short is told from an end.
WITH_FRAMES = ("u32host", "qbytearray", "u16be", "i64be", "qstring", "fortune16")
WITH_NULL = ("qbytearray", "qstring")
# How many bytes a message can have: the block of a text is twice as long.
LONGEST = {"u16be": 65_535, "fortune16": 32_765}
MEBIBYTE = 1 << 20
NO_ERROR, PEER_CLOSED, SOCKET_ACCESS = -1, 1, 3


def lengths(form):
    """Every length that the form can have, and null where there is one."""
    fitting = [length for length in (0, 1, 3, 4, 5, 64, 65_535, 65_536, MEBIBYTE) if length <= LONGEST.get(form, MEBIBYTE)]
    if form in LONGEST:
        fitting.append(LONGEST[form])
    if form in WITH_NULL:
        fitting += ["null", 0, "null", "null", 1]
    return ",".join(map(str, fitting))


def count(plan):
    return sum(int(part.split("x")[1]) if "x" in part else 1 for part in plan.split(","))


def exchange(form, backend, plan, style, *qt_options):
    """Both directions: every message is echoed, and checked on both sides."""

    def our_server(qt, ours, place):
        address = f"{place}/socket"
        with ours.server(backend, address, form, plan) as server:
            with qt.client(address, form, plan, "--style", style, *qt_options) as client:
                client.need(messages=count(plan), rest=0, error=NO_ERROR)
                report = server.need(messages=count(plan), end="finished")
                if form in WITH_FRAMES:
                    need(report["pieces"] == report["messages"], "a frame came in pieces")

    def qt_server(qt, ours, place):
        address = f"{place}/socket"
        with qt.server(address, form, plan, *qt_options) as server:
            with ours.client(backend, address, form, plan, f"style={style}") as client:
                client.need(messages=count(plan), end="finished")
                server.need(messages=count(plan), rest=0, error=PEER_CLOSED)

    return (("Qt client", our_server), ("Qt server", qt_server))


def exchanges():
    for backend in BACKENDS:
        for form in FORMS:
            small = "0,1,3,4,5,64" + (",null,0" if form in WITH_NULL else "")
            yield f"{backend}, {form}, every length", exchange(form, backend, lengths(form), "each")
            yield f"{backend}, {form}, byte by byte", exchange(form, backend, small, "bytes")
            yield f"{backend}, {form}, two in one write", exchange(form, backend, f"5,64,{small},3x100", "pairs")
            yield f"{backend}, {form}, thousands back to back", exchange(form, backend, f"{small},64x3000,13x1000", "together")
            # Qt never has more than the buffer of a message: what is longer would be waited for in vain.
            yield f"{backend}, {form}, readBufferSize 128", exchange(form, backend, "0,1,3,4,5,40x300", "together", "--read-buffer", 128)
        for form in ("u32host", "qbytearray", "i64be", "none"):
            yield f"{backend}, {form}, 64 MiB", exchange(form, backend, str(64 * MEBIBYTE), "each")
        # In characters of two bytes.
        yield f"{backend}, qstring, 64 MiB", exchange("qstring", backend, str(32 * MEBIBYTE), "each")
        yield f"{backend}, none, 1 MiB through readBufferSize 128", exchange("none", backend, str(MEBIBYTE), "each", "--read-buffer", 128)


# ---- who sends and goes

def qt_client_goes(form, backend):
    plan = f"64x1000,{min(MEBIBYTE, LONGEST.get(form, MEBIBYTE))}"

    def run(qt, ours, place):
        with ours.server(backend, f"{place}/socket", form, plan, "mode=sink") as server:
            with qt.client(f"{place}/socket", form, plan, "--mode", "sink", "--style", "together") as client:
                client.need(messages=0, error=NO_ERROR)
                server.need(messages=count(plan), end="finished")

    return run


def qt_server_goes(form, backend):
    plan = f"64x1000,{min(MEBIBYTE, LONGEST.get(form, MEBIBYTE))}"

    def run(qt, ours, place):
        with qt.server(f"{place}/socket", form, plan, "--mode", "source") as server:
            with ours.client(backend, f"{place}/socket", form, plan, "mode=source") as client:
                client.need(messages=count(plan), end="finished")
                server.need(messages=0, rest=0)

    return run


def our_server_goes(form, backend):
    plan = f"64x1000,{min(MEBIBYTE, LONGEST.get(form, MEBIBYTE))}"

    def run(qt, ours, place):
        with ours.server(backend, f"{place}/socket", form, plan, "mode=source") as server:
            with qt.client(f"{place}/socket", form, plan, "--mode", "source") as client:
                client.need(messages=count(plan), rest=0, error=PEER_CLOSED)
                server.need(messages=0, end="finished")

    return run


def qt_client_aborts(form, backend):
    def run(qt, ours, place):
        with ours.server(backend, f"{place}/socket", form, "5,64,100", "mode=sink") as server:
            with qt.client(f"{place}/socket", form, "5,64", "--mode", "sink", "--abort") as client:
                client.need(messages=0)
                server.need(messages=2, end="truncatedFrame" if form in WITH_FRAMES else "finished")

    return run


def qt_server_aborts(form, backend):
    def run(qt, ours, place):
        with qt.server(f"{place}/socket", form, "5,64", "--mode", "source", "--abort") as server:
            with ours.client(backend, f"{place}/socket", form, "5,64,100", "mode=source") as client:
                server.need(messages=0)
                client.need(messages=2, end="truncatedFrame" if form in WITH_FRAMES else "finished")

    return run


def our_client_is_killed(form, backend):
    def run(qt, ours, place):
        with qt.server(f"{place}/socket", form, "100") as server:
            with ours.client(backend, f"{place}/socket", form, "100", "style=stall") as client:
                client.expect("STALLED")
                client.kill()
                report = server.need(messages=0, error=PEER_CLOSED)
                need(int(report["rest"]) > 0, "nothing of the message was there")

    return run


def our_server_is_killed(form, backend):
    def run(qt, ours, place):
        with ours.server(backend, f"{place}/socket", form, "5,64", "mode=hold") as server:
            with qt.client(f"{place}/socket", form, "5,64") as client:
                server.expect("HOLDING")
                server.kill()
                client.need(messages=0, rest=0, error=PEER_CLOSED)
        os.unlink(f"{place}/socket")

    return run


def ends():
    for backend in BACKENDS:
        for form in FORMS:
            yield f"{backend}, {form}, Qt client disconnects right after it wrote", qt_client_goes(form, backend)
            yield f"{backend}, {form}, Qt server disconnects right after it wrote", qt_server_goes(form, backend)
            yield f"{backend}, {form}, our server closes right after it wrote", our_server_goes(form, backend)
            yield f"{backend}, {form}, Qt client aborts inside a message", qt_client_aborts(form, backend)
            yield f"{backend}, {form}, Qt server aborts inside a message", qt_server_aborts(form, backend)
            yield f"{backend}, {form}, our client is killed inside a message", our_client_is_killed(form, backend)
            yield f"{backend}, {form}, our server is killed before it answers", our_server_is_killed(form, backend)


# ---- names and access

def abstract(backend, place):
    return f"@ringipc{place.replace('/', '-')}-{backend}"


def qt_client_of_abstract(backend):
    def run(qt, ours, place):
        with ours.server(backend, abstract(backend, place), "u32host", "5,64") as server:
            with qt.client(abstract(backend, place), "u32host", "5,64") as client:
                client.need(messages=2, rest=0, error=NO_ERROR)
                server.need(messages=2, end="finished")

    return run


def qt_server_of_abstract(backend):
    def run(qt, ours, place):
        with qt.server(abstract(backend, place), "u32host", "5,64") as server:
            with ours.client(backend, abstract(backend, place), "u32host", "5,64") as client:
                client.need(messages=2, end="finished")
                server.need(messages=2, rest=0, error=PEER_CLOSED)

    return run


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def qt_server_with_access(option, bits):
    """Its file has the mode that Qt documents, and who may connect to it does."""

    def run(qt, ours, place):
        with qt.server(f"{place}/socket", "u32host", "5,64", "--access", option) as server:
            need(mode(f"{place}/socket") == bits, f"the file's mode is {mode(f'{place}/socket'):o}")
            if os.geteuid() == 0 and not bits & 0o007:
                with ours.client("automatic", f"{place}/socket", "u32host", "5,64", user=NOBODY) as stranger:
                    stranger.need(messages=0, end="accessDenied")
            with ours.client("automatic", f"{place}/socket", "u32host", "5,64") as client:
                client.need(messages=2, end="finished")
                server.need(messages=2, rest=0, error=PEER_CLOSED)

    return run


def our_server_with_mode(bits):
    def run(qt, ours, place):
        with ours.server("automatic", f"{place}/socket", "u32host", "5,64", f"file-mode={bits:o}") as server:
            need(mode(f"{place}/socket") == bits, f"the file's mode is {mode(f'{place}/socket'):o}")
            if os.geteuid() == 0:
                may = bits & 0o002 != 0
                with qt.client(f"{place}/socket", "u32host", "5,64", user=NOBODY) as stranger:
                    stranger.need(messages=2 if may else 0, error=NO_ERROR if may else SOCKET_ACCESS)
                if may:
                    return server.need(messages=2, end="finished")
            with qt.client(f"{place}/socket", "u32host", "5,64") as client:
                client.need(messages=2, rest=0, error=NO_ERROR)
                server.need(messages=2, end="finished")

    return run


def names(version):
    reason = "Qt has abstract names since 6.2" if version == "qt5" else None
    for backend in BACKENDS:
        yield f"{backend}, abstract name, Qt client", qt_client_of_abstract(backend), reason
        yield f"{backend}, abstract name, Qt server", qt_server_of_abstract(backend), reason
    for option, bits in ((1, 0o700), (2, 0o070), (4, 0o007), (7, 0o777)):
        # Root may connect to any file; others only to one that lets them.
        reason = None if bits & 0o200 or os.geteuid() == 0 else "only root can connect to a file that its owner cannot use"
        yield f"Qt server with access {bits:04o}", qt_server_with_access(option, bits), reason
    for bits in (0o600, 0o660, 0o666):
        yield f"our server with mode {bits:04o}", our_server_with_mode(bits), None


# ---- the programs of the text that RingIPC began from, under a bare name

SEED = "64x500"


def seed_form(framing):
    return "u32host" if framing == "length" else "none"


def seed_client(framing, backend):
    """Without a length its messages come glued, as that text found; all the same not a byte is lost."""

    def run(qt, ours, place):
        with ours.server(backend, f"{place}/seed", seed_form(framing), SEED, "mode=sink") as server:
            with qt.run("seed-client", "seed", framing, SEED) as client:
                report = server.need(messages=500, end="finished")
                need((report["pieces"] == "500") == (framing == "length"), f"500 messages came as {report['pieces']} pieces")
                need(client.process.wait(PATIENCE) == 0, "the client failed")

    return run


def seed_server(framing, backend):
    def run(qt, ours, place):
        # What a server that died has left; this one removes it.
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(f"{place}/seed")
        with qt.run("seed-server", "seed", framing, SEED) as server:
            server.expect("READY")
            with ours.client(backend, f"{place}/seed", seed_form(framing), SEED, "mode=sink", "style=together") as client:
                client.need(end="finished")
                report = server.need(bytes=500 * 64)
                need((report["whole"] == "500") == (framing == "length"), f"{report['whole']} of 500 messages came whole")

    return run


def example():
    """What `Examples/Shout` promises."""

    def run(qt, ours, place):
        with ours.example(f"{place}/shout") as server:
            with qt.run("shout", f"{place}/shout", "to be", "ÄÖÜ äöü", "") as client:
                output, errors = client.process.communicate(timeout=PATIENCE)
                need((output, errors) == ("TO BE\nÄÖÜ ÄÖÜ\n\n", ""), f"the client says {output!r} {errors!r}")
            server.kill()
        os.unlink(f"{place}/shout")

    return run


def seeds():
    for backend in BACKENDS:
        for framing in ("plain", "length"):
            yield f"{backend}, the seed's client, {framing}", seed_client(framing, backend)
            yield f"{backend}, the seed's server, {framing}", seed_server(framing, backend)


def cells(version):
    for name, directions in exchanges():
        for direction, action in directions:
            yield f"{direction}, {name}", action, None
    for name, action in (*ends(), *seeds()):
        yield name, action, None
    yield from names(version)
    yield from rows(version, BACKENDS)
    yield "the example", example(), None
