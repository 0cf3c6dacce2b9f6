import Glibc
import Testing

@testable import RingIPC

/// Calls in a fixed order, with the answers of Linux.
struct Script: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let steps: [(step: Step, answer: Int)]

    init(_ name: String, _ steps: [(Step, Int)]) {
        testDescription = name
        self.steps = steps.map { (step: $0.0, answer: $0.1) }
    }

    /// What the sockets answer otherwise than the script; empty if nothing.
    func differences(on sockets: some SocketCalls) -> [String] {
        let player = ScriptPlayer(on: sockets)
        defer { player.close() }
        return steps.enumerated().compactMap { index, entry in
            let answer = player.play(entry.step)
            return answer == entry.answer ? nil : "\(testDescription), step \(index), \(entry.step): \(answer), not \(entry.answer)"
        }
    }
}

extension Step {
    static let input = Int(ReadyEvent.input)
    static let output = Int(ReadyEvent.output)
    static let error = Int(ReadyEvent.error)
    static let hangUp = Int(ReadyEvent.hangUp)
}

extension Script {
    /// A listener, a client (end 0) and the accepted end (end 1).
    private static let pair: [(Step, Int)] = [(.listen(backlog: 4), 0), (.connect, 0), (.accept, 0)]

    private static let again = -Int(EAGAIN)
    private static let pipe = -Int(EPIPE)
    private static let reset = -Int(ECONNRESET)
    private static let refused = -Int(ECONNREFUSED)

    static let all = ends + listening + readiness

    private static let ends = [
        Script(
            "bytes arrive in order, whatever the pieces",
            pair + [
                (.receive(1, 10), again), (.send(0, 100), 100), (.send(0, 50), 50), (.unread(0), 1), (.peek(1), 1), (.receive(1, 30), 30),
                (.receive(1, 1_000), 120), (.receive(1, 10), again), (.unread(0), 0), (.peek(1), 0), (.send(1, 9), 9), (.receive(0, 9), 9),
            ]),
        Script(
            "what was sent before a close is read before the end",
            pair + [
                (.send(0, 100), 100), (.close(0), 0), (.receive(1, 60), 60), (.receive(1, 60), 40), (.receive(1, 60), 0),
                (.receive(1, 60), 0),
            ]),
        Script(
            "a close with unread input is a reset, once, behind the data",
            pair + [
                (.send(0, 5), 5), (.send(1, 7), 7), (.close(1), 0), (.receive(0, 60), 7), (.receive(0, 60), reset), (.receive(0, 60), 0),
            ]),
        Script(
            "a look at the input takes the reset",
            pair + [
                (.send(0, 5), 5), (.close(1), 0), (.peek(0), 0), (.receive(0, 60), 0),
            ]),
        Script(
            "a look at the input leaves the reset while there is data",
            pair + [
                (.send(0, 5), 5), (.send(1, 7), 7), (.close(1), 0), (.peek(0), 1), (.receive(0, 60), 7), (.receive(0, 60), reset),
            ]),
        Script(
            "a send to who has closed is a broken pipe, and does not take the reset",
            pair + [
                (.send(0, 5), 5), (.close(1), 0), (.send(0, 1), pipe), (.send(0, 1), pipe), (.receive(0, 9), reset), (.send(0, 1), pipe),
            ]),
        Script(
            "unread input is no reset once it was shut down and read",
            pair + [
                (.send(0, 5), 5), (.shutdown(1, .both), 0), (.receive(1, 9), 5), (.close(1), 0), (.receive(0, 9), 0),
            ]),
        Script(
            "after a shutdown of both, what had been sent is read, and nothing more is sent",
            pair + [
                (.send(0, 5), 5), (.send(1, 6), 6), (.shutdown(1, .both), 0), (.send(0, 1), pipe), (.send(1, 1), pipe), (.receive(0, 9), 6),
                (.receive(0, 9), 0), (.receive(1, 9), 5), (.receive(1, 9), 0),
            ]),
        Script(
            "the other direction works after a shutdown of sending",
            pair + [
                (.send(0, 5), 5), (.shutdown(0, .sending), 0), (.send(0, 1), pipe), (.receive(1, 9), 5), (.receive(1, 9), 0),
                (.send(1, 8), 8),
                (.receive(0, 9), 8), (.receive(0, 9), again), (.close(1), 0), (.receive(0, 9), 0),
            ]),
        Script(
            "what nobody has read is gone with its reader",
            pair + [
                (.send(0, 5), 5), (.unread(0), 1), (.close(1), 0), (.unread(0), 0),
            ]),
        Script(
            "a send of nothing takes nothing",
            pair + [
                (.send(0, 0), 0), (.receive(1, 9), again), (.fill(0), again), (.send(0, 0), 0), (.close(1), 0), (.send(0, 0), pipe),
            ]),
        Script(
            "a full socket takes no more until it is read",
            pair + [
                (.fill(0), again), (.send(0, 1), again), (.unread(0), 1), (.drain(1), again), (.unread(0), 0), (.send(0, 10), 10),
                (.receive(1, 99), 10),
            ]),
        Script(
            "a full socket is a broken pipe when its reader is gone",
            pair + [
                (.fill(0), again), (.close(1), 0), (.send(0, 1), pipe), (.receive(0, 1), reset), (.receive(0, 1), 0),
            ]),
        Script(
            "both ends close with unread input, and nobody minds",
            pair + [
                (.send(0, 1), 1), (.send(1, 1), 1), (.close(0), 0), (.close(1), 0), (.connect, 0), (.accept, 0), (.receive(3, 1), again),
            ]),
    ]

