import CSwiftletKernels
import SwiftletModel
import SwiftletReference

/// Turns a validated quantized model into steps and buffers.
///
/// A class, as other large values of preparing are: passing one takes a word, and much less code than copying fields.
final class ProgramBuilder {
  /// A buffer of the arena: so many bytes per image of the chunk, and so many once.
  struct Buffer {
    var perImage, fixed: Int
    var lifetime: ClosedRange<Int>
  }

  let model: Model
  let kernels: KernelTable
  /// The C kernels.
  var table: swl_kernel_table { kernels.functions.pointee }
  let maxBatch: Int
  /// What is prepared for later runs does not pay.
  let runsOnce: Bool
  let memory: PackedMemory
  private(set) var steps: [Step] = []
  private(set) var descriptions: [StepDescription] = []
  private var buffers: [Buffer] = []
  /// The buffer that holds each value; -1 before it is made.
  private var bufferOfValue: [Int]
  /// Whether the step that computes each node is made.
  private var isDone: [Bool]

  init(
    _ model: Model, _ kernels: KernelTable, maxBatch: Int, runsOnce: Bool, memoryLimit: Int
  ) throws(PrepareError) {
    memory = PackedMemory(limit: memoryLimit)
    self.model = model
    self.kernels = kernels
    self.maxBatch = maxBatch
    self.runsOnce = runsOnce
    bufferOfValue = [Int](repeating: -1, count: model.values.count)
    isDone = [Bool](repeating: false, count: model.nodes.count)
    memory.count(7 * MemoryLayout<UnsafeRawPointer>.stride)
  }

  func build() throws(PrepareError) {
    for input in model.inputs { addBuffer(for: input) }
    let groups =
      kernels.isReference
      ? model.nodes.indices.map {
        FusedNodes(nodes: [$0], activations: [], pool: nil, output: model.nodes[$0].output)
      } : model.fusedNodes()
    #if hasFeature(Embedded)
      for group in groups { try add(group) }
    #else
      // The groups that consume the rows of an earlier one are part of its step.
      let consumers = kernels.isReference ? groups.map { _ in nil } : model.stripConsumers(of: groups)
      var isTaken = [Bool](repeating: false, count: groups.count)
      for (index, group) in groups.enumerated() where !isTaken[index] {
        if let consumer = consumers[index] { isTaken[consumer] = true }
        try add(group, consumer: consumers[index].map { groups[$0] })
      }
    #endif
    for output in model.outputs { touch(bufferOfValue[output], atStep: steps.count) }
  }

  /// Appends the step of a group, and of the one that consumes its rows where there is one.
  private func add(_ group: FusedNodes, consumer: FusedNodes? = nil) throws(PrepareError) {
    let index = group.nodes[0]
    let node = model.nodes[index]
    let nodes = group.nodes + (consumer?.nodes ?? [])
    defer { for node in nodes { isDone[node] = true } }
    if case .reshape = node.op {
      // The same bytes under another shape.
      bufferOfValue[group.output] = bufferOfValue[node.inputs[0]]
      return
    }
    for input in node.inputs { touch(bufferOfValue[input], atStep: steps.count) }
    let packedBefore = memory.byteCount
    let step: Step
    let kernel: [UInt8]
    do { (step, kernel) = try makeStep(group, node, consumer) } catch {
      throw error.node == nil ? PrepareError(error.reason, node: index) : error
    }
    steps.append(step)
    descriptions.append(
      StepDescription(
        nodes: nodes, name: model.name(ofNode: index),
        outputShape: model.values[consumer?.output ?? group.output].shape,
        multiplyAccumulates: nodes.reduce(0) { $0 + model.multiplyAccumulates(of: model.nodes[$1]) },
        kernel: kernel, packedByteCount: memory.byteCount - packedBefore))
  }

