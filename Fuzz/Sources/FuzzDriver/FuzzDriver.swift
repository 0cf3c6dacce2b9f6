internal import Glibc

/// Set for a check that is wrong on purpose: it proves that libFuzzer finds what a check can see.
public let isCanary = unsafe getenv("RINGIPC_FUZZ_CANARY") != nil

/// Hands an input of libFuzzer to a check, and dies with what the check says: that is how libFuzzer learns of it.
public func examine(
    _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ failure: (UnsafeRawBufferPointer) -> String?
) -> CInt {
    if let failure = unsafe failure(UnsafeRawBufferPointer(start: bytes, count: count)) { fatalError(failure) }
    return 0
}
