internal import CRingIPC

/// Where to listen, or where to connect.
public enum Endpoint: Sendable, Hashable {
    /// A socket file. Its directory and its mode decide who may connect.
    case path(String)
    /// A name in the abstract namespace of Linux (unix(7)): no file, no mode, gone with its last socket.
    case abstract(String)
    /// A socket that this process already has: from a parent, from socket activation, from `socketpair`. It becomes the
    /// property of what is opened on it, and gets close-on-exec. If opening throws because it is not suitable, it stays yours.
    case descriptor(Int32)
}

extension Endpoint {
    /// The longest path or abstract name in bytes: `sun_path` less the zero that ends the one and begins the other (unix(7)).
    public static let maximumNameLength = ringipc_address_capacity() - 1

    /// Reads `/absolute/path`, `@abstract-name` or `fd:N`: the text that ``description`` gives.
    ///
    /// - Throws: ``TransportError``: `invalidEndpoint` for any other text, an empty or too long name, or a zero byte in a path.
    public init(_ text: String) throws(TransportError) {
        // In bytes, as the kernel sees names: a combining mark behind the first sign would make one character of the two.
        let bytes = text.utf8
        if bytes.starts(with: "/".utf8) {
            self = .path(text)
        } else if bytes.starts(with: "@".utf8) {
            self = .abstract(String(text.unicodeScalars.dropFirst()))
        } else if bytes.starts(with: "fd:".utf8) {
            // One way to write each number: `Int32` also takes a sign, and zeros in front.
            guard let number = Int32(String(text.unicodeScalars.dropFirst(3))), number >= 0, text == "fd:\(number)" else {
                throw TransportError(
                    .invalidEndpoint, during: .configure, detail: "'\(text)' names no descriptor; write fd:3, for example")
            }
            self = .descriptor(number)
        } else {
            throw TransportError(
                .invalidEndpoint, during: .configure,
                detail: "'\(text)' is no endpoint; write /absolute/path, @abstract-name or fd:N")
        }
        try validate(during: .configure)
    }

    /// Refuses what the kernel would refuse without a reason, or would cut silently.
    func validate(during operation: TransportError.Operation) throws(TransportError) {
        let name: String
        switch self {
        case .descriptor(let number):
            guard number >= 0 else {
                throw TransportError(.invalidEndpoint, during: operation, on: self, detail: "a descriptor is not negative")
            }
            return
        case .path(let path):
            guard !path.utf8.contains(0) else {
                throw TransportError(.invalidEndpoint, during: operation, on: self, detail: "a path cannot contain a zero byte")
            }
            name = path
        case .abstract(let abstract):
            name = abstract
        }
        guard !name.isEmpty else {
            throw TransportError(.invalidEndpoint, during: operation, on: self, detail: "the name is empty")
        }
        guard name.utf8.count <= Self.maximumNameLength else {
            throw TransportError(
                .invalidEndpoint, during: operation, on: self,
                detail: "the name has \(name.utf8.count) bytes, the limit is \(Self.maximumNameLength); use a shorter directory or name")
        }
    }
}

extension Endpoint: CustomStringConvertible {
    /// `/absolute/path`, `@abstract-name` or `fd:N`.
    public var description: String {
        switch self {
        case .path(let path): path
        case .abstract(let name): "@\(name)"
        case .descriptor(let number): "fd:\(number)"
        }
    }
}
