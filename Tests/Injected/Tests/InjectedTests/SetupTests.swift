import Foundation
import Testing

/// One test at a time: each has deadlines, and several processes, and a tracer slows them all.
@Suite(.serialized) struct InjectedTests {}

/// Shows what is not tested on a machine, instead of leaving it out silently.
@Suite struct SetupTests {
    @Test(.enabled(if: Tracer.isUsable, "\(Tracer.whyUnusable ?? "")"))
    func `faults can be injected`() {}

    @Test(.enabled(if: Machine.hasUring, "io_uring does not work here"))
    func `io_uring is part of this run`() {}

    @Test func `the subject is beside the test program`() {
        #expect(FileManager.default.isExecutableFile(atPath: Subject.program.path))
    }
}

/// The trait of every test that injects.
let needsTracer = ConditionTrait.enabled(if: Tracer.isUsable, "\(Tracer.whyUnusable ?? "")")
