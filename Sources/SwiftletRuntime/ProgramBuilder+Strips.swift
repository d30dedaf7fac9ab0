#if !hasFeature(Embedded)
  import CSwiftletKernels
  import SwiftletModel

  extension StripStep.Rows {
    /// Bytes of a strip, about a first-level cache: most kernels stream their operands past it.
    fileprivate static var stripByteCount: Int { 32 << 10 }
    /// Fewer pixels at a time would read the weights too often.
    private static var leastPixels: Int { 128 }

    /// A quarter of the output at a time, or a cache's share of it.
    init(_ output: Shape) {
      count = output.height
      byteCount = output.width * output.channels
      let fitting = min(Self.stripByteCount, output.count / 4) / byteCount
      let least = (Self.leastPixels + output.width - 1) / output.width
      perStrip = (max(fitting, least) + Self.granule - 1) / Self.granule * Self.granule
    }

    /// Bytes of a strip that also keeps the rows that the next strip's windows share, of so many rows each.
    func byteCount(pooledBy kernelHeight: Int) -> Int { (perStrip + kernelHeight - 1) * byteCount }
  }

  extension Model {
    /// For each group, the one that can consume its rows as they are made: a pool, or an addition whose other operand
    /// exists by then. Nil for most.
    ///
    /// Fusing changes no byte: the consumer reads the bytes it would read anyway, only sooner.
    func stripConsumers(of groups: [FusedNodes]) -> [Int?] {
      let consumers = consumers()
      var groupOfNode = [Int](repeating: -1, count: nodes.count)
      var makers = [Int](repeating: -1, count: values.count)
      for (index, group) in groups.enumerated() { groupOfNode[group.nodes[0]] = index }
      for (index, node) in nodes.enumerated() { makers[node.output] = index }
      var result: [Int?] = groups.map { _ in nil }
      for (index, group) in groups.enumerated() {
        let node = nodes[group.nodes[0]]
        guard case .conv2D = node.op, group.pool == nil, values[group.output].element == .uint8,
          consumers[group.output].count == 1, !outputs.contains(group.output), paysInStrips(node, group.output)
        else { continue }
        let next = consumers[group.output][0]
        switch nodes[next].op {
        case .pool2D(let pool):
          guard fitsInStrips(pool, values[group.output].shape) else { continue }
        case .add:
          guard nodes[next].inputs.allSatisfy({ $0 == group.output || makers[$0] < group.nodes[0] }) else { continue }
        case .conv2D, .dense, .activation, .concat, .reshape, .softmax, .batchNorm, .dropout: continue
        }
        result[index] = groupOfNode[next]
      }
      return result
    }

    /// Whether strips take no more time than the whole: an output that fits the first-level cache is near anyway, and
    /// weights are read once for each strip, which costs little where they are fewer than twice the outputs.
    private func paysInStrips(_ node: Node, _ output: Int) -> Bool {
      let shape = values[output].shape
      return shape.height > 1 && shape.count >= StripStep.Rows.stripByteCount
        && node.parameters[0].count <= 2 * shape.count
    }

    /// Whether a strip and the pool's output take no more memory than the convolution's whole output would.
    private func fitsInStrips(_ pool: Pool2D, _ input: Shape) -> Bool {
      guard pool.hasKernel(on: input), let plan = try? pool.plan(for: input), plan.rows.dilation == 1 else {
        return false
      }
      let rows = StripStep.Rows(input)
      return rows.byteCount(pooledBy: pool.window.kernel.height) + plan.output.count <= input.count
    }
  }

  extension ProgramBuilder {
    /// The step of a convolution and of the pool or addition that consumes its rows.
    func stripStep(
      _ group: FusedNodes, _ conv: Conv2D, consumer tail: FusedNodes
    ) throws(PrepareError) -> (step: Step, kernel: [UInt8]) {
      let rows = StripStep.Rows(model.values[group.output].shape)
      let consumer: (step: Step, kernel: KernelName, strip: Int?)
      do { consumer = try stripConsumer(tail, of: group, rows) } catch {
        throw error.node == nil ? PrepareError(error.reason, node: tail.nodes[0]) : error
      }
      let producer = try convolutionStep(group, conv)
      // What the two steps took when a strip kept copies of them.
      memory.count(184)
      let step = StripStep(
        producer: producer.step, consumer: consumer.step, rows: rows, strip: consumer.strip,
        output: buffer(tail.output), outputStride: byteCount(tail.output))
      let functions = StripStep.functions(
        nanoseconds: producer.step.shareableNanoseconds + consumer.step.shareableNanoseconds)
      return (
        try memory.step(step, functions), producer.kernel.bytes + [UInt8(ascii: "+")] + consumer.kernel.bytes
      )
    }

    /// The step that takes the rows, and the scratch buffer of a strip where it needs one.
    private func stripConsumer(
      _ tail: FusedNodes, of group: FusedNodes, _ rows: StripStep.Rows
    ) throws(PrepareError) -> (step: Step, kernel: KernelName, strip: Int?) {
      let node = model.nodes[tail.nodes[0]]
      switch node.op {
      case .pool2D(let pool):
        addBuffer(for: tail.output)
        let (step, kernel) = try poolStep(tail.nodes[0], pool)
        return (step, kernel, addScratch(byteCount: rows.byteCount(pooledBy: pool.window.kernel.height)))
      case .add(let add):
        let other = node.inputs[node.inputs[0] == group.output ? 1 : 0]
        touch(buffer(other), atStep: steps.count)
        var strip: Int?
        // The sum takes the place of an operand that nothing else reads. Where it has its own, its rows serve as strips.
        if isLastRead(of: other, by: tail.nodes) {
          strip = addScratch(byteCount: min(rows.perStrip, rows.count) * rows.byteCount)
          reuseBuffer(of: other, for: tail.output)
        } else {
          addBuffer(for: tail.output)
        }
        return (try additionStep(tail, add), KernelName(table.add.name), strip)
      case .conv2D, .dense, .activation, .concat, .reshape, .softmax, .batchNorm, .dropout:
        preconditionFailure("stripConsumers names pools and additions alone")
      }
    }
  }
#endif
