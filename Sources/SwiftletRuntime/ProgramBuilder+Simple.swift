import CSwiftletKernels
import SwiftletModel
import SwiftletReference

extension ProgramBuilder {
  func poolStep(_ index: Int, _ pool: Pool2D) throws(PrepareError) -> (step: Step, kernel: KernelName) {
    let node = model.nodes[index]
    let plan: WindowPlan
    do { plan = try pool.plan(for: model.values[node.inputs[0]].shape) } catch {
      throw PrepareError(.graph(.shape(error)))
    }
    guard pool.hasKernel(on: plan.input) else {
      return (try referenceStep(index), "reference")
    }
    guard plan.input.count <= Int(Int32.max) else { throw memory.error(plan.input.count) }
    let rowBytes = plan.input.width * plan.input.channels
    var arguments = swl_pool_args()
    arguments.channels = plan.input.channels
    arguments.rows = plan.output.height
    arguments.columns = plan.output.width
    (arguments.row_offset, arguments.row_taps) = try axisTables(plan.rows, bytes: rowBytes)
    (arguments.column_offset, arguments.column_taps) = try axisTables(plan.columns, bytes: plan.input.channels)
    arguments.row_step = plan.rows.dilation * rowBytes
    arguments.column_step = plan.columns.dilation * plan.input.channels
    if pool.reduction == .average { try addMeans(pool, plan, node, to: &arguments) }
    // No window has more taps on the input, however large its kernel.
    let taps = min(pool.window.kernel.height, plan.input.height) * min(pool.window.kernel.width, plan.input.width)
    let step = PoolStep(
      kernels: kernels.functions, isMax: pool.reduction == .max, arguments: arguments, input: buffer(node.inputs[0]),
      output: buffer(node.output), inputStride: byteCount(node.inputs[0]), outputStride: byteCount(node.output),
      inputRowByteCount: rowBytes)
    let functions = PoolStep.functions(
      nanoseconds: nanoseconds(operations: plan.output.count * taps), rowCount: plan.output.height)
    return (
      try memory.step(step, functions), KernelName(pool.reduction == .max ? table.max_pool.name : table.mean_pool.name)
    )
  }

  private func axisTables(
    _ axis: AxisPlan, bytes: Int
  ) throws(PrepareError) -> (UnsafePointer<Int32>, UnsafePointer<Int32>) {
    let taps = (0..<axis.output).map { axis.taps($0) }
    let offsets = taps.indices.map { Int32(axis.position($0, taps[$0].lowerBound) * bytes) }
    return (try memory.store(offsets), try memory.store(taps.map { Int32($0.count) }))
  }

  /// Neighbouring outputs along an axis that cover equally many cells, on the input and with its padding, share a class.
  private struct AxisClasses {
    private(set) var classes: [(taps: Int, withPadding: Int)] = []
    private(set) var classOfOutput: [Int32] = []

    init(_ axis: AxisPlan, countsPadding: Bool) {
      classOfOutput.reserveCapacity(axis.output)
      for o in 0..<axis.output {
        let next = (taps: axis.taps(o).count, withPadding: countsPadding ? axis.countWithPadding(o) : 0)
        if classes.last.map({ $0 != next }) ?? true { classes.append(next) }
        classOfOutput.append(Int32(classes.count - 1))
      }
    }
  }

  /// One `swl_mean` for each pair of a row's and a column's class, and which one each output pixel takes.
  private func addMeans(
    _ pool: Pool2D, _ plan: WindowPlan, _ node: Node, to arguments: inout swl_pool_args
  ) throws(PrepareError) {
    let from = quantization(node.inputs[0])
    let to = quantization(node.output)
    let rows = AxisClasses(plan.rows, countsPadding: pool.countsPadding)
    let columns = AxisClasses(plan.columns, countsPadding: pool.countsPadding)
    let means = try memory.allocate(swl_mean.self, count: rows.classes.count * columns.classes.count)
    for (y, row) in rows.classes.enumerated() {
      for (x, column) in columns.classes.enumerated() {
        let cells = row.taps * column.taps
        let divisor = pool.divisorOverride ?? (pool.countsPadding ? row.withPadding * column.withPadding : cells)
        means[y * columns.classes.count + x] = try mean(cells: cells, divisor: divisor, from, to)
      }
    }
    arguments.means = UnsafePointer(means)
    if rows.classes.count * columns.classes.count > 1 {
      let indexes = try memory.allocate(Int32.self, count: plan.output.height * plan.output.width)
      var next = 0
      for row in rows.classOfOutput {
        for column in columns.classOfOutput {
          indexes[next] = row * Int32(columns.classes.count) + column
          next += 1
        }
      }
      arguments.mean_index = UnsafePointer(indexes)
    }
    arguments.has_own_scale = from != to
    arguments.zero_point = Int32(to.zeroPoint)
  }

