/// One row of a report as JSON, flat: texts and numbers. The keys are stable: scripts read `median_us`, `min_us` and
/// `p99_us`.
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
  /// With a float model beside it: its median, and the float median over the int8 median.
  var float_median_us, float_ratio: Double?

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
    float_median_us = row.float?.medianMicroseconds
    float_ratio = row.float.map { $0.medianMicroseconds / row.timing.medianMicroseconds }
  }
}

/// What stands behind one row of a report, as JSON.
public struct BenchmarkDetails: Encodable {
  var model, kernels: String
  var batch, threads: Int
  var limits: MachineLimits
  var load: LoadMeasurement?
  var layers: [LayerMeasurement]

  public init(_ row: BenchmarkRow, of report: BenchmarkReport) {
    model = report.title
    kernels = report.kernels
    batch = row.batch
    threads = row.threads
    limits = report.limits
    load = report.load
    layers = row.layers
  }
}
