/// How a chunk comes home: one word, which the side that reads the chunk counts up, and the side that lends it looks at.
extension LaneWords {
    /// The reader's side, when it has read the chunk. Any thread may do it; the word is written for one chunk and one loan at a time.
    ///
    /// - Parameter returns: how often the chunk was given back, with this time.
    func giveBack(_ word: LaneWord, _ returns: UInt64) {
        // Pair LOAN: the reads of the chunk are done before `isReturned` lets it be written again.
        storeRelease(returns, to: word)
    }

    /// The lender's side: whether the chunk has come back as often as it was lent.
    ///
    /// - Throws: ``TransportError``: `invalidSharedMemory` when the word is anything but `loans`, or one less.
    func isReturned(_ word: LaneWord, _ loans: UInt64) throws(TransportError) -> Bool {
        // Pair LOAN: acquires what `giveBack` released. The peer has read what will be overwritten.
        let returns = loadAcquire(word)
        if returns == loans { return true }
        guard returns == loans &- 1 else {
            throw TransportError(
                .invalidSharedMemory, during: .send,
                detail: "the peer's counter of a loaned chunk is \(returns); it must be \(loans &- 1) or \(loans). The peer is broken or "
                    + "hostile")
        }
        return false
    }
}
