extension String {
    /// A part of a file name: letters and digits in lower case, and one dash for everything between them.
    var slug: String {
        lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.joined(separator: "-")
    }
}
