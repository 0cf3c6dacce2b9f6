/// How far a peer has closed its socket (POLLRDHUP and POLLHUP, poll(2)).
public enum PeerState: Sendable, Hashable {
    /// It can send and receive.
    case open
    /// It has shut down its sending side, and may still read what is sent to it.
    case finishedSending
    /// Its socket is closed, or gone with its process. Nothing that is sent can be read.
    case closed
}
