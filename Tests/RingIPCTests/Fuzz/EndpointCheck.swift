@testable import RingIPC

/// Any text is an endpoint exactly when the documented rules say so, and what is taken is written as it was read.
struct EndpointCheck {
    /// `sun_path` has 108 bytes (unix(7)); a zero ends a path and begins an abstract name.
    private let longestName: Int

    init(isCanary: Bool = false) { longestName = isCanary ? 108 : 107 }

    /// What is wrong; `nil` when all agree.
    func failure(on input: UnsafeRawBufferPointer) -> String? {
        // Bytes that are no UTF-8 are replaced, as on a command line.
        let text = unsafe String(decoding: input, as: UTF8.self)
        let bytes = Array(text.utf8)
        let endpoint = try? Endpoint(text)
        if let endpoint, Array("\(endpoint)".utf8) != bytes { return "\(bytes) was taken for '\(endpoint)'" }
        guard (endpoint != nil) == isEndpoint(bytes) else { return "\(bytes) was \(endpoint == nil ? "refused" : "taken")" }

        for direct in [Endpoint.path(text), .abstract(text)] {
            let isValid = (try? direct.validate(during: .configure)) != nil
            guard isValid == (isName(bytes) && (direct == .abstract(text) || !bytes.contains(0))) else {
                return "\(bytes) directly as a name was \(isValid ? "taken" : "refused")"
            }
        }
        return nil
    }

    private func isEndpoint(_ bytes: [UInt8]) -> Bool {
        switch bytes.first {
        case UInt8(ascii: "/"): return isName(bytes) && !bytes.contains(0)
        case UInt8(ascii: "@"): return isName(bytes.dropFirst())
        default: return bytes.starts(with: "fd:".utf8) && isDescriptor(bytes.dropFirst(3))
        }
    }

    private func isName(_ bytes: some Collection<UInt8>) -> Bool { (1...longestName).contains(bytes.count) }

    /// A decimal number from 0 to 2^31 - 1 without a sign and without zeros in front.
    private func isDescriptor(_ digits: ArraySlice<UInt8>) -> Bool {
        guard (1...10).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else { return false }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return false }
            number = number * 10 + Int(digit - 0x30)
        }
        return number <= 2_147_483_647
    }
}
