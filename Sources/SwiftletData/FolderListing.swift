import Foundation
import SwiftletBytes

/// The images or recordings of a folder, found but not read.
struct FolderListing {
  enum Kind { case images, recordings }

  struct Sample {
    var path: String
    /// An index into the class names; 0 where there are none.
    var label: UInt8
    /// The number at the end of a recording's name, where the name has the label too.
    var index: Int?
  }

  let path: String
  let kind: Kind
  /// Sorted by their UTF-8 bytes; empty for images without labels.
  let classNames: [String]
  let samples: [Sample]

  init(_ path: String) throws(DataError) {
    self.path = path
    let classes = try Self.subfolders(path)
    let names = try classes.isEmpty ? Self.files(path) : []
    guard !classes.isEmpty || !names.isEmpty else { throw DataError(.unknownLayout, path: path) }
    if classes.isEmpty {
      kind = try Self.kind(of: names, in: path)
      (classNames, samples) = try kind == .images ? Self.unlabelled(names, path) : Self.labelledByName(names, path)
      return
    }
    try Self.checkCount(classes, path)
    var samples: [Sample] = []
    for (label, name) in classes.enumerated() {
      let folder = "\(path)/\(name)"
      let files = try Self.files(folder)
      guard !files.isEmpty else { throw DataError(.noImages, path: folder) }
      samples += files.map { Sample(path: "\(folder)/\($0)", label: UInt8(label)) }
    }
    kind = try Self.kind(of: samples.map(\.path), in: path)
    classNames = classes
    self.samples = samples
  }

  private static func unlabelled(_ names: [String], _ path: String) -> ([String], [Sample]) {
    ([], names.map { Sample(path: "\(path)/\($0)", label: 0) })
  }

  /// Recordings named LABEL_anything_INDEX.wav.
  private static func labelledByName(_ names: [String], _ path: String) throws(DataError) -> ([String], [Sample]) {
    var entries: [(name: String, label: String, index: Int)] = []
    for name in names {
      let parts = name.dropLast(".wav".count).split(separator: "_", omittingEmptySubsequences: false)
      guard parts.count >= 3, let label = parts.first, !label.isEmpty, let index = parts.last.flatMap({ Int($0) }),
        index >= 0
      else { throw DataError(.recordingName, path: "\(path)/\(name)") }
      entries.append((name, String(label), index))
    }
    let labels = sorted(Set(entries.map(\.label)))
    try checkCount(labels, path)
    let samples = entries.map { entry in
      Sample(
        path: "\(path)/\(entry.name)", label: UInt8(labels.firstIndex(of: entry.label) ?? 0), index: entry.index)
    }
    return (labels, samples)
  }

  private static func checkCount(_ classes: [String], _ path: String) throws(DataError) {
    guard (2...256).contains(classes.count) else { throw DataError(.classCount(classes.count), path: path) }
  }

  private static func isImage(_ name: String) -> Bool { name.lowercased().hasSuffix(".png") }
  private static func isRecording(_ name: String) -> Bool { name.lowercased().hasSuffix(".wav") }

  private static func kind(of names: [String], in path: String) throws(DataError) -> Kind {
    guard names.contains(where: isRecording) else { return .images }
    guard !names.contains(where: isImage) else { throw DataError(.imagesAndRecordings, path: path) }
    return .recordings
  }

  /// The names of a folder's images and recordings.
  private static func files(_ path: String) throws(DataError) -> [String] {
    try contents(path).filter { isImage($0) || isRecording($0) }
  }

  private static func contents(_ path: String) throws(DataError) -> [String] {
    do {
      return sorted(try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") })
    } catch { throw DataError(.file(FileError(.permission, errorNumber: EACCES)), path: path) }
  }

  static func subfolders(_ path: String) throws(DataError) -> [String] {
    try contents(path).filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) && isFolder.boolValue
    }
  }

  private static func sorted(_ names: some Sequence<String>) -> [String] {
    names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
