internal import FuzzDriver

@testable internal import FuzzChecks

private let check = StreamCheck(isCanary: isCanary)

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe examine(bytes, count) { unsafe check.failure(on: $0) }
}
