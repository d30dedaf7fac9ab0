import CSwiftletKernels

/// Integers held as floats, below 2^24 in magnitude: every instruction set gives the same (swl_float.h).
extension FloatKernels {
  /// One entry per channel, repeated so that a vector can be read from any of them.
  package static func perChannel<T>(_ entries: [T]) -> [T] {
    entries.isEmpty ? [] : (0..<entries.count + Int(SWL_FLOAT_LANES)).map { entries[$0 % entries.count] }
  }

  /// x = unit * clamp((x * mantissa + 2^(shift - 1)) >> shift), pixel after pixel of `channels`; tables by `perChannel`.
  package func requantize(
    _ x: UnsafeMutableBufferPointer<Float>, channels: Int, mantissas: [Int32], shifts: [Int32], low: Float, high: Float,
    unit: Float
  ) {
    precondition(mantissas.count == channels + Int(SWL_FLOAT_LANES) && shifts.count == mantissas.count)
    table.requantize(x.baseAddress!, x.count, channels, mantissas, shifts, low, high, unit)
  }

  /// dy = low < u < high ? dy * factor : 0.
  package func requantizeGradient(
    _ u: UnsafeBufferPointer<Float>, _ dy: UnsafeMutableBufferPointer<Float>, channels: Int, factors: [Float],
    low: Float, high: Float
  ) {
    precondition(factors.count == channels + Int(SWL_FLOAT_LANES) && u.count == dy.count)
    table.requantize_gradient(u.baseAddress!, dy.baseAddress!, u.count, channels, factors, low, high)
  }

  /// dx += low < y < high ? factor * dy : 0, for `count` elements.
  package func gateAdd(
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, count: Int, factor: Float, low: Float, high: Float,
    to dx: UnsafeMutablePointer<Float>
  ) {
    table.gate_add(y, dy, count, factor, low, high, dx)
  }

  /// x = x * inverse, rounded half up; x * inverse >= -255.
  package func pixelsToIntegers(_ x: UnsafeMutableBufferPointer<Float>, inverse: Float) {
    table.pixels_to_integers(x.baseAddress!, x.count, inverse)
  }

  /// q = w * inverse rounded to the nearest even, within -limit...limit; returns the sum of |q|, exact below 2^24.
  package func roundWeights(
    _ w: UnsafeBufferPointer<Float>, inverse: Float, limit: Float, into q: UnsafeMutablePointer<Float>
  ) -> Float {
    table.round_weights(w.baseAddress!, w.count, inverse, limit, q)
  }

  /// dw = dw * inverse, or 0 where |w * inverse| > reach and descent would drive w further out.
  package func roundGradient(
    _ w: UnsafePointer<Float>, _ dw: UnsafeMutablePointer<Float>, count: Int, inverse: Float, reach: Float
  ) {
    table.round_gradient(w, dw, count, inverse, reach)
  }

  /// dw = 0 where `keep` is 0; information = decay * information + (1 - decay) * dw^2.
  package func fisher(
    keep: [UInt8], _ dw: UnsafeMutableBufferPointer<Float>, _ information: inout [Float], decay: Float
  ) {
    precondition(keep.count == dw.count && information.count == dw.count)
    table.fisher(keep, dw.baseAddress!, &information, dw.count, decay)
  }

  /// w = 0 where `keep` is 0.
  package func mask(keep: [UInt8], _ w: UnsafeMutableBufferPointer<Float>) {
    precondition(keep.count == w.count)
    table.mask(keep, w.baseAddress!, w.count)
  }
}
