extension Configuration {
    /// Refuses combinations that could not work, before anything is opened.
    func validate() throws(TransportError) {
        try require(
            (0...FrameFormat.largestFrameLength).contains(maximumFrameLength),
            "maximumFrameLength is \(maximumFrameLength); it has to lie between 0 and \(FrameFormat.largestFrameLength)")
        let encodedLength = longestEncodedFrame
        try require(outboundLimit >= 1, "outboundLimit is \(outboundLimit); it has to be at least 1")
        try require(
            outboundLimit >= encodedLength,
            "outboundLimit is \(outboundLimit) bytes, but a frame of the longest kind takes \(encodedLength); raise the one or lower the other")
        try require(
            spanningBudget >= encodedLength + SpanningBudget.blockSize,
            "spanningBudget is \(spanningBudget) bytes, but a frame of the longest kind takes \(encodedLength + SpanningBudget.blockSize)")
        try require(
            isPowerOfTwo(receiveRingSize, atLeast: SpanningBudget.blockSize),
            "receiveRingSize is \(receiveRingSize); it has to be a power of two and at least \(SpanningBudget.blockSize)")
        try require(
            isPowerOfTwo(pooledBufferCount, atLeast: 2) && pooledBufferCount <= 32_768,
            "pooledBufferCount is \(pooledBufferCount); it has to be a power of two between 2 and 32768")
        try require(
            pooledBufferSize >= 1_024 && pooledBufferSize % 8 == 0 && pooledBufferSize <= 16 << 20,
            "pooledBufferSize is \(pooledBufferSize); it has to be a multiple of 8 between 1024 and 16777216")
        try require(coalescing.thresholdBytes >= 1, "the coalescing threshold is \(coalescing.thresholdBytes); it has to be at least 1")
        try require(
            (1...1_000_000).contains(maximumConnections),
            "maximumConnections is \(maximumConnections); it has to lie between 1 and 1000000")
        try require(socketFileMode & ~0o777 == 0, "socketFileMode is 0o\(String(socketFileMode, radix: 8)); it has bits beyond the permissions 0o777")
        if let sharedMemory { try validate(sharedMemory) }
        if case .moderated(let interval) = wait {
            try require(
                interval >= .zero && interval < .seconds(1),
                "wait is moderated with an interval of \(interval); it has to be at least 0 and below 1 second")
        }
        for (name, timeout) in [
            ("connectTimeout", connectTimeout), ("helloTimeout", helloTimeout), ("frameTimeout", frameTimeout),
            ("drainTimeout", drainTimeout),
        ] {
            try require(timeout >= .zero, "\(name) is \(timeout); it must not be negative")
        }
    }

    private func validate(_ options: SharedMemoryOptions) throws(TransportError) {
        try require(format == .native, "sharedMemory needs the native format; the others have no hello to agree on it")
        for (name, size) in [("ringSize", options.ringSize), ("largestPeerRing", options.largestPeerRing)] {
            try require(
                SegmentLayout(ringSize: size) != nil,
                "sharedMemory.\(name) is \(size); it has to be a power of two from \(SegmentLayout.smallestRing) to \(SegmentLayout.largestRing)")
        }
        for (name, number) in [
            ("loanBudget", options.loanBudget), ("largestPeerLoans", options.largestPeerLoans), ("loanThreshold", options.loanThreshold),
            ("maximumLeases", options.maximumLeases),
        ] {
            try require(number >= 0, "sharedMemory.\(name) is \(number); it must not be negative")
        }
    }

    /// The longest payload that may be sent or received: ``maximumFrameLength``, unless the format allows less or knows no frames.
    var longestPayload: Int { format == .bytes ? .max : min(maximumFrameLength, format.longestPayload) }

    /// Bytes that a frame of the longest kind takes; 0 where there are no frames.
    var longestEncodedFrame: Int { format == .bytes ? 0 : format.encodedLength(ofPayload: longestPayload) }

    private func require(_ condition: Bool, _ detail: String) throws(TransportError) {
        guard condition else { throw TransportError(.invalidConfiguration, during: .configure, detail: detail) }
    }

    private func isPowerOfTwo(_ number: Int, atLeast minimum: Int) -> Bool {
        number >= minimum && number & (number - 1) == 0
    }
}
