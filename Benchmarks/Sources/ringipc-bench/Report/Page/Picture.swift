/// What a picture shows, without a word about how it is drawn.
struct Picture {
    /// Of its place in the page.
    let name: String
    let title: String
    /// What to see, and what not to conclude.
    let caption: String
    let panels: [Panel]
    /// The numbers behind it.
    let table: Table
}

enum Panel {
    case curves(Curves)
    case bars(Bars)
}

struct Axis {
    enum Scale {
        case linear
        case logarithmic
        /// Of percentiles: the same distance for each further nine. Coordinates are as ``Percentile/nines(_:)`` has them.
        case nines
    }

    let label: String
    var scale = Scale.logarithmic
    /// Where values have names or only some are meant; else they are chosen from the data.
    var ticks: [Tick]?
    /// Labels that have room.
    var mostLabels = 7
}

struct Tick: Equatable {
    let value: Double
    let label: String
}

struct Curves {
    let title: String?
    let x: Axis
    let y: Axis
    let series: [Series]
    /// Names at the ends of the curves; panels that share them have them once.
    var hasNames = true
    /// Where panels must be comparable.
    var yRange: ClosedRange<Double>?
}

/// The points of one contender, in the order of x.
struct Series {
    let contender: String
    let points: [Point]
    /// Points that get a symbol.
    let marks: [Point]

    init(_ contender: String, _ points: [Point], marks: [Point]? = nil) {
        self.contender = contender
        self.points = points
        self.marks = marks ?? points
    }
}

struct Point: Equatable {
    let x: Double
    let y: Double
}

struct Bars {
    let title: String?
    let axis: Axis
    let bars: [Bar]
    /// What could be reached.
    var limit: Tick?
    /// Names of the parts, where a bar has two.
    var parts: [String] = []
}

struct Bar {
    let contender: String
    /// One after the other; the first is filled, the second hollow.
    let parts: [Double]
    var interval: ClosedRange<Double>?
    /// Its figure, behind its end.
    let label: String

    var end: Double { parts.reduce(0, +) }
}