  private func makeStep(
    _ group: FusedNodes, _ node: Node, _ consumer: FusedNodes?
  ) throws(PrepareError) -> (step: Step, kernel: [UInt8]) {
    #if !hasFeature(Embedded)
      if let consumer, case .conv2D(let conv) = node.op { return try stripStep(group, conv, consumer: consumer) }
    #endif
    addBuffer(for: group.output)
    let (step, kernel) = try makeStep(group, node)
    return (step, kernel.bytes)
  }

  private func makeStep(
    _ group: FusedNodes, _ node: Node
  ) throws(PrepareError) -> (step: Step, kernel: KernelName) {
    if kernels.isReference { return (try referenceStep(group.nodes[0]), "reference") }
    switch node.op {
    case .conv2D(let conv): return try convolutionStep(group, conv)
    case .dense: return try denseStep(group)
    case .pool2D(let pool): return try poolStep(group.nodes[0], pool)
    case .activation(let activation):
      let table = try memory.store(activation.integerTable(from: quantization(node.inputs[0]), to: output(of: node)))
      let step = TableStep(
        table: table, input: buffer(node.inputs[0]), output: buffer(node.output),
        count: model.values[node.output].shape.count)
      return (try memory.step(step, TableStep.functions), "table_u8__portable")
    case .add(let add): return (try additionStep(group, add), KernelName(table.add.name))
    case .concat: return (try memory.step(concatStep(node), ConcatStep.functions), "concat_u8__portable")
    case .reshape, .softmax, .batchNorm, .dropout:
      // Reshapes make no step, and validation refuses the others in a quantized model.
      throw PrepareError(.graph(.floatOnly), node: group.nodes[0])
    }
  }

  // MARK: Buffers

  func buffer(_ value: Int) -> Int { bufferOfValue[value] }
  func quantization(_ value: Int) -> Quantization { model.values[value].quantization ?? .image }
  func output(of node: Node) -> Value { model.values[node.output] }
  func byteCount(_ value: Int) -> Int { model.values[value].shape.count * model.values[value].element.byteCount }

  @discardableResult
  func addBuffer(for value: Int) -> Int {
    bufferOfValue[value] = buffers.count
    buffers.append(
      Buffer(perImage: byteCount(value), fixed: Int(SWL_INPUT_SLACK), lifetime: steps.count...steps.count))
    return buffers.count - 1
  }

  /// A buffer that only the step being made uses.
  func addScratch(byteCount: Int) -> Int {
    buffers.append(
      Buffer(perImage: 0, fixed: byteCount + Int(SWL_INPUT_SLACK), lifetime: steps.count...steps.count))
    return buffers.count - 1
  }

  func touch(_ buffer: Int, atStep step: Int) {
    buffers[buffer].lifetime = buffers[buffer].lifetime.lowerBound...max(buffers[buffer].lifetime.upperBound, step)
  }

  #if !hasFeature(Embedded)
    /// Whether `nodes` alone still read the buffer of `value`, which no output of the graph shares.
    func isLastRead(of value: Int, by nodes: [Int]) -> Bool {
      let consumers = model.consumers()
      return model.values.indices.allSatisfy { other in
        bufferOfValue[other] != bufferOfValue[value]
          || !model.outputs.contains(other) && consumers[other].allSatisfy { isDone[$0] || nodes.contains($0) }
      }
    }

    /// Lets `value` take over the buffer of `last`, whose last reader makes it byte by byte.
    func reuseBuffer(of last: Int, for value: Int) { bufferOfValue[value] = bufferOfValue[last] }
  #endif

  func plan(chunk: Int) -> ArenaPlan {
    ArenaPlan(
      buffers.map { ArenaPlan.Request(byteCount: $0.perImage * chunk + $0.fixed, lifetime: $0.lifetime) })
  }

  func endpoints(_ values: [Int]) -> [PreparedModel.Endpoint] {
    values.map {
      PreparedModel.Endpoint(
        buffer: bufferOfValue[$0], byteCount: byteCount($0), element: model.values[$0].element)
    }
  }
}
