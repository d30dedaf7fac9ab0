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
  /// Sorted by their UTF-8 bytes, or as they were asked for; empty for images without labels.
  let classNames: [String]
  let samples: [Sample]
  let passedOver: PassedOver
  /// See `FolderContents`.
  let decodeLimit: DecodeLimit?
  /// A line about the class names.
  let note: String?

  /// - Parameter order: The classes there may be, in their order; by default those there are.
  /// - Throws: `DataError` for anything but class folders of images or recordings, recordings named
  ///   LABEL_anything_INDEX.wav, or images alone.
  init(_ contents: FolderContents, order: [String]? = nil) throws(DataError) {
    path = contents.path
    decodeLimit = contents.decodeLimit
    var passedOver = contents.passedOver
    let found: [Sample]
    if !contents.folders.isEmpty {
      passedOver.strays += contents.samples.count
      (classNames, found) = try Self.classFolders(contents, order, &passedOver)
      note = ClassNames.note(contents.folders)
    } else if !contents.recordings.isEmpty, contents.images.isEmpty {
      (classNames, found, note) = try Self.labelledByName(contents, order)
    } else {
      guard !contents.images.isEmpty else { throw DataError(.unknownLayout(found: passedOver.text), path: path) }
      (classNames, found, note) = ([], contents.samples.map { Sample(path: contents.path(of: $0), label: 0) }, nil)
    }
    samples = found
    self.passedOver = passedOver
    kind = try Self.kind(of: found.map(\.path), in: path)
  }

  private static func classFolders(
    _ contents: FolderContents, _ order: [String]?, _ passedOver: inout PassedOver
  ) throws(DataError) -> ([String], [Sample]) {
    let sorted = try ClassNames.sorted(contents.folders, in: contents.path)
    if order == nil { try ClassNames.check(sorted.map(\.name), contents.path) }
    let names = try arrange(sorted.map(\.name), order, contents.path)
    var samples: [Sample] = []
    for (label, name) in names.enumerated() {
      guard let file = sorted.first(where: { $0.name == name })?.file else { continue }
      let folder = try contents.folder(file)
      passedOver += folder.passedOver
      passedOver.subfolders += folder.folders.count
      // A part of a data set may lack a class; a whole one may not.
      guard order != nil || !folder.samples.isEmpty else {
        var inside = folder.passedOver
        inside.subfolders = folder.folders.count
        throw DataError(.noImages(found: inside.text), path: folder.path)
      }
      samples += folder.samples.map { Sample(path: folder.path(of: $0), label: UInt8(label)) }
    }
    return (names, samples)
  }

  /// Recordings named LABEL_anything_INDEX.wav.
  private static func labelledByName(
    _ contents: FolderContents, _ order: [String]?
  ) throws(DataError) -> ([String], [Sample], String?) {
    var entries: [(name: String, label: String, index: Int)] = []
    for name in contents.recordings {
      let parts = name.dropLast(".wav".count).split(separator: "_", omittingEmptySubsequences: false)
      guard parts.count >= 3, let label = parts.first, !label.isEmpty, let index = parts.last.flatMap({ Int($0) }),
        index >= 0
      else { throw DataError(.recordingName, path: contents.path(of: name)) }
      entries.append((name, String(label), index))
    }
    let labels = Array(Set(entries.map { ClassNames.name(of: $0.label) }))
    let sorted = try ClassNames.sorted(labels, in: contents.path)
    if order == nil { try ClassNames.check(sorted.map(\.name), contents.path) }
    let names = try arrange(sorted.map(\.name), order, contents.path)
    let indexes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, UInt8($0)) })
    let samples = entries.map { entry in
      Sample(
        path: contents.path(of: entry.name), label: indexes[ClassNames.name(of: entry.label)] ?? 0, index: entry.index)
    }
    return (names, samples, ClassNames.note(Array(Set(entries.map(\.label))).sorted()))
  }

  /// The names in `order`, where it is given; it may have more.
  private static func arrange(_ names: [String], _ order: [String]?, _ path: String) throws(DataError) -> [String] {
    guard let order else { return names }
    let known = Set(order)
    let others = names.filter { !known.contains($0) }
    guard others.isEmpty else { throw DataError(.unknownClasses(others), path: path) }
    return order
  }

  private static func kind(of paths: [String], in path: String) throws(DataError) -> Kind {
    let recordings = paths.count { $0.lowercased().hasSuffix(".wav") }
    guard recordings == 0 || recordings == paths.count else { throw DataError(.imagesAndRecordings, path: path) }
    return recordings > 0 ? .recordings : .images
  }
}
