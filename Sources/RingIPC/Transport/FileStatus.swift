internal import CRingIPC

/// What stands under a name: enough to tell one file from another, and a socket from anything else.
struct FileStatus {
    let device: UInt64
    let inode: UInt64
    let mode: UInt32
    let owner: UInt32
    let size: Int64

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        mode = status.st_mode
        owner = status.st_uid
        size = Int64(status.st_size)
    }

    /// The name itself; a symbolic link is not followed. `nil` when there is nothing, or nothing that may be seen.
    init?(of path: String) {
        var status = stat()
        guard unsafe ringipc_status(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// What the name leads to.
    init?(following path: String) {
        var status = stat()
        guard unsafe ringipc_status_following(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init?(of descriptor: Int32) {
        var status = stat()
        guard unsafe ringipc_descriptor_status(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }

    /// The kind in the upper bits of the mode; inode(7) has the numbers.
    private var kindBits: UInt32 { mode & 0o170_000 }
    var isSocket: Bool { kindBits == 0o140_000 }
    var isRegularFile: Bool { kindBits == 0o100_000 }
    var permissions: UInt32 { mode & 0o7777 }

    /// For a person.
    var kind: String {
        switch kindBits {
        case 0o140_000: "a socket"
        case 0o120_000: "a symbolic link"
        case 0o100_000: "a regular file"
        case 0o060_000: "a block device"
        case 0o040_000: "a directory"
        case 0o020_000: "a character device"
        case 0o010_000: "a FIFO"
        default: "a file of unknown kind"
        }
    }
}
