import Testing

/// What libFuzzer has found to reach different code, and what was written by hand for each kind of error: all of it, without libFuzzer.
@Suite struct CorpusTests {
    @Test func `frames are found as the reference finds them`() throws {
        let inputs = try CorpusInput.inputs(of: "frames")
        let (check, canary) = (FrameCheck(), FrameCheck(isCanary: true))
        for input in inputs { #expect(unsafe input.examine { unsafe check.failure(on: $0) } == nil, "\(input.name)") }
        #expect(inputs.contains { unsafe $0.examine { unsafe canary.failure(on: $0) } != nil }, "the check cannot fail")
    }

    @Test func `hellos are taken and refused as the reference says`() throws {
        let inputs = try CorpusInput.inputs(of: "hello")
        let (check, canary) = (HelloCheck(), HelloCheck(isCanary: true))
        for input in inputs { #expect(unsafe input.examine { unsafe check.failure(on: $0) } == nil, "\(input.name)") }
        #expect(inputs.contains { unsafe $0.examine { unsafe canary.failure(on: $0) } != nil }, "the check cannot fail")
    }

    @Test func `endpoints are read by the documented rules`() throws {
        let inputs = try CorpusInput.inputs(of: "endpoint")
        let (check, canary) = (EndpointCheck(), EndpointCheck(isCanary: true))
        for input in inputs { #expect(unsafe input.examine { unsafe check.failure(on: $0) } == nil, "\(input.name)") }
        #expect(inputs.contains { unsafe $0.examine { unsafe canary.failure(on: $0) } != nil }, "the check cannot fail")
    }

    @Test func `a connection with a lane serves an honest peer and ends a lying one`() throws {
        let inputs = try CorpusInput.inputs(of: "lane")
        let (check, canary) = (LaneCheck(), LaneCheck(isCanary: true))
        for input in inputs { #expect(unsafe input.examine { unsafe check.failure(on: $0) } == nil, "\(input.name)") }
        #expect(inputs.contains { unsafe $0.examine { unsafe canary.failure(on: $0) } != nil }, "the check cannot fail")
    }

    @Test func `a shared ring believes what it may and refuses the rest`() throws {
        let inputs = try CorpusInput.inputs(of: "ring")
        let (check, canary) = (SharedRingCheck(), SharedRingCheck(isCanary: true))
        for input in inputs { #expect(unsafe input.examine { unsafe check.failure(on: $0) } == nil, "\(input.name)") }
        #expect(inputs.contains { unsafe $0.examine { unsafe canary.failure(on: $0) } != nil }, "the check cannot fail")
    }
}
