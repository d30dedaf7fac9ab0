import SwiftletBytes
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletSearch

/// Images that are read. A model gets them in the order of its classes, or not at all.
struct LoadedData {
  /// The training images (validation not yet held out) and the test images.
  typealias Sets = (train: Dataset, test: Dataset)

  /// As `--data` has it.
  let path: String
  /// Whether a model without class names takes the data's in their order.
  private let takesOrder: Bool
  private let sets: Sets

  /// Always the generator, whatever folders there are.
  static let generator = "synthetic:digits"

  /// Whether digits are generated rather than read.
  static func isSynthetic(_ path: String) -> Bool { path == "synthetic" || path == generator }

  /// Reads the data, telling on standard error what is passed over.
  init(_ path: String, syntheticCount: Int, classesInOrder: Bool) throws {
    self.path = path
    takesOrder = classesInOrder
    guard Self.isSynthetic(path) else {
      sets = try Dataset.open(path, decodeLimit: LimitOptions.decoding) { Console.note("note: \($0)") }
      return
    }
    if path == "synthetic", FileBytes.exists(path) {
      throw Failure.usage(
        "--data synthetic: something in this folder has that name too; give ./synthetic for it, or \(Self.generator) for "
          + "generated digits")
    }
    sets = (
      SyntheticDigits.dataset(count: syntheticCount, seed: 1),
      SyntheticDigits.dataset(count: syntheticCount / 6, seed: 2)
    )
  }

  /// For a network without classes of its own yet, or to be looked at.
  var inTheirOwnOrder: Sets { sets }

  /// For a model that is given.
  ///
  /// - Throws: `Failure` where the model takes other images or tells other classes apart.
  func fitted(to file: ModelFile) throws -> Sets {
    var sets = sets
    let train = sets.train
    let images = Shape(height: train.height, width: train.width, channels: train.channels)
    if let input = file.model.inputs.first.map({ file.model.values[$0].shape }), input != images {
      throw Failure("\(file.name): \(EvaluationError.imageShape(model: input, images: images))")
    }
    if takesOrder, file.model.metadata.labels.isEmpty {
      let numbers = train.classNames.indices.map(String.init)
      (sets.train.classNames, sets.test.classNames) = (numbers, numbers)
    }
    let mapping: ClassMapping
    do throws(ClassMismatch) { mapping = try ClassMapping(file.model, classNames: sets.train.classNames) } catch {
      throw Failure("\(file.name): \(error) (--data \(shown(path)))")
    }
    if mapping.isIdentity { return sets }
    if Self.isSynthetic(path) {
      return (try sets.train.inClassOrder(of: file.model), try sets.test.inClassOrder(of: file.model))
    }
    // Read anew: the order of the images in class folders follows that of the classes.
    return try Dataset.open(path, decodeLimit: LimitOptions.decoding, classOrder: mapping.names)
  }

  /// For models that are compared with each other: outputs of one number mean one class.
  func fitted(to files: [ModelFile]) throws -> Sets {
    let first = try fitted(to: files[0])
    for file in files.dropFirst() {
      let mapping: ClassMapping
      do throws(ClassMismatch) { mapping = try ClassMapping(file.model, classNames: first.train.classNames) } catch {
        throw Failure("\(file.name): \(error) (--data \(shown(path)))")
      }
      guard mapping.isIdentity else {
        throw Failure(
          "\(file.name): has the classes of \(files[0].name) in another order; their outputs cannot be compared")
      }
    }
    return first
  }

  /// - Parameter other: The `--subset` to take instead.
  /// - Throws: `Failure` where the data has none.
  func testImages(_ sets: Sets, other: String) throws -> Dataset {
    guard sets.test.count > 0 else {
      throw Failure("\(shown(path)): has no test images; give --subset \(other), or add a folder 'test'")
    }
    return sets.test
  }
}

extension ModelFile {
  /// Refuses, before any data is read, a model that does not say which images its training held out.
  func checkSplit() throws {
    do { try HeldOut.split(of: model) } catch { throw Failure("\(name): \(error)") }
  }
}
