import SwiftletBytes
import SwiftletImages

/// Why images or recordings could not be read, naming the file or folder.
public struct DataError: Error, Sendable {
  public enum Reason: Sendable {
    case file(FileError)
    case image(ImageError)
    case recording(WAVError)
    /// None of these file names is in the folder.
    case missingFile(names: [String])
    /// A folder that holds neither MNIST's files nor class folders, images or recordings.
    case unknownLayout
    /// The path is a file where a folder is needed.
    case notAFolder
    /// A label of the image at `index` that is not below `classCount`.
    case labelOutOfRange(label: Int, index: Int, classCount: Int)
    case countsDiffer(images: Int, labels: Int)
    /// No image at all.
    case noImages
    /// An image file of another size or channel count than the first one.
    case sizeDiffers(width: Int, height: Int, channels: Int, first: String)
    /// A recording outside a class folder whose name is not LABEL_anything_INDEX.wav.
    case recordingName
    /// A recording of another sample rate than the first one.
    case sampleRateDiffers(Int, first: String, rate: Int)
    /// PNG images and recordings in one data set.
    case imagesAndRecordings
    /// Fewer than 2 or more than 256 classes.
    case classCount(Int)
    /// More bytes of pixels than a data set may have.
    case tooManyPixels(limit: Int)
    /// Test images of another size, or with other classes, than the training images.
    case setsDiffer
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
    case .missingFile(let names): "the folder has no \(names.joined(separator: " or "))"
    case .unknownLayout:
      "the folder holds neither MNIST's idx files (tools/fetch-mnist gets them) nor class-name/*.png (or .wav) folders, "
        + "*.png images or LABEL_*_INDEX.wav recordings"
    case .notAFolder: "is a file; a folder of MNIST's idx files, of class-name/*.png folders or of .wav files is needed"
    case .labelOutOfRange(let label, let index, let classCount):
      "label \(label) of image \(index) is out of range; there are \(classCount) classes, 0 to \(classCount - 1)"
    case .countsDiffer(let images, let labels): "\(labels) labels for \(images) images"
    case .noImages: "holds no images (.png) and no recordings (.wav)"
    case .sizeDiffers(let width, let height, let channels, let first):
      "is \(width) x \(height) with \(channels) channels, unlike \(first); all images must have one size"
    case .recordingName: "tells no label: name recordings LABEL_anything_INDEX.wav, or put them in class folders"
    case .sampleRateDiffers(let rate, let first, let other):
      "has \(rate) samples per second, unlike \(first) with \(other); all recordings must have one rate"
    case .imagesAndRecordings: "holds both images (.png) and recordings (.wav); give one kind"
    case .classCount(let count): "\(count) class folders or labels; 2 to 256 are possible"
    case .tooManyPixels(let limit): "more than \(limit) bytes of pixels"
    case .setsDiffer: "the test images differ from the training images in size, classes or sample rate"
    }
  }

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
    case .overLimit(let byteCount, let limit):
      "the samples take \(byteCount) bytes, above the limit of \(limit) for a file of its size; --no-limits lifts it "
        + "for files you trust"
    }
  }
}