  private func mean(
    cells: Int, divisor: Int, _ from: Quantization, _ to: Quantization
  ) throws(PrepareError) -> swl_mean {
    if from != to {
      guard let multiplier = FixedPointMultiplier(input: from.scale, output: to.scale, count: divisor) else {
        throw PrepareError(.graph(.multiplierRange(channel: 0)))
      }
      return swl_mean(
        offset: Int32(-cells * from.zeroPoint), shift: multiplier.shift,
        magic_or_mantissa: Int64(multiplier.mantissa))
    }
    // z + floor((2 * sum u + n) / (2n)) = floor((2 * sum q + n + 2z(n - cells)) / (2n)). The reciprocal
    // m = ceil(2^k / 2n) exceeds 2^k / 2n by less than 1, so numerators below 2^k / 2n >= 2^31 divide exactly.
    let twice = UInt64(2 * divisor)
    let shift = 31 + (64 - (twice - 1).leadingZeroBitCount)
    let magic = ((1 << UInt64(shift)) + twice - 1) / twice
    return swl_mean(
      offset: Int32(divisor + 2 * from.zeroPoint * (divisor - cells)), shift: Int32(shift),
      magic_or_mantissa: Int64(magic))
  }

  func additionStep(_ group: FusedNodes, _ add: Add) throws(PrepareError) -> Step {
    let node = model.nodes[group.nodes[0]]
    let left = quantization(node.inputs[0])
    let right = quantization(node.inputs[1])
    guard
      let factors = AdditionMultipliers(left: left.scale, right: right.scale, output: quantization(node.output).scale)
    else { throw PrepareError(.graph(.multiplierRange(channel: 0))) }
    let stage = outputStage(group)
    var arguments = swl_add_args()
    arguments.left_mantissa = factors.left
    arguments.right_mantissa = factors.right
    arguments.shift = factors.shift
    arguments.offset =
      (1 << Int64(factors.shift - 1)) - Int64(left.zeroPoint) * Int64(factors.left)
      - Int64(right.zeroPoint) * Int64(factors.right)
    arguments.zero_point = stage.zeroPoint
    arguments.lo = stage.lo
    arguments.hi = stage.hi
    let shape = model.values[group.output].shape
    let step = AdditionStep(
      kernels: kernels.functions, arguments: arguments, left: buffer(node.inputs[0]), right: buffer(node.inputs[1]),
      output: buffer(group.output), count: byteCount(group.output),
      rowByteCount: shape.width * shape.channels)
    return try memory.step(
      step,
      AdditionStep.functions(
        nanoseconds: nanoseconds(operations: 4 * byteCount(group.output)), rowCount: shape.height))
  }

  func concatStep(_ node: Node) throws(PrepareError) -> ConcatStep {
    let result = output(of: node)
    var parts: [ConcatPart] = []
    var offset = 0
    for input in node.inputs {
      let channels = model.values[input].shape.channels
      var table: UnsafePointer<UInt8>?
      if quantization(input) != quantization(node.output) {
        table = try memory.store(Activation.none.integerTable(from: quantization(input), to: result))
      }
      parts.append(ConcatPart(input: buffer(input), channels: channels, offset: offset, table: table))
      offset += channels
    }
    return ConcatStep(
      parts: try memory.store(parts), partCount: parts.count, output: buffer(node.output), channels: offset,
      pixelCount: result.shape.height * result.shape.width)
  }
}

extension Pool2D {
  /// Whether kernels compute this pool; the definition computes all.
  func hasKernel(on input: Shape) -> Bool {
    switch reduction {
    case .max: true
    // Up to 2^22 the reciprocal of a mean's divisor is exact: an override may name more, and padding may count as more.
    case .average: bounds(on: input).divisor <= 1 << 22
    }
  }
}
