"""Other sides of connections with a lane, written from Docs/SharedMemory.md and Docs/WireFormat.md alone.

Standard input is a socket, on which jobs come, one in a packet: the steps that a peer takes, each a word, or a word and a number behind a colon; and
two descriptors: the socket of its connection, and where it prints to. Each job gets a process of its own, which ends after the last step, and is
killed at `die`. It prints the inode number of each file of shared memory that it has made or got, and `ended` when it has outlived its steps.
"""
import array
import fcntl
import mmap
import os
import signal
import socket
import struct
import traceback

HEAD, RING = 65536, 4096
WRITE_POSITION, READ_POSITION, SLEEPING = 0, 128, 256
FOR_DATA, FOR_ROOM = 1, 2
F_ADD_SEALS, SEALS = 1033, 0x1 | 0x2 | 0x4 | 0x10
RETURNS = HEAD // 2
DRAFT = 0x80
DATA, GOODBYE, ACCEPTED, REFUSED, SWITCH, DOORBELL, PIECE, LOAN_POOL, LOAN, LOAN_POOL_END = range(10)
CHUNK_BITS, CHUNK_HEAD = 16, 64
MAGIC, SHARED_MEMORY = b"\xffRI\xff", 1

peer = output = None
own = theirs = pool = None
written = published = read = sleeps = 0


def header(length, kind=DATA):
    return struct.pack("<IBBH", length, kind, 0, 0)


def frame(payload, kind=DATA):
    return header(len(payload), kind) + payload + bytes(-len(payload) % 8)


def pattern(count):
    return bytes(index & 0xFF for index in range(count))


