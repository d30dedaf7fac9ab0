import SwiftletBytes

/// What one folder holds, hidden files left out.
struct FolderContents {
  let path: String
  private(set) var folders: [String] = []
  private(set) var images: [String] = []
  private(set) var recordings: [String] = []
  /// Every regular file, the images and recordings too.
  private(set) var files: [String] = []
  private(set) var passedOver = PassedOver()
  /// What decoding one of the files may make of it; nil for the default.
  let decodeLimit: DecodeLimit?

  /// - Throws: `DataError` where the folder cannot be listed.
  init(_ path: String, decodeLimit: DecodeLimit? = nil) throws(DataError) {
    self.path = path
    self.decodeLimit = decodeLimit
    let entries: [Folder.Entry]
    do throws(FileError) { entries = try Folder.entries(path) } catch { throw DataError(.file(error), path: path) }
    for entry in entries where !Self.isHidden(entry.name) {
      switch entry.kind {
      case .folder: folders.append(entry.name)
      case .file: add(file: entry.name)
      case .none, .other: passedOver.others += 1
      }
    }
  }

  var samples: [String] { images + recordings }

  /// A folder in this one.
  func folder(_ name: String) throws(DataError) -> FolderContents {
    try FolderContents(path(of: name), decodeLimit: decodeLimit)
  }

  /// The path of something in the folder.
  func path(of name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  private mutating func add(file name: String) {
    files.append(name)
    switch Self.ending(name) {
    case "png": images.append(name)
    case "wav": recordings.append(name)
    case let ending: passedOver.endings[ending, default: 0] += 1
    }
  }

  /// What is passed over where files are read by their names, and folders of others are not.
  func passedOver(reading names: Set<String>) -> PassedOver {
    var result = PassedOver()
    for name in files where !names.contains(name) { result.endings[Self.ending(name), default: 0] += 1 }
    result.others = passedOver.others
    result.subfolders = folders.count { folder in !names.contains { $0.hasPrefix(folder + "/") } }
    return result
  }

  /// What systems leave in folders, which is nobody's data.
  private static func isHidden(_ name: String) -> Bool {
    name.hasPrefix(".") || ["thumbs.db", "desktop.ini", "__macosx"].contains(name.lowercased())
  }

  /// In lower case, without the dot; empty where there is none.
  private static func ending(_ name: String) -> String {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.utf8.startIndex else { return "" }
    let ending = name[name.utf8.index(after: dot)...].lowercased()
    return ending.utf8.count > 12 ? "" : ending
  }
}

/// What is in the folders of a data set and is not read, to be told.
struct PassedOver: Sendable {
  /// How many files have each ending, in lower case.
  var endings: [String: Int] = [:]
  /// Folders beside images.
  var subfolders = 0
  /// Images and recordings beside class folders.
  var strays = 0
  /// Pipes, devices and links that lead nowhere.
  var others = 0

  static func += (a: inout PassedOver, b: PassedOver) {
    a.endings.merge(b.endings) { $0 + $1 }
    a.subfolders += b.subfolders
    a.strays += b.strays
    a.others += b.others
  }

  /// "412 .jpg files, 2 folders beside images (JPEG is not read yet: convert it to PNG)", or nothing.
  var text: String? {
    let order = endings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    var parts = order.prefix(8).map { ending, count in
      Self.count(count, ending.isEmpty ? "file without an ending" : ".\(ending) file", "files without an ending")
    }
    if order.count > 8 {
      parts.append(
        Self.count(order.dropFirst(8).reduce(0) { $0 + $1.value }, "file of other kinds", "files of other kinds"))
    }
    if strays > 0 {
      parts.append("\(Self.count(strays, "image or recording", "images or recordings")) beside the class folders")
    }
    if subfolders > 0 { parts.append("\(Self.count(subfolders, "folder")) beside images") }
    if others > 0 {
      parts.append("\(Self.count(others, "pipe, device or broken link", "pipes, devices or broken links"))")
    }
    guard !parts.isEmpty else { return nil }
    return parts.joined(separator: ", ") + (advice.map { " (\($0))" } ?? "")
  }

  /// What to do about files that could be data.
  private var advice: String? {
    let kinds: [(endings: [String], advice: String)] = [
      (["jpg", "jpeg", "jpe", "jfif"], "JPEG is not read yet: convert it to PNG"),
      (
        ["bmp", "gif", "webp", "tif", "tiff", "pgm", "ppm", "pnm", "heic"], "of images PNG alone is read: convert them"
      ),
      (["mp3", "flac", "ogg", "m4a", "aif", "aiff"], "of recordings WAV alone is read: convert them"),
      (["zip", "tar", "tgz", "7z", "rar"], "archives are not read: unpack them"),
    ]
    let fitting = kinds.filter { kind in kind.endings.contains { endings[$0] != nil } }.map(\.advice)
    return fitting.isEmpty ? nil : fitting.joined(separator: "; ")
  }

  private static func count(_ count: Int, _ one: String, _ many: String? = nil) -> String {
    count == 1 ? "1 \(one)" : "\(count) \(one.hasPrefix(".") ? one + "s" : many ?? one + "s")"
  }
}
