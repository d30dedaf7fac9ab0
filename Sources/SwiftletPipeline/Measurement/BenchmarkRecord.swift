/// One row of a report as JSON. The keys are stable: scripts read `median_us`, `min_us` and `p99_us`.
public struct BenchmarkRecord: Encodable {
  var model, kernels: String
  var batch, threads, calls: Int
  /// Microseconds per call.
  var median_us, min_us, p99_us: Double
  var images_per_second: Double
  /// Images per second against the report's first row.
  var speed_up: Double
  /// Useful multiply-accumulates over the fastest call, against one core's peak.
  var peak_share: Double
  var float: FloatRecord?
  var limits: MachineLimits
  var load: LoadMeasurement?
  var layers: [LayerMeasurement]

  struct FloatRecord: Encodable {
    var median_us, min_us, p99_us: Double
    /// Float median over int8 median.
    var ratio: Double
  }

  public init(_ row: BenchmarkRow, of report: BenchmarkReport) {
    model = report.title
    kernels = report.kernels
    batch = row.batch
    threads = row.threads
    calls = row.timing.callCount
    median_us = row.timing.medianMicroseconds
    min_us = row.timing.minMicroseconds
    p99_us = row.timing.p99Microseconds
    images_per_second = row.imagesPerSecond
    speed_up = report.speedUp(row)
    peak_share = row.peakShare(report.limits)
    float = row.float.map {
      FloatRecord(
        median_us: $0.medianMicroseconds, min_us: $0.minMicroseconds, p99_us: $0.p99Microseconds,
        ratio: $0.medianMicroseconds / row.timing.medianMicroseconds)
    }
    limits = report.limits
    load = report.load
    layers = row.layers
  }
}
