// The rest of a buffer. The standard library's slices say the same, through generic calls that are not always inlined.

extension UnsafeRawBufferPointer {
    /// The bytes behind the first `count`, which must exist.
    func dropping(_ count: Int) -> UnsafeRawBufferPointer {
        precondition(count >= 0 && count <= self.count)
        return unsafe UnsafeRawBufferPointer(start: baseAddress.map { unsafe $0 + count }, count: self.count &- count)
    }

    /// The first `count` bytes, or all there are.
    func keeping(_ count: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: baseAddress, count: Swift.min(count, self.count))
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The bytes behind the first `count`, which must exist.
    func dropping(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count >= 0 && count <= self.count)
        return unsafe UnsafeMutableRawBufferPointer(start: baseAddress.map { unsafe $0 + count }, count: self.count &- count)
    }
}
