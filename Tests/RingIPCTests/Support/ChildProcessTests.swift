import Glibc
import Testing

@Suite struct ChildProcessTests {
    @Test func `a child has the descriptors that it was given and no others, however many this process has`() async {
        await #expect(processExitsWith: .success) {
            setDescriptorLimit(2_000)
            for _ in 0..<1_500 { require(dup(STDERR_FILENO) >= 0) }
            let (output, descriptor) = RawPeer.pair()
            let script = "cd /proc/$$/fd && for number in *; do [ ! -h $number ] || echo $number $(readlink $number); done"
            let child = try ChildProcess("/bin/sh", ["-c", script], output: descriptor, further: [descriptor])
            close(descriptor)
            let said = String(decoding: try output.readToEnd(), as: UTF8.self).split(separator: "\n")
            require(child.wait() == 0)
            require(said.count == 4 && said[0] == "0 /dev/null" && said[2] == "2 /dev/null", "\(said)")
            require(said[1].hasPrefix("1 socket:") && said[3].hasPrefix("3 socket:"), "\(said)")
        }
    }
}
