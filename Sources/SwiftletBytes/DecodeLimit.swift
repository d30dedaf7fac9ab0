/// The bytes that decoding one file may make of it, so that a small file cannot ask for much memory or time.
public struct DecodeLimit: Hashable, Sendable {
  /// The most bytes of decoded content.
  public var byteCount: Int

  public init(byteCount: Int) { self.byteCount = byteCount }

  /// The default: 48 MiB, or 48 times the file's own bytes where that is more.
  ///
  /// A PNG may have half of it: see `PNGDecoder`.
  public init(fileOf byteCount: Int) {
    let (product, overflow) = byteCount.multipliedReportingOverflow(by: 48)
    self.init(byteCount: overflow ? .max : max(48 << 20, product))
  }

  /// Only the formats' own caps hold.
  public static var lifted: DecodeLimit { DecodeLimit(byteCount: .max) }
}
