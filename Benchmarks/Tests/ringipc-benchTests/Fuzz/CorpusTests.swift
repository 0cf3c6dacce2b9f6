import Testing

/// What libFuzzer has found to reach different code, and what was written by hand: all of it, without libFuzzer.
@Suite struct CorpusTests {
    @Test func `command lines of serve are refused, or within the documented ranges`() throws {
        let inputs = try CorpusInput.inputs(of: "serve")
        let (check, canary) = (ServeCheck(), ServeCheck(isCanary: true))
        for input in inputs { #expect(unsafe input.examine { unsafe check.failure(on: $0) } == nil, "\(input.name)") }
        #expect(inputs.contains { unsafe $0.examine { unsafe canary.failure(on: $0) } != nil }, "the check cannot fail")
    }
}
