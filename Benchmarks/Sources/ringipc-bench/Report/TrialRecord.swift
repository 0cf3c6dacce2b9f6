/// A line of `results.jsonl`: a result, and which trial of what it is.
struct TrialRecord: Codable, Equatable {
    let title: String
    let contender: String
    let trial: Int
    /// The contender that shows what the kernel gives to this one: the C program with the same calls.
    var reference: String?
    let result: ScenarioResult

    init(title: String, contender: String, trial: Int, reference: String? = nil, result: ScenarioResult) {
        self.title = title
        self.contender = contender
        self.trial = trial
        self.reference = reference
        self.result = result
    }

    enum CodingKeys: String, CodingKey {
        case title = "case"
        case contender, trial
        case reference = "limit"
    }

    /// The fields of the result stand beside these: one object for each line.
    func encode(to encoder: any Encoder) throws {
        try result.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(title, forKey: .title)
        try container.encode(contender, forKey: .contender)
        try container.encode(trial, forKey: .trial)
        try container.encodeIfPresent(reference, forKey: .reference)
    }

    init(from decoder: any Decoder) throws {
        result = try ScenarioResult(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        title = try container.decode(String.self, forKey: .title)
        contender = try container.decode(String.self, forKey: .contender)
        trial = try container.decode(Int.self, forKey: .trial)
        reference = try container.decodeIfPresent(String.self, forKey: .reference)
    }
}
