public import RingIPC

extension Endpoint {
    /// Where a Qt program listens, or connects to, under this name: an absolute path stands for itself, any other name is that of a file in
    /// `TMPDIR`, or `/tmp`.
    public static func localServer(named name: String) -> Endpoint { .path(LocalName.path(for: name)) }
}

/// How Qt finds the socket that a name stands for, so that both ends meet under a bare name.
package enum LocalName {
    /// - Parameter isAbstract: the name is taken as it is.
    package static func endpoint(for name: String, isAbstract: Bool) -> Endpoint {
        isAbstract ? .abstract(name) : .path(path(for: name))
    }

    /// An absolute path stands for itself; any other name is that of a file in the directory for temporary files.
    package static func path(for name: String, temporaryDirectory: String? = SocketName.temporaryDirectory) -> String {
        // In bytes, as the kernel sees names.
        if name.utf8.first == UInt8(ascii: "/") { return name }
        let directory = temporaryDirectory.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        return "\(cleaned(directory))/\(name)"
    }

    /// Without empty and `.` components, and without those that a `..` takes back.
    package static func cleaned(_ path: String) -> String {
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        var components: [Substring.UTF8View] = []
        for component in path.utf8.split(separator: UInt8(ascii: "/")) where !component.elementsEqual(".".utf8) {
            let isBack = component.elementsEqual("..".utf8)
            if isBack, let last = components.last, !last.elementsEqual("..".utf8) {
                components.removeLast()
            } else if !isBack || !isAbsolute {
                components.append(component)
            }
        }
        let text = components.map { String(Substring($0)) }.joined(separator: "/")
        return isAbsolute ? "/" + text : text.isEmpty ? "." : text
    }

    /// The name that a program would give for an endpoint: the last component of a path.
    package static func serverName(of endpoint: Endpoint?) -> String {
        switch endpoint {
        case .path(let path): String(Substring(path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...]))
        case .abstract(let name): name
        case .descriptor, nil: ""
        }
    }

    /// The whole of it: a path, or an abstract name.
    package static func fullName(of endpoint: Endpoint?) -> String {
        switch endpoint {
        case .path(let path): path
        case .abstract(let name): name
        case .descriptor, nil: ""
        }
    }
}
