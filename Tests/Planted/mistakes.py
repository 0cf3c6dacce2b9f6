"""Mistakes to plant in the core, one at a time: what the simulation must find.

Each replaces a piece of a source file, which has to be there exactly once. `Planted.name` is true in the run that looks for that mistake.
"""

CORE = "Sources/RingIPC/"


class Mistake:
    def __init__(self, name, what, file, find, put, seeds=1000):
        self.name, self.what, self.file, self.find, self.put = name, what, CORE + file, find, put
        # So many seeds have to suffice.
        self.seeds = seeds


MISTAKES = [
    # Sending
    Mistake(
        "shortSend", "a short send is taken as complete", "Transport/LoopCore+Send.swift",
        "slot.pointee.outbound.markSent(count)",
        "slot.pointee.outbound.markSent(Planted.shortSend ? wanted : count)"),
    Mistake(
        "secondSend", "a second send is begun while one is under way", "Transport/LoopCore+Send.swift",
        "guard unsafe !slot.pointee.isSendPending, unsafe slot.pointee.phase != .dead",
        "guard unsafe Planted.secondSend || !slot.pointee.isSendPending, unsafe slot.pointee.phase != .dead"),
    Mistake(
        "interruptedSend", "an interrupted send is not begun again", "Transport/LoopCore+Send.swift",
        "        case -EINTR, -EAGAIN, -ECANCELED:\n            unsafe startSend(slot)",
        "        case -EINTR, -EAGAIN, -ECANCELED:\n            if !Planted.interruptedSend { unsafe startSend(slot) }"),
    Mistake(
        "earlyDiscard", "memory of a send is given back while the kernel has it", "Transport/LoopCore+End.swift",
        "        unsafe slot.pointee.deadline = .max\n",
        "        unsafe slot.pointee.deadline = .max\n        if Planted.earlyDiscard { unsafe slot.pointee.outbound.discardAll() }\n"),
    Mistake(
        "queueLimit", "the outbound queue has no limit", "Buffers/Outbound.swift",
        "min(unsafe tail.pointee.capacity - tail.pointee.written, limit - settledBytes))",
        "min(unsafe tail.pointee.capacity - tail.pointee.written, Planted.queueLimit ? .max : limit - settledBytes))"),
    # Receiving
    Mistake(
        "lostRearm", "a receive that found no buffer is not begun again", "Transport/LoopCore+Receive.swift",
        "        default: unsafe receiveEnded(completion.result, slot)\n",
        "        default:\n            if Planted.lostRearm, completion.result == -ENOBUFS { return }\n"
        "            unsafe receiveEnded(completion.result, slot)\n"),
    Mistake(
        "endedMultishot", "a multishot request that ended by itself is taken to go on", "Transport/LoopCore+Receive.swift",
        "unsafe slot.pointee.isReceiveArmed = completion.isArmed\n",
        "unsafe slot.pointee.isReceiveArmed = completion.isArmed || Planted.endedMultishot && completion.result > 0\n"),
    Mistake(
        "partialHeader", "a header that arrives in pieces is dropped", "Transport/LoopCore+Receive.swift",
        "        guard unsafe !rest.isEmpty else { return bytes.count }\n        if consumed > 0",
        "        guard unsafe !rest.isEmpty, unsafe !Planted.partialHeader || rest.count >= parser.format.headerLength else "
        "{ return bytes.count }\n        if consumed > 0"),
    Mistake(
        "trustedLength", "the announced length of a frame is trusted", "Wire/FrameRules.swift",
        "longest = UInt64(maximumFrameLength)",
        "longest = Planted.trustedLength ? 1 << 31 : UInt64(maximumFrameLength)"),
    Mistake(
        "lostBytes", "what a handler leaves of bytes without frames is forgotten", "Wire/FrameBatch.swift",
        "take(payload: position, count: count, encodedLength: count)",
        "take(payload: position, count: count, encodedLength: Planted.lostBytes ? end - position : count)"),
    Mistake(
        "earlyEnd", "the end of the stream is told before what a paused connection still holds", "Transport/LoopCore+Receive.swift",
        "if unsafe !slot.pointee.isPaused { unsafe streamEnded(slot) }",
        "if unsafe Planted.earlyEnd || !slot.pointee.isPaused { unsafe streamEnded(slot) }"),
    Mistake(
        "ignoredPause", "a handler that wants no input is given some", "Transport/LoopCore+Pause.swift",
        "if unsafe !slot.pointee.isHeldBack { unsafe resume(slot) }",
        "if unsafe Planted.ignoredPause || !slot.pointee.isHeldBack { unsafe resume(slot) }"),
    Mistake(
        "forgottenResume", "a handler that asks for input again is not heard", "Transport/LoopCore+Pause.swift",
        "        unsafe slot.pointee.isHeldBack = false\n        resumable.append(connection)",
        "        unsafe slot.pointee.isHeldBack = false\n        if !Planted.forgottenResume { resumable.append(connection) }"),
    Mistake(
        "lostParked", "what a paused connection had received is forgotten when it goes on", "Transport/LoopCore+Pause.swift",
        "        unsafe processBacklog(slot)\n",
        "        if Planted.lostParked { unsafe dropBacklog(slot) } else { unsafe processBacklog(slot) }\n"),
    Mistake(
        "pausedForEver", "a paused connection does not go on when its answers are out", "Transport/LoopCore+Pause.swift",
        "guard unsafe slot.pointee.isPaused, unsafe slot.pointee.outbound.queuedBytes",
        "guard unsafe !Planted.pausedForEver, unsafe slot.pointee.isPaused, unsafe slot.pointee.outbound.queuedBytes"),
    # Buffers and memory
    Mistake(
        "returnedTwice", "a buffer is given back twice", "Buffers/BufferPool.swift",
        "        lentCount &-= 1\n        putBack(lease.end())",
        "        lentCount &-= 1\n        let buffer = lease.end()\n        putBack(buffer)\n"
        "        if Planted.returnedTwice, freeCount < count { putBack(buffer) }"),
    Mistake(
        "leakedBuffer", "buffers that a connection holds at its end are forgotten", "Transport/LoopCore+Pause.swift",
        "        while let lease = unsafe pool.takeHeld(from: &slot.pointee.held) { pool.giveBack(lease) }",
        "        if Planted.leakedBuffer { return unsafe slot.pointee.held = HeldBuffers() }\n"
        "        while let lease = unsafe pool.takeHeld(from: &slot.pointee.held) { pool.giveBack(lease) }"),
    Mistake(
        "leakedMemory", "memory of a spanning frame stays booked", "Buffers/SpanningFrame.swift",
        "        let capacity = frame.capacity\n        unbook(capacity, of: &frame)\n",
        "        let capacity = frame.capacity\n        if Planted.leakedMemory { frame.capacity = 0 } else { unbook(capacity, of: &frame) }\n"),
    # Tokens and descriptors
    Mistake(
        "staleIdentity", "the identity of a connection that is gone is taken for that of its successor", "Transport/ConnectionSlot.swift",
        "guard index < firstUnused, id.generation & 1 == 1, unsafe generations[index] == id.generation",
        "guard index < firstUnused, id.generation & 1 == 1, unsafe Planted.staleIdentity && generations[index] & 1 == 1 || generations[index] == id.generation"),
    Mistake(
        "earlyClose", "a descriptor is closed while an operation is under way on it", "Transport/LoopCore+End.swift",
        "guard unsafe !slot.pointee.isBusyInKernel, unsafe slot.pointee.phase == .dead",
        "guard unsafe Planted.earlyClose || !slot.pointee.isBusyInKernel, unsafe slot.pointee.phase == .dead"),
    Mistake(
        "leakedDescriptor", "a connection's descriptor is not closed", "Transport/LoopCore+End.swift",
        "        backend.kernel.close(descriptor)\n",
        "        if !Planted.leakedDescriptor { backend.kernel.close(descriptor) }\n"),
    # Accepting and ending
    Mistake(
        "endedAccept", "accepting ends with the first EMFILE", "Transport/LoopCore+Accept.swift",
        "            statistics.acceptFailures &+= 1\n",
        "            statistics.acceptFailures &+= 1\n            if Planted.endedAccept { return }\n"),
    Mistake(
        "noGoodbye", "the goodbye is forgotten", "Transport/LoopCore+End.swift",
        "        if parser.form == .native {\n            unsafe slot.pointee.outbound.appendControl",
        "        if parser.form == .native, !Planted.noGoodbye {\n            unsafe slot.pointee.outbound.appendControl"),
    Mistake(
        "toldTwice", "a handler is told of its end twice", "Transport/LoopCore+End.swift",
        "        guard unsafe slot.pointee.phase != .dead else { return }\n        unsafe slot.pointee.phase = .dead",
        "        guard unsafe Planted.toldTwice || slot.pointee.phase != .dead else { return }\n        unsafe slot.pointee.phase = .dead"),
    Mistake(
        "lostCancellation", "a cancelled operation does not complete", "Backends/Epoll/EpollBackend.swift",
        "        known.append(Completion(token: Token(operation, connection), result: -ECANCELED))",
        "        if !Planted.lostCancellation { known.append(Completion(token: Token(operation, connection), result: -ECANCELED)) }"),
    # What the simulation found in this library, before it was mended
    Mistake(
        "silencedSend", "no input wanted and the peer gone: a send that waits is not watched any more", "Backends/Epoll/EpollBackend.swift",
        "happened & ended != 0 && !watch.pointee.isSending",
        "happened & ended != 0 && (Planted.silencedSend || !watch.pointee.isSending)", seeds=4000),
    Mistake(
        "forgottenRequest", "a wait begins although a request found no place in the submission queue", "Backends/Uring/UringRing.swift",
        "deferred.isEmpty ? timeout(of: wait) : 0",
        "deferred.isEmpty || Planted.forgottenRequest ? timeout(of: wait) : 0", seeds=20000),
    Mistake(
        "droppedInput", "a failed send ends a paused connection, with all that it has not delivered yet", "Transport/LoopCore+Send.swift",
        "if unsafe slot.pointee.isPaused { return unsafe noteDrained(slot) }",
        "if unsafe slot.pointee.isPaused { return unsafe Planted.droppedInput ? fail(slot, error) : noteDrained(slot) }", seeds=4000),
    Mistake(
        "mutualPause", "a full outbound side always stops the reading: two that send much wait for each other", "Transport/LoopCore+Receive.swift",
        "            if unsafe slot.pointee.isAnswering, unsafe slot.pointee.outbound.queuedBytes",
        "            if unsafe Planted.mutualPause || slot.pointee.isAnswering, unsafe slot.pointee.outbound.queuedBytes"),
]
