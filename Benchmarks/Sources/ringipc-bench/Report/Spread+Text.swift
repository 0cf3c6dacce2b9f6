extension Spread {
    /// The median, and the interval that holds the true one.
    func text(_ figure: (Double) -> String) -> String { "\(figure(median)) (\(figure(low))–\(figure(high)))" }
}
