import SwiftletBytes
import SwiftletImages

/// Why images or recordings could not be read, naming the file or folder.
public struct DataError: Error, Sendable {
  public enum Reason: Sendable {
    case file(FileError)
    case image(ImageError)
    case recording(WAVError)
    /// None of these file names is in the folder, which has the others instead.
    case missingFile(names: [String], found: [String])
    /// The idx files of several data sets, each of which needs a folder of its own.
    case severalFamilies([String])
    /// A file of class names, one for each label, has a bad line.
    case mapping(line: Int)
    /// A folder that holds neither MNIST's files nor class folders, images or recordings; what it does hold.
    case unknownLayout(found: String?)
    /// The path is a file where a folder is needed.
    case notAFolder
    /// A label of the image at `index` that is not below `classCount`.
    case labelOutOfRange(label: Int, index: Int, classCount: Int, advice: String?)
    /// A 32-bit label outside 0...255.
    case labelIsNoByte(label: Int, index: Int)
    /// A label of the image at `index` that is none of the data's.
    case unknownLabel(label: Int, index: Int, known: ClosedRange<Int>)
    case countsDiffer(images: Int, labels: Int)
    /// No image at all; what there is instead.
    case noImages(found: String?)
    /// A single image, which cannot be divided.
    case oneImage
    /// An image file of another size or channel count than the first one.
    case sizeDiffers(width: Int, height: Int, channels: Int, first: String)
    /// A recording outside a class folder whose name is not LABEL_anything_INDEX.wav.
    case recordingName
    /// A recording of another sample rate than the first one.
    case sampleRateDiffers(Int, first: String, rate: Int)
    /// PNG images and recordings in one data set.
    case imagesAndRecordings
    /// Fewer than 2 or more than 256 classes.
    case classCount([String])
    /// More bytes of pixels than a data set may have.
    case tooManyPixels(limit: Int)
    /// Two class folders whose names are the same text.
    case sameClassTwice(String)
    case longClassName(limit: Int)
    /// Classes that the training images do not have.
    case unknownClasses([String])
    /// Classes without a training image.
    case trainingLacks(String)
    /// Test or validation images that are no part of one data set with the training images; why.
    case setsDiffer(String)
    /// Two folders for one part of the data.
    case twoParts([String], part: String)
    /// Folders of parts beside other folders.
    case mixedFolders(parts: [String], others: [String])
    /// One part alone.
    case onePart(String)
    case noTrainingPart([String])
  }

  /// The file or folder that the reason is about.
  public var path: String
  public var reason: Reason

  public init(_ reason: Reason, path: String) {
    self.reason = reason
    self.path = path
  }
}

extension DataError: CustomStringConvertible {
  /// One line: the path, what is wrong, and how to mend it where that is not plain.
  public var description: String { "\(path): \(reasonText)" }

