import SwiftletBenchmark
import SwiftletReport

extension MachineLimits {
  /// One line.
  var text: String {
    let levels = memory.map { level in
      let size = level.capacity.map { " (\(bytesText($0)))" } ?? ""
      return "\(level.name)\(size) \(level.gigabytesPerSecond.fixed(1)) GB/s"
    }
    return "\(cpu), one core: \(kernels) peak \(peak.fixed(1)) GMAC/s; reads " + levels.joined(separator: ", ")
  }
}

extension LoadMeasurement {
  var text: String {
    let memory =
      peakBytes > 0 ? "; peak memory \(bytesText(peakBytes)), \(bytesText(peakBytesBefore)) of it before loading" : ""
    return "load: \(fileByteCount.grouped) bytes decoded in \(decodeMilliseconds.fixed(2)) ms, prepared in "
      + "\(prepareMilliseconds.fixed(2)) ms (\(packedByteCount.grouped) bytes of packed weights, "
      + "\(arenaByteCount.grouped) of arena), first run \(firstRunMilliseconds.fixed(3)) ms\(memory); "
      + "warm: decoded in \(warmDecodeMilliseconds.fixed(2)) ms, prepared in \(warmPrepareMilliseconds.fixed(2)) ms"
  }
}

extension BenchmarkReport {
  var text: String {
    var parts = ["\(title)\n\(limits.text)"]
    if let load { parts[0] += "\n" + load.text }
    parts.append(textTable(sweep))
    var shown = Set<Int>()
    for row in rows where shown.insert(row.batch).inserted {
      parts.append("layers at batch \(row.batch), one thread\n" + textTable(Self.layers(row.layers)))
    }
    return parts.joined(separator: "\n\n")
  }

  private var sweep: [[String]] {
    let hasFloat = rows.contains { $0.float != nil }
    let header =
      ["kernels", "batch", "threads", "median us", "min", "p99", "images/s", "speed-up", "of peak"]
      + (hasFloat ? ["float us", "int8 is"] : [])
    return [header]
      + rows.map { row in
        var cells = [kernels, "\(row.batch)", "\(row.threads)"]
        cells += [row.timing.medianMicroseconds, row.timing.minMicroseconds, row.timing.p99Microseconds].map {
          $0.fixed(2)
        }
        cells += [Int(row.imagesPerSecond).grouped, speedUp(row).fixed(2) + "x", percent(row.peakShare(limits))]
        if let float = row.float {
          cells += [
            float.medianMicroseconds.fixed(2),
            (float.medianMicroseconds / row.timing.medianMicroseconds).fixed(2) + "x faster",
          ]
        }
        return cells
      }
  }

  private static func layers(_ layers: [LayerMeasurement]) -> [[String]] {
    let showsZeros = layers.contains { $0.zeroWeightShare > 0.2 }
    let header =
      ["layer", "us", "share", "useful MACs", "GMAC/s", "of peak"] + (showsZeros ? ["zeros"] : [])
      + ["bytes moved", "GB/s", "of memory", "limit", "kernel"]
    return [header]
      + layers.map { layer in
        let computes = layer.usefulMultiplyAccumulates > 0
        var cells = [layer.name, layer.microseconds.fixed(2), percent(layer.timeShare)]
        cells += computes ? [layer.usefulMultiplyAccumulates.grouped] : [""]
        cells += computes ? [layer.gigaMultiplyAccumulatesPerSecond.fixed(1), percent(layer.peakShare)] : ["", ""]
        if showsZeros { cells.append(computes ? percent(layer.zeroWeightShare) : "") }
        return cells + [
          layer.byteCount.grouped, layer.gigabytesPerSecond.fixed(1), percent(layer.memoryShare), layer.limitText,
          layer.kernel,
        ]
      }
  }
}

/// 48.0 KB, 1.0 MB: by 1024.
private func bytesText(_ count: Int) -> String {
  count < 1 << 20 ? "\((Double(count) / 1024).fixed(1)) KB" : "\((Double(count) / 1_048_576).fixed(1)) MB"
}

func percent(_ share: Double) -> String { (100 * share).fixed(1) + "%" }
