/// What both ends of a stream have to agree on. Nothing of it is in the stream itself.
public struct DataStreamFormat: Sendable, Hashable {
    /// The version of the stream, not of the library: a program may write in the version of a Qt older than its own, by
    /// `QDataStream::setVersion`. Without that call, Qt takes the version of the library.
    public var version: Version
    /// As `QDataStream::setByteOrder`. Qt's default is big-endian.
    public var byteOrder: ByteOrder
    /// As `QDataStream::setFloatingPointPrecision`. Qt's default is double.
    public var floatingPointPrecision: FloatingPointPrecision

    /// A format; all but the version have Qt's defaults.
    public init(
        version: Version, byteOrder: ByteOrder = .bigEndian, floatingPointPrecision: FloatingPointPrecision = .double
    ) {
        self.version = version
        self.byteOrder = byteOrder
        self.floatingPointPrecision = floatingPointPrecision
    }
}

extension DataStreamFormat {
    /// The versions, with the numbers that `QDataStream::setVersion` takes. Releases that share a number write the same.
    public enum Version: Int32, Sendable, Hashable, CaseIterable, Comparable {
        case qt5_0 = 13
        case qt5_1 = 14
        case qt5_2 = 15
        case qt5_4 = 16
        case qt5_6 = 17
        case qt5_12 = 18
        case qt5_13 = 19
        case qt6_0 = 20
        case qt6_6 = 21
        case qt6_7 = 22
        case qt6_10 = 23
        case qt6_11 = 24

        public static let qt5_3 = qt5_2
        public static let qt5_5 = qt5_4
        public static let qt5_7 = qt5_6
        public static let qt5_8 = qt5_6
        public static let qt5_9 = qt5_6
        public static let qt5_10 = qt5_6
        public static let qt5_11 = qt5_6
        public static let qt5_14 = qt5_13
        public static let qt5_15 = qt5_13
        public static let qt6_1 = qt6_0
        public static let qt6_2 = qt6_0
        public static let qt6_3 = qt6_0
        public static let qt6_4 = qt6_0
        public static let qt6_5 = qt6_0
        public static let qt6_8 = qt6_7
        public static let qt6_9 = qt6_7

        /// The older version is the smaller one.
        public static func < (left: Version, right: Version) -> Bool { left.rawValue < right.rawValue }
    }

    /// The order of the bytes of a number, and of each unit of a text.
    public enum ByteOrder: Sendable, Hashable, CaseIterable {
        /// Most significant byte first.
        case bigEndian
        /// Least significant byte first.
        case littleEndian
    }

    /// The width of every floating-point number, whatever its type: under ``double``, a `float` too takes 8 bytes.
    public enum FloatingPointPrecision: Sendable, Hashable, CaseIterable {
        /// 4 bytes; a `Double` is rounded to it.
        case single
        /// 8 bytes.
        case double
    }
}
