import Dispatch
import SwiftletData
import SwiftletModel

/// The images and labels of one training step.
struct Batch {
  var images: [UInt8]
  var labels: [UInt8]
  /// Where the images are in the data set, and which distortion of each this is, from 0.
  var members: [Int]
  var variant: Int
}

/// Prepares the batches of one epoch ahead of their use, augmentation included, on another thread.
///
/// The order is a Fisher-Yates shuffle drawn from the seed and the epoch; each image's distortion from seed, epoch and
/// its index in the data set, `distortion` standing for the epoch. Neither depends on timing.
final class BatchQueue: @unchecked Sendable {
  private let data: Dataset
  private let order: [Int]
  private let batch: Int
  /// Which distortion of each image this epoch shows, from 1.
  private let distortion: Int
  private let seed: UInt64
  private let augmentation: Augmentation?
  private let queue = DispatchQueue(label: "swiftlet.batches", attributes: .concurrent)
  private let lock = DispatchSemaphore(value: 1)
  private var ready: [Int: Batch] = [:]
  private var waiting: [Int: DispatchSemaphore] = [:]
  private var next = 0
  private static let ahead = 4

  init(_ data: Dataset, batch: Int, epoch: Int, seed: UInt64, augmentation: Augmentation?, distortion: Int) {
    self.data = data
    self.batch = batch
    self.distortion = distortion
    self.seed = seed
    self.augmentation = augmentation
    var generator = Augmentation.generator(seed: seed ^ 0x5EED_0F0D_E500_0001, epoch: epoch, index: 0)
    var order = Array(0..<data.count)
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      let (high, _) = generator.next().multipliedFullWidth(by: UInt64(last + 1))
      order.swapAt(last, Int(high))
    }
    self.order = order
    for index in 0..<min(Self.ahead, count) { schedule(index) }
  }

  /// The number of batches; the last one may be smaller.
  var count: Int { (order.count + batch - 1) / batch }

  /// The next batch of the epoch, or nil after the last.
  func take() -> Batch? {
    guard next < count else { return nil }
    let index = next
    next += 1
    lock.wait()
    let signal = waiting[index]
    lock.signal()
    signal?.wait()
    lock.wait()
    let result = ready.removeValue(forKey: index)
    waiting[index] = nil
    lock.signal()
    if index + Self.ahead < count { schedule(index + Self.ahead) }
    return result
  }

  private func schedule(_ index: Int) {
    let signal = DispatchSemaphore(value: 0)
    lock.wait()
    waiting[index] = signal
    lock.signal()
    queue.async { [self] in
      let made = make(index)
      lock.wait()
      ready[index] = made
      lock.signal()
      signal.signal()
    }
  }

  private func make(_ index: Int) -> Batch {
    let members = order[index * batch..<min((index + 1) * batch, order.count)]
    let size = data.imageByteCount
    var result = Batch(
      images: [], labels: members.map { data.labels[$0] }, members: Array(members), variant: distortion - 1)
    result.images = [UInt8](unsafeUninitializedCapacity: members.count * size) { buffer, initialized in
      for (position, member) in members.enumerated() {
        let target = UnsafeMutableBufferPointer(rebasing: buffer[position * size..<(position + 1) * size])
        data.images.withUnsafeBufferPointer { all in
          let source = UnsafeBufferPointer(rebasing: all[member * size..<(member + 1) * size])
          guard let augmentation else {
            _ = target.update(from: source)
            return
          }
          var generator = Augmentation.generator(seed: seed, epoch: distortion, index: member)
          var span = target.mutableSpan
          augmentation.apply(
            to: source.span, height: data.height, width: data.width, channels: data.channels, into: &span,
            using: &generator)
        }
      }
      initialized = members.count * size
    }
    return result
  }
}
