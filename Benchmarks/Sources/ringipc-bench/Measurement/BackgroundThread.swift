internal import Glibc

/// A thread for what must not disturb the measuring one. It lives as long as the process.
enum BackgroundThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ run: @escaping @Sendable () -> Void) throws {
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        let error = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, argument)
        guard error == 0 else { throw BenchmarkFailure("cannot start a thread") }
        pthread_detach(thread)
    }
}
