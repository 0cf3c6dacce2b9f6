internal import CRingIPC
internal import RingIPC

/// What went wrong on a ``LocalServer``.
public struct LocalServerError: Error, Sendable, Hashable {
    /// Raw values are those of `QAbstractSocket::SocketError`, of which these can occur.
    public enum Code: Int, Sendable, Hashable, CaseIterable {
        /// There is no such directory, or the name is one that no socket can have.
        case hostNotFound = 2
        /// This user may not create the socket file.
        case socketAccess = 3
        /// Something stands under the name already.
        case addressInUse = 8
        /// Not in this state of the server.
        case operation = 19
        /// None so far, or one that Qt has no name for.
        case unknown = -1
    }

    /// What went wrong, for a program to decide on.
    public let code: Code
    /// Qt's text: what ``LocalServer/errorString`` becomes.
    public let text: String
    /// The `errno` behind it, when the kernel gave one.
    public let systemError: Int32?
    /// One sentence: what is wrong, where, and what to do about it.
    public let detail: String

    private init(_ code: Code, text: String, systemError: Int32? = nil, detail: String) {
        self.code = code
        self.text = text
        self.systemError = systemError
        self.detail = detail
    }
}

extension LocalServerError: CustomStringConvertible {
    /// One line for a log.
    public var description: String { "\(text) (\(detail))" }
}

extension LocalServerError {
    private static let listening = "QLocalServer::listen"

    init(listening error: TransportError) {
        let number = error.systemError
        let detail = error.description
        switch (number, error.code) {
        case (ELOOP, _), (ENOENT, _), (ENAMETOOLONG, _), (EROFS, _), (ENOTDIR, _), (_, .invalidEndpoint), (_, .notFound):
            self.init(.hostNotFound, text: "\(Self.listening): Name error", systemError: number, detail: detail)
        case (EACCES, _), (_, .accessDenied):
            self.init(.socketAccess, text: "\(Self.listening): Permission denied", systemError: number, detail: detail)
        case (EADDRINUSE, _), (_, .addressInUse):
            self.init(.addressInUse, text: "\(Self.listening): Address in use", systemError: number, detail: detail)
        default:
            self.init(.unknown, text: "\(Self.listening): Unknown error \(number ?? -1)", systemError: number, detail: detail)
        }
    }

    static let alreadyListening = LocalServerError(
        .operation, text: "QLocalServer::listen() called when already listening", detail: "close the server before it listens anew")
}
