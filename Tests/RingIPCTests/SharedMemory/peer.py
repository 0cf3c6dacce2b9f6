"""The other side of a lane, written from Docs/SharedMemory.md alone: answers each frame with its bytes in reverse, and ends after an empty one.

Standard input is the segment of the first side. Prints the number of the descriptor of its own segment.
"""
import fcntl
import mmap
import os
import struct

HEAD = 65536
WRITE_POSITION, READ_POSITION = 0, 128
F_ADD_SEALS, SEALS = 1033, 0x1 | 0x2 | 0x4 | 0x10

theirs_size = os.fstat(0).st_size
theirs = mmap.mmap(0, theirs_size, mmap.MAP_SHARED, mmap.PROT_READ)
ring = theirs_size - HEAD
file = os.memfd_create("ringipc", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
os.ftruncate(file, HEAD + ring)
ours = mmap.mmap(file, HEAD + ring, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
fcntl.fcntl(file, F_ADD_SEALS, SEALS)
print(file, flush=True)


# A word is loaded and stored as a whole. struct goes byte by byte, and writes zeros first.
our_words, their_words = (memoryview(memory)[:HEAD].cast("Q") for memory in (ours, theirs))


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
    while their_words[WRITE_POSITION // 8] == read:
        os.sched_yield()
    length, kind, flags, reserved = struct.unpack("<IBBH", take(read, 8))
    assert (kind, flags, reserved) == (0, 0, 0)
    payload = take(read + 8, length)
    read += 8 + (length + 7) // 8 * 8
    our_words[READ_POSITION // 8] = read
    answer = struct.pack("<IBBH", length, 0, 0, 0) + payload[::-1] + bytes(-length % 8)
    while written + len(answer) - their_words[READ_POSITION // 8] > ring:
        os.sched_yield()
    put(written, answer)
    written += len(answer)
    our_words[WRITE_POSITION // 8] = written
    if length == 0:
        break
