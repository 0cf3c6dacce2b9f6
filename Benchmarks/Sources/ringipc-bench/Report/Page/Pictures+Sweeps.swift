/// Curves over what grows from case to case: load, size, depth, connections, messages of a burst.
extension Pictures {
    var sweeps: [Picture?] { loads + sizes + depths + [fanin] + bursts }

    /// A figure that is drawn over the cases.
    private struct Quantity {
        let title: String?
        let unit: String
        let value: @Sendable (ScenarioResult) -> Double?
    }

    private var loads: [Picture?] {
        ["one-way", "round-trip"].flatMap { direction in
            Self.waits.map { wait, word in
                let works = cases.all("rate", wait: wait) { $0.direction == direction && $0.schedule == "poisson" }
                let quantities = [
                    Quantity(title: "half are faster (p50)", unit: "µs") { $0.latency.map { Pictures.microseconds($0.p50) } },
                    Quantity(title: "99 % (p99)", unit: "µs") { $0.latency.map { Pictures.microseconds($0.p99) } },
                    Quantity(title: "99.9 % (p99.9)", unit: "µs") { $0.latency.map { Pictures.microseconds($0.p99_9) } },
                ]
                return sweep(
                    "load-\(direction)-\(wait)", "Latency against offered load, \(direction), server \(word)", works,
                    x: Axis(label: "messages a second, offered", mostLabels: 3), along: \.offeredPerSecond, quantities, sharesY: true,
                    caption: """
                        Poisson arrivals; the time counts from when a message was due, so that a stall is not hidden. A curve ends where its contender \
                        no longer keeps up; the last steep piece is a queue that grows as long as the trial lasts, and its height says nothing.
                        """)
            }
        }
    }

    private var sizes: [Picture?] {
        let wait = cases.stream?.wait
        return [
            sweep(
                "size", "Throughput by size of message", cases.all("stream", wait: wait), x: Axis(label: "bytes of a message"),
                along: \.size.asDouble,
                [
                    Quantity(title: "messages", unit: "million a second") { $0.messagesPerSecond.map { $0 / 1e6 } },
                    Quantity(title: "bytes", unit: "GB a second") { $0.bytesPerSecond.map { $0 / 1e9 } },
                ],
                caption: """
                    Small messages cost their handling, large ones their bytes: the kernel copies each twice. Where the byte curves run \
                    together, the socket is the limit, not the library.
                    """)
        ]
    }

    private var depths: [Picture?] {
        Self.waits.map { wait, word in
            sweep(
                "depth-\(wait)", "Requests in flight on one connection, \(word)", cases.all("depth", wait: wait),
                x: Axis(label: "requests in flight"),
                along: \.depth.asDouble, Self.throughputAndLatency,
                caption: """
                    More requests in flight share each entry into the kernel and each wake-up: throughput rises, and each answer waits for its \
                    neighbours. Beyond the knee only the latency grows.
                    """)
        }
    }

    private var fanin: Picture? {
        sweep(
            "fanin", "Many connections, one message in flight each", cases.all("fanin"), x: Axis(label: "connections"),
            along: \.connections.asDouble,
            Self.throughputAndLatency,
            caption: """
                One echo server on one CPU; the client is the same C program for all. Latency grows with the number of connections because they \
                wait for each other. Runs are short: at thousands of connections their setting up shows.
                """)
    }

    private var bursts: [Picture?] {
        Self.waits.map { wait, word in
            sweep(
                "burst-\(wait)", "A burst until its last message is handled, \(word)", cases.all("burst", wait: wait),
                x: Axis(label: "messages of the burst"), along: \.burst.asDouble,
                [Quantity(title: nil, unit: "µs, median") { $0.burstTime.map { Pictures.microseconds($0.p50) } }],
                caption: """
                    To the left one wake-up is all of the time, to the right the cost of each message. A blocking receiver sleeps before each \
                    burst, a spinning one does not: the two pictures cannot be compared.
                    """)
        }
    }

    private static let throughputAndLatency = [
        Quantity(title: "throughput", unit: "million a second") { $0.messagesPerSecond.map { $0 / 1e6 } },
        Quantity(title: "latency", unit: "µs, median") { $0.roundTrip.map { Pictures.microseconds($0.p50) } },
    ]

    /// One panel for each quantity; `nil` without at least two cases.
    private func sweep(
        _ name: String, _ title: String, _ works: [CaseResults], x axis: Axis, along: (ScenarioResult) -> Double?, _ quantities: [Quantity],
        sharesY: Bool = false, caption: String
    ) -> Picture? {
        let steps = works.compactMap { work in work.sample.flatMap(along).map { (x: $0, work: work) } }.sorted { $0.x < $1.x }
        let places = Set(steps.map(\.x)).sorted()
        guard places.count > 1 else { return nil }
        let contenders = steps.flatMap(\.work.contenders).reduce(into: [String]()) { all, name in
            if !all.contains(name) { all.append(name) }
        }
        var x = axis
        x.ticks = places.map { Tick(value: $0, label: Scaling.label($0)) }
        var table = Table(
            [axis.label, "by"] + quantities.map { [$0.title, $0.unit].compactMap { $0 }.joined(separator: ", ") }, textColumns: 2)
        for step in steps {
            for contender in step.work.contenders {
                let cells = quantities.map { Spread(step.work.trials(of: contender).compactMap($0.value))?.text(Figure.number) ?? "" }
                table.add([Scaling.label(step.x), contender] + cells)
            }
        }
        let series = quantities.map { quantity in
            contenders.map { contender in
                Series(
                    contender,
                    steps.compactMap { step in
                        Spread(step.work.trials(of: contender).compactMap(quantity.value)).map { Point(x: step.x, y: $0.median) }
                    })
            }.filter { $0.points.count > 1 }
        }
        let values = series.flatMap { $0 }.flatMap(\.points).map(\.y).filter { $0 > 0 }
        guard let least = values.min(), let greatest = values.max() else { return nil }
        let panels = zip(quantities, series).enumerated().map { place, pair in
            let (quantity, series) = pair
            return Panel.curves(
                Curves(
                    title: quantity.title, x: x, y: Axis(label: quantity.unit), series: series,
                    hasNames: !sharesY || place == quantities.count - 1, yRange: sharesY ? least...greatest : nil))
        }
        return Picture(name: name, title: title, caption: caption, panels: panels, table: table)
    }
}

extension Int? {
    fileprivate var asDouble: Double? { map(Double.init) }
}
