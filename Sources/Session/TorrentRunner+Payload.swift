import CLinux
import Glibc
public import Networking
import Storage
public import TorrentModel

// The bytes of blocks that peers asked for, on their way from the files.
extension TorrentRunner {
  public func transport(
    _ transport: PeerTransport, sendPayloadOf block: Block, from offset: Int, to socket: Int32
  ) throws(TransportEnd) -> Int {
    try takePayload(
      of: block, from: offset, most: .max, for: transport
    ) { descriptor, fileOffset, length, _ in
      var position = fileOffset
      return shoal_sendfile(socket, descriptor, &position, length)
    }
  }

  public func transport(
    _ transport: PeerTransport, readPayloadOf block: Block, from offset: Int,
    into space: UnsafeMutableRawBufferPointer
  ) throws(TransportEnd) -> Int {
    try takePayload(
      of: block, from: offset, most: space.count, for: transport
    ) { descriptor, fileOffset, length, done in
      pread(descriptor, space.baseAddress! + done, length, off_t(fileOffset))
    }
  }

  /// Hands payload on as far as the limits allow.
  ///
  /// - Parameter body: gets a descriptor, a position in its file, how much is wanted from there and how
  ///   much was taken before; returns how much it takes, or -1 with `errno`.
  private func takePayload(
    of block: Block, from offset: Int, most: Int, for transport: PeerTransport,
    _ body: (Int32, Int64, Int, Int) -> Int
  ) throws(TransportEnd) -> Int {
    guard let storage, let info else { throw .sourceFailed("the torrent has no files yet") }
    let isExempt = isExemptFromLimits(transport.endpoint)
    let allowance = isExempt ? .max : uploadAllowance
    guard allowance > 0 else {
      transport.pauseSending(true)
      return 0
    }
    var isTruncated = false
    var code: Int32 = 0
    var done = 0
    let start = info.geometry.offset(of: block.piece) + UInt64(block.offset) + UInt64(offset)
    do {
      let sent = try storage.send(
        offset: start, length: min(allowance, most, Int(block.length) - offset)
      ) {
        descriptor, fileOffset, length in
        let count = body(descriptor, fileOffset, length, done)
        isTruncated = count == 0
        if count < 0 { code = errno }
        done += max(0, count)
        return max(0, count)
      }
      if sent == 0, !isTruncated, code != EAGAIN, code != EINTR {
        throw TransportEnd.network(
          NetworkError("send to", on: "\(transport.endpoint)", code: code))
      }
      if sent == 0, isTruncated {
        throw StorageError(.read, path: info.name, .truncated)
      }
      if !isExempt { noteSent(sent) }
      return sent
    } catch let error as StorageError {
      noteFailedRead(error)
      throw .sourceFailed("\(error)")
    } catch let end as TransportEnd {
      throw end
    } catch {
      preconditionFailure("sending throws storage and transport errors only")
    }
  }
}
