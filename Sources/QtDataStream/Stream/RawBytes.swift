// All that this module does with memory outside of the compiler's checks. Every access here is checked at run time.

extension RawSpan {
    /// The integer at `offset`, as it lies in memory. Traps when it is not wholly inside.
    @inlinable
    func stored<Integer: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Integer.Type = Integer.self) -> Integer {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    var copied: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

extension MutableRawSpan {
    /// Copies `source` to the beginning. Traps when it does not fit.
    mutating func copy(_ source: RawSpan) {
        unsafe source.withUnsafeBytes { source in
            unsafe withUnsafeMutableBytes { destination in unsafe destination.copyMemory(from: source) }
        }
    }

    /// Memory of no bytes.
    @_lifetime(immortal)
    static func empty() -> MutableRawSpan {
        let none = unsafe MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        return unsafe _overrideLifetime(none, copying: ())
    }
}

extension [UInt8] {
    var rawBytes: RawSpan {
        @_lifetime(borrow self)
        get { unsafe span.bytes }
    }

    mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// Has the bytes from `offset` up to `end` written by `write`.
    mutating func fill(from offset: Int, to end: Int, _ write: (inout MutableRawSpan) -> Void) {
        var elements = mutableSpan
        var bytes = unsafe elements.mutableBytes
        var room = bytes._mutatingExtracting(offset..<end)
        write(&room)
    }
}
