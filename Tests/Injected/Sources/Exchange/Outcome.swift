/// What the user of the library sees in the subject: its one line of output.
public struct Outcome: Sendable, Codable {
    /// Which backend ran, and why; `nil` when none did.
    public var backend: String?
    public var reason: String?
    /// What the library threw at last.
    public var error: Failure?
    /// Frames that came back as they were sent.
    public var echoed = 0
    public var accepted = 0
    public var acceptFailures = 0
    /// How connections ended: `finished`, or the code of their error. For a blocking listener, also errors of `accept`.
    public var ends: [String] = []

    public struct Failure: Sendable, Codable {
        public var code: String
        public var systemError: Int32?
        public var detail: String

        public init(code: String, systemError: Int32?, detail: String) {
            self.code = code
            self.systemError = systemError
            self.detail = detail
        }
    }

    public init() {}
}