  private var reasonText: String {
    switch reason {
    case .file(let error): DataError.text(error.write)
    case .image(let error): DataError.text(error.write)
    case .recording(let error): error.text
    case .missingFile(let names, let found):
      "the folder has no \(names.joined(separator: " or "))\(found.isEmpty ? "" : "; it has \(found.joined(separator: ", "))")"
    case .severalFamilies(let families):
      "the folder has the idx files of several data sets (\(families.joined(separator: ", "))); put those of one into a "
        + "folder of their own"
    case .mapping(let line):
      "line \(line) is not a label from 0 to 255 that is new and the codes of its characters, such as '10 65'"
    case .unknownLayout(let found): DataError.unknownLayoutText(found)
    case .notAFolder: "is a file; a folder of MNIST's idx files, of class-name/*.png folders or of .wav files is needed"
    case .labelIsNoByte(let label, let index):
      "label \(label) of image \(index) is not from 0 to 255, the labels that there may be; number the classes from 0"
    case .labelOutOfRange(let label, let index, let classCount, let advice):
      "label \(label) of image \(index) is out of range; there are \(classCount) classes, 0 to \(classCount - 1)"
        + (advice.map { " (\($0))" } ?? "")
    case .unknownLabel(let label, let index, let known):
      "label \(label) of image \(index) is none of the data's classes, whose labels are from \(known.lowerBound) to "
        + "\(known.upperBound)"
    case .countsDiffer(let images, let labels): "\(labels) labels for \(images) images"
    case .noImages(let found): "holds no images (.png) and no recordings (.wav)\(DataError.instead(found))"
    case .oneImage: "holds a single image or recording; two at least are needed, one of them for testing"
    case .sizeDiffers(let width, let height, let channels, let first):
      "is \(width) x \(height) with \(channels) channels, unlike \(first); all images must have one size"
    case .recordingName: "tells no label: name recordings LABEL_anything_INDEX.wav, or put them in class folders"
    case .sampleRateDiffers(let rate, let first, let other):
      "has \(rate) samples per second, unlike \(first) with \(other); all recordings must have one rate"
    case .imagesAndRecordings: "holds both images (.png) and recordings (.wav); give one kind"
    case .classCount(let names): DataError.classCountText(names)
    case .tooManyPixels(let limit): "more than \(limit) bytes of pixels"
    case .sameClassTwice(let name):
      "two classes are named '\(printable(name.utf8))', spelled with different bytes; put them into one folder"
    case .longClassName(let limit): "a class name has more than \(limit) bytes; give its folder a shorter one"
    case .unknownClasses(let names):
      "the classes differ from those of the training images, which have no \(ClassMismatch.list(names)); add images of it "
        + "there, or remove it here"
    case .trainingLacks(let classes): "there are no images to train on of \(classes); add some, or remove the folder"
    case .setsDiffer(let text): "the parts of the data differ: \(text)"
    case .twoParts(let names, let part): "has two folders for \(part), \(ClassMismatch.list(names)); keep one"
    case .mixedFolders(let parts, let others):
      "has folders for parts of the data (\(ClassMismatch.list(parts))) beside others (\(ClassMismatch.list(others))); "
        + "move the others into the parts, or elsewhere"
    case .onePart(let name): DataError.onePartText(name)
    case .noTrainingPart(let names):
      "has \(ClassMismatch.list(names)), but no folder for training; name it 'train', or give one of the folders itself"
    }
  }

  private static func unknownLayoutText(_ found: String?) -> String {
    "the folder holds neither MNIST's idx files (tools/fetch-mnist gets them) nor class-name/*.png (or .wav) folders, "
      + "*.png images or LABEL_*_INDEX.wav recordings\(instead(found))"
  }

  private static func classCountText(_ names: [String]) -> String {
    "\(names.count) class folders or labels (\(ClassMismatch.list(names))); 2 to 256 are possible"
      + (names.count < 2 ? "; give the folder that has the class folders, images or recordings right in it" : "")
  }

  private static func onePartText(_ name: String) -> String {
    "has a folder '\(name)' and no other part of the data; give that folder itself, and every seventh image of it is for "
      + "testing, or add the others ('train' with 'test', 'val' or both)"
  }

  /// What there is instead, for the end of a sentence.
  private static func instead(_ found: String?) -> String { found.map { "; there are \($0)" } ?? "" }

  fileprivate static func text(_ write: (inout ByteWriter) -> Void) -> String {
    var writer = ByteWriter()
    write(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension WAVError {
  fileprivate var text: String {
    let conversion = "convert it first (ffmpeg -i IN -ac 1 -c:a pcm_s16le OUT.wav)"
    return switch self {
    case .empty: "the file is empty"
    case .notWAV(let kind):
      "not a WAV file" + (kind.map { " but \(String(decoding: $0.name, as: UTF8.self)); \(conversion)" } ?? "")
    case .bytes(let error): DataError.text(error.write)
    case .missingChunk(let name): "the WAV file has no '\(name)' chunk\(name == "fmt" ? " before its samples" : "")"
    case .coding(let code): "the samples have coding \(code), not PCM or floating point; \(conversion)"
    case .channelCount(let count): "the recording has \(count) channels, and one is needed; \(conversion)"
    case .sampleSize(let bits, let blockAlign, let isFloat):
      "the \(isFloat ? "floating-point " : "")samples have \(bits) bits (block align \(blockAlign)); PCM of 8, 16, 24 or "
        + "32 bits or floating point of 32 is needed: \(conversion)"
    case .notANumber: "a floating-point sample is not a number; write the recording anew"
    case .sampleRate(let rate):
      "\(rate) samples per second; \(WAVFile.sampleRates.lowerBound) to \(WAVFile.sampleRates.upperBound) are possible"
    case .dataByteCount(let count): "\(count) bytes of samples; a whole number of samples is needed"
    }
  }
}
