import Foundation
import SwiftletModel

/// Why an architecture could not be built, in one line for people.
public struct ArchitectureError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// A network to train, by name or from JSON.
public enum Architecture {
  /// The names `named(_:)` knows.
  public static let names = builtIn.map(\.name)

  /// Architectures as anybody would write them.
  static let builtIn: [(name: String, json: String)] = [
    (
      "mnist-cnn",
      """
      {"input": [28, 28, 1], "layers": [
        {"type": "conv2d", "filters": 32, "kernel": 3, "activation": "relu"},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "conv2d", "filters": 64, "kernel": 3, "activation": "relu"},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "flatten"},
        {"type": "dense", "units": 128, "activation": "relu"},
        {"type": "dense", "units": 10},
        {"type": "softmax"}]}
      """
    ),
    // Caffe's LeNet: no activation after the convolutions.
    (
      "lenet5",
      """
      {"input": [28, 28, 1], "layers": [
        {"type": "conv2d", "filters": 20, "kernel": 5},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "conv2d", "filters": 50, "kernel": 5},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "flatten"},
        {"type": "dense", "units": 500, "activation": "relu"},
        {"type": "dense", "units": 10},
        {"type": "softmax"}]}
      """
    ),
    // ResNet-8 of MLPerf Tiny (Banbury et al. 2021; He et al. 2015) with a first stride of 2, for images of 28 x 28.
    (
      "resnet8",
      """
      {"input": [28, 28, 1], "layers": [
        {"type": "conv2d", "filters": 16, "kernel": 3, "stride": 2, "padding": "same"},
        {"type": "batch_norm"}, {"type": "relu", "name": "stem"},
        {"type": "conv2d", "filters": 16, "kernel": 3, "padding": "same"}, {"type": "batch_norm"}, {"type": "relu"},
        {"type": "conv2d", "filters": 16, "kernel": 3, "padding": "same"}, {"type": "batch_norm", "name": "branch1"},
        {"type": "add", "inputs": ["stem", "branch1"], "activation": "relu", "name": "block1"},
        {"type": "conv2d", "filters": 32, "kernel": 3, "stride": 2, "padding": "same"},
        {"type": "batch_norm"}, {"type": "relu"},
        {"type": "conv2d", "filters": 32, "kernel": 3, "padding": "same"}, {"type": "batch_norm", "name": "branch2"},
        {"type": "conv2d", "filters": 32, "kernel": 1, "stride": 2, "inputs": ["block1"], "name": "shortcut2"},
        {"type": "add", "inputs": ["shortcut2", "branch2"], "activation": "relu", "name": "block2"},
        {"type": "conv2d", "filters": 64, "kernel": 3, "stride": 2, "padding": "same"},
        {"type": "batch_norm"}, {"type": "relu"},
        {"type": "conv2d", "filters": 64, "kernel": 3, "padding": "same"}, {"type": "batch_norm", "name": "branch3"},
        {"type": "conv2d", "filters": 64, "kernel": 1, "stride": 2, "inputs": ["block2"], "name": "shortcut3"},
        {"type": "add", "inputs": ["shortcut3", "branch3"], "activation": "relu"},
        {"type": "average_pool2d", "kernel": 4},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
        {"type": "softmax"}]}
      """
    ),
    // Ten keywords, such as spoken digits, from log-mel images of 32 bands by 32 frames.
    (
      "keyword",
      """
      {"input": [32, 32, 1], "layers": [
        {"type": "conv2d", "filters": 16, "kernel": 3, "padding": "same"}, {"type": "batch_norm"}, {"type": "relu"},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "conv2d", "filters": 32, "kernel": 3, "padding": "same"}, {"type": "batch_norm"}, {"type": "relu"},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "conv2d", "filters": 64, "kernel": 3, "padding": "same"}, {"type": "batch_norm"}, {"type": "relu"},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "flatten"},
        {"type": "dropout", "rate": 0.3},
        {"type": "dense", "units": 10},
        {"type": "softmax"}]}
      """
    ),
    // Gives back its input through 32 numbers: trained by mean squared error, as its output has its input's shape.
    (
      "autoencoder",
      """
      {"input": [28, 28, 1], "layers": [
        {"type": "flatten"},
        {"type": "dense", "units": 128, "activation": "relu"},
        {"type": "dense", "units": 32},
        {"type": "dense", "units": 128, "activation": "relu"},
        {"type": "dense", "units": 784},
        {"type": "reshape", "shape": [28, 28, 1]}]}
      """
    ),
  ]

