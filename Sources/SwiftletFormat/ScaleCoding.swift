import SwiftletBytes
import SwiftletModel

// A scale is one byte k + 124 for 2^(k/2), or 255, the exponent + 64, and the mantissa (4 bytes).

private let fullScale: UInt8 = 255

extension ByteWriter {
  mutating func write(_ scale: Scale) {
    if let k = scale.halfPower, (-124...124).contains(k) {
      write(byte: UInt8(k + 124))
    } else {
      write(byte: fullScale)
      write(byte: UInt8(scale.exponent + 64))
      write(scale.mantissa)
    }
  }

  /// The scales of the channels: 0 and one scale for all; or 1, the first k and then the zigzag differences to the one
  /// before; or 2, all exponents and then the mantissas byte by byte, most significant first.
  mutating func write(_ scales: [Scale]) {
    let powers = scales.compactMap { $0.halfPower.flatMap { (-124...124).contains($0) ? $0 : nil } }
    if scales.allSatisfy({ $0 == scales[0] }) {
      write(byte: 0)
      write(scales[0])
    } else if powers.count == scales.count {
      write(byte: 1)
      write(byte: UInt8(powers[0] + 124))
      for (power, previous) in zip(powers.dropFirst(), powers) { writeSignedVarint(Int64(power - previous)) }
    } else {
      write(byte: 2)
      for scale in scales { write(byte: UInt8(scale.exponent + 64)) }
      for shift in stride(from: UInt32(24), through: 0, by: -8) {
        for scale in scales { write(byte: UInt8(truncatingIfNeeded: scale.mantissa >> shift)) }
      }
    }
  }
}

extension FieldReader {
  mutating func scale(_ field: StaticString) throws(ModelFormatError) -> Scale {
    let start = offset
    let first = try byte(field)
    if first == fullScale {
      let exponent = Int(try byte(field)) - 64
      let mantissa = try integer(field, as: UInt32.self)
      guard let scale = Scale(mantissa: mantissa, exponent: exponent) else { throw error(.badValue, field, at: start) }
      return scale
    }
    guard let scale = Scale(halfPower: Int(first) - 124), first <= 248 else {
      throw error(.unknownValue(UInt64(first)), field, at: start)
    }
    return scale
  }

  mutating func scales(_ field: StaticString, count: Int) throws(ModelFormatError) -> [Scale] {
    let start = offset
    switch try byte(field) {
    case 0: return Array(repeating: try scale(field), count: count)
    case 1:
      var scales: [Scale] = []
      guard count <= remaining else {
        throw error(.bytes(.truncated(needed: count, available: remaining)), field, at: start)
      }
      scales.reserveCapacity(count)
      var k = Int(try byte(field)) - 124
      while true {
        guard (-124...124).contains(k), let scale = Scale(halfPower: k) else {
          throw error(.badValue, field, at: start)
        }
        scales.append(scale)
        if scales.count == count { return scales }
        let step = try signedVarint(field)
        guard (-248...248).contains(step) else { throw error(.badValue, field, at: start) }
        k += Int(step)
      }
    case 2:
      guard count <= remaining / 5 else {
        throw error(.bytes(.truncated(needed: 5 * count, available: remaining)), field, at: start)
      }
      let bytes = try bytes(field, count: 5 * count)
      var scales: [Scale] = []
      scales.reserveCapacity(count)
      for channel in 0..<count {
        var mantissa: UInt32 = 0
        for plane in 1...4 { mantissa = mantissa << 8 | UInt32(bytes[bytes.startIndex + plane * count + channel]) }
        guard let scale = Scale(mantissa: mantissa, exponent: Int(bytes[bytes.startIndex + channel]) - 64) else {
          throw error(.badValue, field, at: start)
        }
        scales.append(scale)
      }
      return scales
    case let form: throw error(.unknownValue(UInt64(form)), field, at: start)
    }
  }
}
