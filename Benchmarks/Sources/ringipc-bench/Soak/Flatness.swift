/// Whether a figure that was sampled at a steady pace stays where it is.
struct Flatness {
    let first: Double
    let second: Double
    /// Of the least-squares line, per sample.
    let slope: Double

    /// - Parameter samples: at least four, after the warm-up.
    init(_ samples: [Double]) {
        let half = samples.count / 2
        first = Spread(Array(samples[..<half]))?.median ?? 0
        second = Spread(Array(samples[half...]))?.median ?? 0
        let middle = Double(samples.count - 1) / 2
        let mean = samples.reduce(0, +) / Double(samples.count)
        var (covariance, variance) = (0.0, 0.0)
        for (index, sample) in samples.enumerated() {
            let distance = Double(index) - middle
            covariance += distance * (sample - mean)
            variance += distance * distance
        }
        slope = variance > 0 ? covariance / variance : 0
    }

    /// The second half's median may be over the first's by `share` of it and by `slack`.
    func isFlat(share: Double, slack: Double) -> Bool { second <= first * (1 + share) + slack }
}
