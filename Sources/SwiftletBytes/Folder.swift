import CSwiftletPlatform

/// What is in a folder of the file system.
public enum Folder {
  /// What a name stands for, links followed.
  public enum Kind: Int32, Sendable {
    /// A dangling link, or one that leads in a circle.
    case none = 0
    case file = 1
    case folder = 2
    /// A pipe, device or socket.
    case other = 3
  }

  public struct Entry: Sendable {
    /// See `FileName`.
    public var name: String
    public var kind: Kind
  }

  /// Everything in the folder, hidden names too, sorted by the bytes of the names.
  public static func entries(_ path: String) throws(FileError) -> [Entry] {
    var entries: [(name: [UInt8], kind: Kind)] = []
    let result = withUnsafeMutablePointer(to: &entries) { list in
      FileName.withCString(path) { path in
        swl_folder_list(path, list) { list, name, kind in
          list?.assumingMemoryBound(to: [(name: [UInt8], kind: Kind)].self).pointee
            .append((cStringBytes(name!), Kind(rawValue: kind) ?? .none))
        }
      }
    }
    if let error = FileError(result) { throw error }
    return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
      .map { Entry(name: FileName.text($0.name), kind: $0.kind) }
  }

  /// What `path` names.
  public static func kind(_ path: String) -> Kind {
    Kind(rawValue: FileName.withCString(path) { swl_file_kind($0) }) ?? .none
  }
}