# Words are read and written through a view of words, in one access each: the functions of `struct` go byte by byte.
def word(memory, offset):
    return memoryview(memory).cast("Q")[offset // 8]


def set_word(offset, value):
    memoryview(own).cast("Q")[offset // 8] = value


def put(data):
    """Nobody sees it before it is published: until then the first header behind what is published is a draft."""
    global written
    for index, byte in enumerate(data):
        draft = DRAFT if written - index == published and index == 7 else 0
        own[HEAD + written % RING] = byte | draft
        written += 1


def publish(_):
    global published
    set_word(HEAD + written % RING, 0)
    first = HEAD + published % RING
    set_word(first, word(own, first) & ~(DRAFT << 56))
    published = written
    set_word(WRITE_POSITION, written)


def receive(count):
    got = b""
    while len(got) < count:
        some = peer.recv(count - len(got))
        assert some, f"the stream ended after {got}"
        got += some
    return got


def tell(text):
    os.write(output, f"{text}\n".encode())


# Of the set-up.


def meet(_):
    """Reads the hello, and maps what came with it."""
    global theirs
    data, control, _, _ = peer.recvmsg(24, socket.CMSG_SPACE(4))
    assert data[:4] == MAGIC and data[8] == SHARED_MEMORY, data
    file = array.array("i", control[0][2])[0]
    tell(os.fstat(file).st_ino)
    theirs = mmap.mmap(file, HEAD + RING, mmap.MAP_SHARED, mmap.PROT_READ)
    os.close(file)


def memory_file(size, seals=SEALS):
    file = os.memfd_create("ringipc", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, size)
    memory = mmap.mmap(file, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    fcntl.fcntl(file, F_ADD_SEALS, seals)
    tell(os.fstat(file).st_ino)
    return file, memory


def send_passing(data, file):
    peer.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
    os.close(file)


def greet(seals=SEALS, passes=True):
    global own
    file, own = memory_file(HEAD + RING, seals)
    hello = MAGIC + struct.pack("<BBHQII", 1, 0, 16, SHARED_MEMORY, 16 << 20, 0)
    send_passing(hello, file) if passes else peer.sendall(hello)


def expect(kind):
    """That frame, behind any frames of data."""
    while True:
        length, found = struct.unpack_from("<IB", receive(8))
        if found != DATA:
            break
        receive((length + 7) // 8 * 8)
    assert found == kind, found
    receive(length)


# Of the ring.


def take(_):
    """Waits for a frame in the ring and reads it, without giving it back."""
    global read
    while word(theirs, WRITE_POSITION) == read:
        os.sched_yield()
    place = HEAD + read % RING
    length, kind = struct.unpack_from("<IB", theirs, place)
    assert kind == DATA, kind
    read += 8 + (length + 7) // 8 * 8


def announce(reason):
    global sleeps
    sleeps += 4
    set_word(SLEEPING, sleeps | reason)


def await_sleep(reason):
    while not word(theirs, SLEEPING) & reason:
        os.sched_yield()


def await_full(count):
    """Until no frame of so many bytes fits: 8 bytes stay free for a goodbye, and 8 behind it."""
    while word(theirs, WRITE_POSITION) + 24 + count <= RING:
        os.sched_yield()


# Of loans: one pool of one chunk.


def pass_pool(_):
    global pool
    file, pool = memory_file(CHUNK_HEAD + (1 << CHUNK_BITS))
    send_passing(frame(struct.pack("<IIII", 1, 0, CHUNK_BITS, 1), LOAN_POOL), file)


def lend(count):
    data = frame(pattern(count))
    pool[CHUNK_HEAD - 8 : CHUNK_HEAD - 8 + len(data)] = data
    put(frame(struct.pack("<IIQ", 1, 0, len(data)), LOAN))


def await_return(_):
    while word(theirs, RETURNS) == 0:
        os.sched_yield()


STEPS = {
    "meet": meet,
    "hello": lambda _: greet(),
    "bare-hello": lambda _: greet(passes=False),
    "unsealed-hello": lambda _: greet(SEALS & ~0x2),
    "accept": lambda _: peer.sendall(frame(bytes(8), ACCEPTED)),
    "learn-accepted": lambda _: expect(ACCEPTED),
    "until-answered": lambda _: peer.recv(1, socket.MSG_PEEK),
    "learn-refused": lambda _: expect(REFUSED),
    "switch": lambda _: peer.sendall(header(0, SWITCH)),
    "follow": lambda _: expect(SWITCH),
    "send": lambda count: peer.sendall(frame(pattern(count))),
    "write": lambda count: put(frame(pattern(count))),
    "piece": lambda count: put(frame(header(count) + pattern(56), PIECE)),
    "goodbye": lambda _: put(header(0, GOODBYE)),
    "publish": publish,
    "ring": lambda _: peer.sendall(header(0, DOORBELL)),
    "pool": pass_pool,
    "lend": lend,
    "until-returned": await_return,
    "end-pool": lambda _: put(frame(struct.pack("<Q", 1), LOAN_POOL_END)),
    "take": take,
    "give-back": lambda _: set_word(READ_POSITION, read),
    "sleep": lambda _: announce(FOR_DATA),
    "sleep-for-room": lambda _: announce(FOR_ROOM),
    "until-asleep": lambda _: await_sleep(FOR_DATA),
    "until-it-waits-for-room": lambda _: await_sleep(FOR_ROOM),
    "until-full": await_full,
    "die": lambda _: os.kill(os.getpid(), signal.SIGKILL),
}


def play(steps):
    try:
        for step in steps:
            name, _, number = step.partition(":")
            STEPS[name](int(number or 0))
    except Exception:
        traceback.print_exc()
    tell("ended")
    os._exit(1)


signal.signal(signal.SIGCHLD, signal.SIG_IGN)
jobs = socket.socket(fileno=0)
while True:
    job, control, _, _ = jobs.recvmsg(4096, socket.CMSG_SPACE(8))
    if not job:
        break
    files = array.array("i", control[0][2])
    if os.fork() == 0:
        jobs.close()
        peer, output = socket.socket(fileno=files[0]), files[1]
        play(job.decode().split())
    for file in files:
        os.close(file)
