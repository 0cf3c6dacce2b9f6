internal import RingIPC

/// The limits that both sides of the soak run with. The queue is short, so that back-pressure is a part of the load.
enum SoakSettings {
    /// Bytes of frames that a client has sent and not got back. Less than the server queues before it stops reading, so that two sides
    /// of which neither reads cannot come about.
    static let window = 3 << 19

    static func configuration(backend: MeasuredBackend) -> Configuration {
        var configuration = Configuration()
        backend.choose(in: &configuration)
        configuration.wait = .adaptive
        configuration.maximumFrameLength = SoakFrame.longest
        configuration.outboundLimit = 4 << 20
        return configuration
    }
}
