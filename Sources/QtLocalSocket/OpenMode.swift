/// What a socket is opened for. Raw values are those of `QIODevice::OpenModeFlag`.
public struct OpenMode: OptionSet, Sendable, Hashable {
    /// The flags.
    public let rawValue: Int

    /// Makes a mode of flags.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// For reading. Without it, what arrives is dropped.
    public static let readOnly = OpenMode(rawValue: 1)
    /// For writing.
    public static let writeOnly = OpenMode(rawValue: 2)
    /// For both.
    public static let readWrite: OpenMode = [.readOnly, .writeOnly]
}
