internal import FuzzDriver

@testable internal import FuzzChecks

nonisolated(unsafe) private let check = LaneCheck(isCanary: isCanary)

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe examine(bytes, count) { unsafe check.failure(on: $0) }
}
