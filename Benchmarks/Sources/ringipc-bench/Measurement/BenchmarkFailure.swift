internal import Glibc

/// The run has failed: something was lost or wrong, or a program did not do its part. Exit code 1, one line.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// For a call of the C module, which answers with a result or the negated `errno`.
    @discardableResult
    static func check<Result: SignedInteger>(_ result: Result, _ what: String) throws(BenchmarkFailure) -> Result {
        guard result < 0 else { return result }
        let number = Int32(-Int64(result))
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
        throw BenchmarkFailure("\(what): \(reason)")
    }
}