    private static let listening = [
        Script("nobody listens", [(.connect, refused), (.listen(backlog: 1), 0), (.connect, 0), (.closeListener, 0), (.connect, refused)]),
        Script("nobody waits", [(.listen(backlog: 1), 0), (.accept, again), (.connect, 0), (.accept, 0), (.accept, again)]),
        Script(
            "one more than the backlog fits",
            [
                (.listen(backlog: 2), 0), (.connect, 0), (.connect, 0), (.connect, 0), (.connect, again), (.accept, 0), (.connect, 0),
                (.connect, again),
            ]),
        Script("one fits without a backlog", [(.listen(backlog: 0), 0), (.connect, 0), (.connect, again), (.accept, 0), (.connect, 0)]),
        Script(
            "who connected first is accepted first",
            [
                (.listen(backlog: 4), 0), (.connect, 0), (.connect, 0), (.send(1, 20), 20), (.send(0, 10), 10), (.accept, 0), (.accept, 0),
                (.receive(2, 99), 10), (.receive(3, 99), 20),
            ]),
        Script(
            "who has left is accepted all the same",
            [
                (.listen(backlog: 4), 0), (.connect, 0), (.send(0, 10), 10), (.close(0), 0), (.accept, 0), (.send(1, 1), pipe),
                (.receive(1, 99), 10), (.receive(1, 99), 0),
            ]),
        Script(
            "the end of a listener resets who waits, had he sent anything or not",
            [
                (.listen(backlog: 4), 0), (.connect, 0), (.connect, 0), (.send(1, 10), 10), (.closeListener, 0), (.send(0, 1), pipe),
                (.receive(0, 9), reset), (.receive(0, 9), 0), (.receive(1, 9), reset), (.receive(1, 9), 0), (.send(1, 1), pipe),
            ]),
        Script(
            "the end of a listener does nothing to who was accepted",
            pair + [
                (.closeListener, 0), (.send(0, 5), 5), (.receive(1, 9), 5), (.receive(0, 9), again),
            ]),
    ]

    private static let readiness = [
        Script("an idle connection can be written", pair + [(.readiness(0), Step.output), (.readiness(1), Step.output)]),
        Script(
            "input, and room again once it was read",
            pair + [
                (.fill(0), again), (.readiness(0), 0), (.readiness(1), Step.input | Step.output), (.drain(1), again),
                (.readiness(0), Step.output),
                (.readiness(1), Step.output),
            ]),
        Script(
            "the end of the peer's direction is input",
            pair + [
                (.shutdown(0, .sending), 0), (.readiness(0), Step.output), (.readiness(1), Step.input | Step.output),
            ]),
        Script(
            "a direction that was ended is as full as it was",
            pair + [
                (.fill(0), again), (.shutdown(0, .sending), 0), (.readiness(0), 0), (.drain(1), 0), (.readiness(0), Step.output),
            ]),
        Script(
            "an end of both directions is a hang-up, and makes no room",
            pair + [
                (.fill(0), again), (.shutdown(1, .both), 0), (.readiness(0), Step.input | Step.hangUp),
                (.readiness(1), Step.input | Step.output | Step.hangUp),
            ]),
        Script("a close is a hang-up", pair + [(.close(1), 0), (.readiness(0), Step.input | Step.output | Step.hangUp)]),
        Script(
            "a reset is an error until it was told",
            pair + [
                (.send(0, 1), 1), (.close(1), 0), (.readiness(0), Step.input | Step.output | Step.error | Step.hangUp),
                (.receive(0, 1), reset),
                (.readiness(0), Step.input | Step.output | Step.hangUp),
            ]),
    ]
}