  /// A built-in architecture with zero parameters.
  ///
  /// - Throws: `ArchitectureError` that lists the known names.
  public static func named(_ name: String) throws -> Model {
    guard let found = builtIn.first(where: { $0.name == name }) else {
      throw ArchitectureError(
        "unknown architecture \(quoted(name)); \(known(names, insteadOf: name)); or give a .json file")
    }
    return try parse(Data(found.json.utf8))
  }

  /// Reads an architecture file.
  ///
  /// A JSON object (UTF-8, every key once) with `input`, the extents `[height, width, channels]`; `layers`, a list; and
  /// optionally `normalize`, `{"mean": [..], "std": [..]}` with one number per channel, applied to pixels scaled to
  /// 0...1. A layer has a `type`, its settings, and optionally a `name`; it reads the layer before it, or those named in
  /// `inputs`, a list of names or one name (`"input"` is the network's input). Types and settings (defaults in
  /// parentheses):
  ///
  /// - `conv2d`: filters, kernel, stride (1), dilation (1), padding ("valid"), groups (1), activation ("none")
  /// - `depthwise_conv2d`: kernel, multiplier (1), stride, dilation, padding, activation
  /// - `dense`: units, activation
  /// - `max_pool2d`: kernel, stride (the kernel), dilation, padding, ceil_mode (false)
  /// - `average_pool2d`: the same, and count_padding (false), divisor
  /// - `relu`, `bounded_relu`: bound (6)
  /// - `add`: activation; `concat`; both with `inputs`
  /// - `flatten`, `reshape`: shape; `softmax`; `batch_norm`: epsilon (0.001), momentum (0.99); `dropout`: rate
  ///
  /// kernel, stride and dilation are a number or `[height, width]`; padding is "valid", "same" (SAME_UPPER),
  /// "same_lower", a number, or `[top, left, bottom, right]`; activation is "none", "relu", "relu6" or
  /// `{"bounded_relu": bound}`. Whole numbers may be written 3 or 3.0. Unknown keys, names and types, keys given twice and
  /// values of another type are errors. What a model may have in all is what `ReadLimits` reads back.
  /// - Throws: `ArchitectureError` naming the layer, or the line where it is no JSON.
  public static func parse(_ json: Data) throws -> Model {
    let top = try Fields(
      JSONParser.parse([UInt8](json)), where: "the architecture", keys: ["input", "layers", "normalize"])
    let shape = try top.shape("input")
    guard shape.checkedCount != nil else {
      throw ArchitectureError("'input': \(ShapeError.badShape(shape))")
    }
    let layers = try top.list("layers", "a list of at least one layer")
    var assembly = Assembly(input: shape)
    for (index, layer) in layers.enumerated() { try assembly.add(layer, index: index) }
    let normalization = try normalization(top, channels: shape.channels)
    var model = try assembly.build()
    model.metadata.normalization = normalization
    return model
  }

  private static func normalization(_ top: Fields, channels: Int) throws(ArchitectureError) -> Normalization? {
    guard let fields = try top.object("normalize", keys: ["mean", "std"]) else { return nil }
    let mean = try fields.numbers("mean", count: channels, of: "one per channel of the input")
    let deviation = try fields.numbers("std", count: channels, of: "one per channel of the input")
    for (mean, deviation) in zip(mean, deviation) {
      let (narrowMean, narrow) = (Float(mean), Float(deviation))
      guard narrow > 0, narrow.isFinite, (1 / narrow).isFinite, (narrowMean / narrow).isFinite else {
        throw ArchitectureError(
          "'normalize': a mean of \(mean) and a std of \(deviation) give no numbers; std must be above 0, and both "
            + "are for pixels scaled to 0...1")
      }
    }
    return Normalization(mean: mean.map(Float.init), standardDeviation: deviation.map(Float.init))
  }
}
