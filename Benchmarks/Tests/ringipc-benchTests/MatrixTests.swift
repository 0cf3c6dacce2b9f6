import RingIPC
import Testing

@testable import ringipc_bench

@Suite struct MatrixTests {
    private func matrix(_ profile: Profile, _ cpus: CPUPair) -> Matrix {
        Matrix(profile: profile, backends: [.epoll, .ioUring], includesAutomatic: true, cpus: cpus, hasLimits: true)
    }

    @Test(arguments: Profile.allCases)
    func `each backend meets the C program that does the same`(profile: Profile) {
        // No C program waits adaptively.
        let cases = matrix(profile, CPUPair(client: 0, server: 1)).cases.filter { !$0.title.contains("adaptive") }
        for work in cases {
            for contender in work.contenders {
                guard let reference = contender.reference(in: work) else { continue }
                #expect(work.contenders.contains(reference), "\(work.title): \(contender.name)")
            }
        }
    }

    @Test(arguments: Profile.allCases)
    func `titles tell the cases apart, trials are enough for a median`(profile: Profile) {
        let cases = matrix(profile, CPUPair(client: 0, server: 1)).cases
        #expect(Set(cases.map(\.title)).count == cases.count)
        #expect(cases.allSatisfy { $0.trials >= 3 })
    }

    @Test func `what was not asked for is not measured`() {
        let matrix = Matrix(
            profile: .quick, backends: [.epoll], includesAutomatic: false, cpus: CPUPair(client: 0, server: 1),
            hasLimits: false)
        #expect(matrix.cases.allSatisfy { $0.contenders == [.backend(.epoll)] })
    }

    @Test func `on one CPU nothing spins`() {
        let cases = matrix(.quick, CPUPair(client: 0, server: 0)).cases
        #expect(cases.allSatisfy { $0.wait != .spin })
    }
}
