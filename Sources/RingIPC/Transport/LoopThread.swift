internal import CRingIPC

/// A thread for one loop. Its owner joins it.
@safe
struct LoopThread {
    private let thread: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(_ run: @escaping @Sendable () -> Void) throws(TransportError) {
        // The thread takes over the reference.
        let body = unsafe Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard result == 0 else {
            unsafe body.release()
            throw TransportError(systemError: result, during: .run)
        }
        self.thread = thread
    }

    /// Waits for its end. Once.
    func join() { _ = pthread_join(thread, nil) }
}
