/// Figures for people: three significant digits, a dot, thousands grouped.
enum Figure {
    static func number(_ value: Double) -> String {
        let magnitude = abs(value)
        let decimals = magnitude >= 100 || magnitude == 0 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3
        return fixed(value, decimals: decimals)
    }

    static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let digits = Int(scaled)
        let whole = digits / Int(scale)
        let sign = value < 0 && digits > 0 ? "-" : ""
        guard decimals > 0 else { return sign + grouped(whole) }
        let fraction = String(digits % Int(scale))
        return sign + grouped(whole) + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    static func percent(_ ratio: Double) -> String { fixed(ratio * 100, decimals: 0) + " %" }

    private static func grouped(_ number: Int) -> String {
        var text = String(number)
        var end = text.count - 3
        while end > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: end))
            end -= 3
        }
        return text
    }
}
