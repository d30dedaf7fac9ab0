import SwiftletBytes

/// A folder that holds the parts of a data set in folders of their own, named as is usual, in any case.
struct SplitFolders {
  enum Part: String, CaseIterable {
    case training, validation, test

    var spellings: [String] {
      switch self {
      case .training: ["train", "training"]
      case .validation: ["val", "valid", "validation", "dev"]
      case .test: ["test", "testing", "t10k", "eval"]
      }
    }
  }

  let path: String
  /// The names of the parts' folders.
  let training: String
  let validation, test: String?
  private let contents: FolderContents
  /// Of the folder itself, outside its parts.
  let passedOver: PassedOver

  func folder(_ part: String) throws(DataError) -> FolderContents { try contents.folder(part) }

  /// Nil where the folder is no such: fewer than two parts, which may be classes of these names.
  ///
  /// - Throws: `DataError` for two folders of one part, other folders beside them, or none for training.
  init?(_ contents: FolderContents) throws(DataError) {
    path = contents.path
    var parts: [Part: [String]] = [:]
    var others: [String] = []
    for name in contents.folders {
      let part = Part.allCases.first { $0.spellings.contains(name.lowercased()) }
      if let part { parts[part, default: []].append(name) } else { others.append(name) }
    }
    // One folder named 'train' or 'test' among others is a class.
    guard parts.count >= 2 || others.isEmpty && !parts.isEmpty else { return nil }
    for part in Part.allCases where parts[part]?.count ?? 0 > 1 {
      throw DataError(.twoParts(parts[part] ?? [], part: part.rawValue), path: path)
    }
    let names = Part.allCases.compactMap { parts[$0]?.first }
    guard others.isEmpty else { throw DataError(.mixedFolders(parts: names, others: others), path: path) }
    guard names.count >= 2 else { throw DataError(.onePart(names[0]), path: path) }
    guard let training = parts[.training]?.first else { throw DataError(.noTrainingPart(names), path: path) }
    self.training = training
    validation = parts[.validation]?.first
    test = parts[.test]?.first
    self.contents = contents
    var passedOver = contents.passedOver
    passedOver.strays += contents.samples.count
    self.passedOver = passedOver
  }
}

extension Dataset {
  /// The parts of a data set whose folders tell them apart; the test part is empty where there is none.
  static func read(
    _ folders: SplitFolders, classOrder: [String]?, onNote: (String) -> Void
  ) throws(DataError) -> (train: Dataset, test: Dataset) {
    if let text = folders.passedOver.text { onNote("\(folders.path): passed over \(text)") }
    let listing = try FolderListing(try folders.folder(folders.training), order: classOrder)
    listing.tell(onNote)
    var training = try Dataset(listing)
    if let text = training.missingClasses { throw DataError(.trainingLacks(text), path: listing.path) }
    func part(_ name: String?) throws(DataError) -> Dataset? {
      guard let name else { return nil }
      let contents = try folders.folder(name)
      let path = contents.path
      let listing = try FolderListing(contents, order: training.classNames.isEmpty ? nil : training.classNames)
      listing.tell(onNote)
      let part = try Dataset(listing)
      if let text = part.difference(from: training) { throw DataError(.setsDiffer(text), path: path) }
      if let text = part.missingClasses { onNote("\(path): there are no images of \(text)") }
      return part
    }
    if let validation = try part(folders.validation) {
      guard training.images.count + validation.images.count <= byteLimit else {
        throw DataError(.tooManyPixels(limit: byteLimit), path: folders.path)
      }
      training.append(ownValidation: validation)
    }
    return (training, try part(folders.test) ?? training.subset([]))
  }

  /// What keeps the two from being parts of one data set, if anything.
  func difference(from training: Dataset) -> String? {
    if isSpectrogram != training.isSpectrogram { return "images here and recordings in the training folder" }
    if isLabelled != training.isLabelled {
      return isLabelled
        ? "class names here, none in the training folder" : "no class names here, but in the training folder"
    }
    if (height, width, channels) != (training.height, training.width, training.channels) {
      return "images of \(width) x \(height) with \(channels) channels here, of \(training.width) x \(training.height) "
        + "with \(training.channels) in the training folder"
    }
    if let rate = sampleRate, let other = training.sampleRate, rate != other {
      return "a sample rate of \(rate) per second here, of \(other) in the training folder"
    }
    return nil
  }
}
