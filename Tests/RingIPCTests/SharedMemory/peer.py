"""The other side of a lane, written from Docs/SharedMemory.md alone: answers each frame with its bytes in reverse, and ends after an empty one.

Standard input is the segment of the first side. Prints the number of the descriptor of its own segment.
"""
import fcntl
import mmap
import os
import struct

HEAD = 65536
WRITE_POSITION, READ_POSITION = 0, 128
DRAFT = 0x80
F_ADD_SEALS, SEALS = 1033, 0x1 | 0x2 | 0x4 | 0x10

theirs_size = os.fstat(0).st_size
theirs = mmap.mmap(0, theirs_size, mmap.MAP_SHARED, mmap.PROT_READ)
ring = theirs_size - HEAD
file = os.memfd_create("ringipc", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
os.ftruncate(file, HEAD + ring)
ours = mmap.mmap(file, HEAD + ring, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
fcntl.fcntl(file, F_ADD_SEALS, SEALS)
print(file, flush=True)


# Words are read and written through a view of words, in one access each: the functions of `struct` go byte by byte.
def word(memory, offset):
    return memoryview(memory).cast("Q")[offset // 8]


def set_word(offset, value):
    memoryview(ours).cast("Q")[offset // 8] = value


def take(position, count):
    place, rest = position % ring, b""
    if place + count > ring:
        count, rest = ring - place, theirs[HEAD : HEAD + count - (ring - place)]
    return theirs[HEAD + place : HEAD + place + count] + rest


def put(position, data):
    place = position % ring
    first = data[: ring - place]
    ours[HEAD + place : HEAD + place + len(first)] = first
    ours[HEAD : HEAD + len(data) - len(first)] = data[len(first) :]


read = written = 0
while True:
    while word(theirs, WRITE_POSITION) == read:
        os.sched_yield()
    length, kind, flags, reserved = struct.unpack("<IBBH", take(read, 8))
    assert (kind, flags, reserved) == (0, 0, 0)
    payload = take(read + 8, length)
    read += 8 + (length + 7) // 8 * 8
    set_word(READ_POSITION, read)
    answer = struct.pack("<IBBH", length, 0, 0, 0) + payload[::-1] + bytes(-length % 8)
    while written + len(answer) + 8 - word(theirs, READ_POSITION) > ring:
        os.sched_yield()
    # The first header is a draft until the frame is there, and what follows it is not.
    put(written, answer[:7] + bytes([DRAFT]) + answer[8:])
    first, written = written, written + len(answer)
    set_word(HEAD + written % ring, 0)
    set_word(HEAD + first % ring, int.from_bytes(answer[:8], "little"))
    set_word(WRITE_POSITION, written)
    if length == 0:
        break
