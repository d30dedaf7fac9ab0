import SwiftletCompression
import SwiftletSearch

extension ByteLedger {
  /// Both ratios to float32 weights in words: to the float model's, and to those of the channels that are left.
  public var ratioText: String {
    "\(ratio.rounded(places: 1)) times smaller than the float model's weights as float32, "
      + "\(float32Ratio(parameters: narrowBytes / 4, fileBytes: fileBytes).rounded(places: 1)) times smaller than its own"
  }
}
