import CSwiftletPlatform

/// Why a file could not be read or written; which file, the caller knows.
public struct FileError: Error, Hashable, Sendable {
  public enum Reason: Int32, Sendable, CaseIterable {
    /// No file of that name.
    case missing = 1
    /// The name is a directory's.
    case isDirectory = 2
    /// Not allowed, or a read-only file system.
    case permission = 3
    /// More bytes than the stated limit.
    case tooLarge = 4
    /// The output exists and is not to be replaced.
    case exists = 5
    /// Disk full, quota or file-size limit reached; no partial file is left.
    case noSpace = 6
    /// The folder to write into does not exist.
    case folderMissing = 7
    /// An empty or too long name, or one that goes through something that is not a directory.
    case badName = 8
    /// Anything else; see `errorNumber`.
    case other = 9
  }

  public var reason: Reason
  /// The system's errno.
  public var errorNumber: Int32

  public init(_ reason: Reason, errorNumber: Int32) {
    self.reason = reason
    self.errorNumber = errorNumber
  }

  init?(_ result: swl_file_result) {
    guard result.reason != Int32(SWL_FILE_OK) else { return nil }
    self.init(Reason(rawValue: result.reason) ?? .other, errorNumber: result.error_number)
  }
}

/// Whole files as bytes.
public enum FileBytes {
  /// The bytes of a file, pipe or device, at most `limit` of them.
  ///
  /// - Throws: `.missing`, `.isDirectory`, `.permission`, `.tooLarge`, `.badName` or `.other`.
  public static func read(_ path: UnsafePointer<CChar>, limit: Int) throws(FileError) -> [UInt8] {
    var descriptor: Int32 = -1
    var byteCount = 0
    if let error = FileError(swl_file_open(path, limit, &descriptor, &byteCount)) { throw error }
    defer { swl_file_close(descriptor) }
    return try readToEnd(descriptor, expecting: byteCount, limit: limit)
  }

  /// All of standard input, at most `limit` bytes.
  public static func readStandardInput(limit: Int) throws(FileError) -> [UInt8] {
    var byteCount = 0
    if let error = FileError(swl_file_describe(0, limit, &byteCount)) { throw error }
    return try readToEnd(0, expecting: byteCount, limit: limit)
  }

  private static func readToEnd(_ descriptor: Int32, expecting byteCount: Int, limit: Int) throws(FileError) -> [UInt8]
  {
    var bytes: [UInt8] = []
    // One more than expected, so that a file that does not grow ends with a single empty read.
    var capacity = byteCount > 0 ? byteCount + 1 : 1 << 16
    while true {
      var failure: FileError?
      let more = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
        filled = 0
        while filled < capacity {
          var count = 0
          let start = buffer.baseAddress! + filled
          failure = FileError(swl_file_read(descriptor, start, capacity - filled, &count))
          if failure != nil || count == 0 { return }
          filled += count
        }
      }
      if let failure { throw failure }
      let isLast = more.count < capacity
      guard bytes.count + more.count <= limit else { throw FileError(.tooLarge, errorNumber: 0) }
      if bytes.isEmpty { bytes = more } else { bytes += more }
      if isLast { return bytes }
      capacity = min(max(bytes.count, 1 << 16), limit - bytes.count + 1)
    }
  }

  /// Writes a whole file or nothing: to a file without a name where the system has those, else to a temporary name in
  /// the same folder; synced, then named.
  ///
  /// - Parameter replacing: Whether an existing file may be replaced.
  /// - Throws: `.exists`, `.isDirectory`, `.permission`, `.noSpace`, `.folderMissing`, `.badName` or `.other`.
  public static func write(
    _ bytes: [UInt8], to path: UnsafePointer<CChar>, replacing: Bool
  ) throws(FileError) {
    let result = bytes.withUnsafeBufferPointer { swl_file_write(path, $0.baseAddress, $0.count, replacing) }
    if let error = FileError(result) { throw error }
  }

  /// Whether anything has this name, so that a long job can refuse an existing output before it starts.
  public static func exists(_ path: UnsafePointer<CChar>) -> Bool { swl_file_exists(path) }
}

/// The same for names as Strings (`FileName`).
extension FileBytes {
  public static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    try FileName.withCString(path) { name throws(FileError) in try read(name, limit: limit) }
  }

  public static func write(_ bytes: [UInt8], to path: String, replacing: Bool) throws(FileError) {
    try FileName.withCString(path) { name throws(FileError) in try write(bytes, to: name, replacing: replacing) }
  }

  public static func exists(_ path: String) -> Bool { FileName.withCString(path) { exists($0) } }

  public static func remove(_ path: String) throws(FileError) {
    if let error = FileError(FileName.withCString(path) { swl_file_remove($0) }) { throw error }
  }
}
