/// What a file's name promises of its content, whatever the name's case; standard input has no name and promises
/// nothing.
public struct InputName: Hashable, Sendable {
  /// It ends in .png: anything but a PNG is refused.
  public let isPNG: Bool
  /// It ends in .raw: what is not an image by its whole content is pixels without a header.
  public let isRaw: Bool
  /// See `IDXFile.storesColumns`.
  public let storesColumns: Bool
  /// Whether there is a name, and so another could be given.
  let isGiven: Bool

  /// What the name of the file at `path` promises; nil is standard input.
  public init(_ path: UnsafePointer<CChar>?) {
    guard let path else {
      (isPNG, isRaw, storesColumns, isGiven) = (false, false, false, false)
      return
    }
    isPNG = Self.hasEnding(path, ".png")
    isRaw = Self.hasEnding(path, ".raw")
    storesColumns = IDXFile.storesColumns(path)
    isGiven = true
  }

  private static func hasEnding(_ path: UnsafePointer<CChar>, _ ending: StaticString) -> Bool {
    var length = 0
    while path[length] != 0 { length += 1 }
    return length >= ending.utf8CodeUnitCount && starts(path + (length - ending.utf8CodeUnitCount), ending)
  }

  /// Whether `text` starts with `start`, which is in lower case, whatever its own case.
  static func starts(_ text: UnsafePointer<CChar>, _ start: StaticString) -> Bool {
    // The bit by which capitals differ is set in a period too; the text's end ends the comparison.
    for index in 0..<start.utf8CodeUnitCount
    where UInt8(bitPattern: text[index]) | 0x20 != start.utf8Start[index] { return false }
    return true
  }
}
