import Foundation
import SwiftletData
import SwiftletModel
import SwiftletTraining

/// Generated digits and a small network, trained on them once for all tests.
public enum TrainedDigits {
  public static let images = SyntheticDigits.dataset(count: 1200, seed: 1)
  public static let model = trained(on: images, validationCount: 200, epochs: 6)

  /// For tests of a search's course, which asks for many epochs but not for many images.
  public static let fewImages = SyntheticDigits.dataset(count: 360, seed: 1)
  public static let modelOfFew = trained(on: fewImages, validationCount: 60, epochs: 18)

  private static func trained(
    on data: Dataset, validationCount: Int, epochs: Int
  ) -> Result<Model, any Error> {
    Result {
      let (training, validation, split) = data.split(validationCount: validationCount, seed: 5)
      let architecture = """
        {"input": [28, 28, 1], "layers": [
          {"type": "max_pool2d", "kernel": 2},
          {"type": "conv2d", "filters": 8, "kernel": 3, "activation": "relu"},
          {"type": "max_pool2d", "kernel": 2},
          {"type": "flatten"},
          {"type": "dense", "units": 24, "activation": "relu"},
          {"type": "dense", "units": 10},
          {"type": "softmax"}]}
        """
      let network = try Architecture.parse(Data(architecture.utf8)).initialized(.glorot, seed: 1)
      var configuration = TrainingConfiguration()
      configuration.epochs = epochs
      configuration.batch = 32
      configuration.learningRate = 3e-3
      var model = try Trainer(
        network, configuration: configuration, training: training, validation: validation, threads: 1
      ).run().model
      model.metadata.provenance = Provenance(data: Array("synthetic".utf8), split: split)
      return model
    }
  }
}
