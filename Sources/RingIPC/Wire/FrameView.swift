/// The payload of one frame, borrowed from the memory that the kernel wrote it to.
///
/// A view cannot be stored, captured or returned: the compiler ties it to the call that lent it, because the memory goes back
/// to the kernel afterwards. Copy what has to live longer.
@frozen
public struct FrameView: ~Escapable {
    /// The payload. In the native format it begins at a multiple of 8 bytes, so that structures can be read in place. The bytes are the
    /// peer's: check lengths and values before relying on them. The span lives as long as the view's batch, and cannot be kept.
    public let bytes: RawSpan
    /// Whether the frame stands for Qt's null array, which differs from an empty one. Only the `qByteArray` format has it.
    public let isNull: Bool

    @inlinable
    @_lifetime(copy bytes)
    init(bytes: RawSpan, isNull: Bool = false) {
        self.bytes = bytes
        self.isNull = isNull
    }

    /// Bytes of payload, without header and padding; 0 for an empty frame and for a null array.
    @inlinable
    public var count: Int { bytes.byteCount }
}
