/// A part of the library, or of the benchmark tool, that can be timed alone.
package struct Part: Sendable {
    package let name: String
    package let makeWork: @Sendable () throws -> any Work

    init(_ name: String, _ makeWork: @escaping @Sendable () throws -> any Work) {
        self.name = name
        self.makeWork = makeWork
    }

    package static let all = frames + buffers + statistics
}

package protocol Work {
    /// What is timed: the same step, `count` times.
    mutating func run(_ count: Int) throws
    /// Throws if `run` did not do all of it, or did it wrongly. That its results are looked at also keeps the optimizer from dropping it.
    func check(_ count: Int) throws
}

struct WrongResult: Error {
    let what: String
}

func require(_ isRight: Bool, _ what: String) throws(WrongResult) {
    guard isRight else { throw WrongResult(what: what) }
}

func sumOfNumbers(below count: Int) -> Int { count * (count - 1) / 2 }
