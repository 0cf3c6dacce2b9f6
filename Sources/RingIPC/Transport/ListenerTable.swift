/// The listeners of one loop.
enum ListenerTable {
    static let capacity = 64
}
