import CSwiftletKernels
import SwiftletModel

/// Turns a validated quantized model into steps and buffers.
struct ProgramBuilder {
  /// A buffer of the arena: so many bytes per image of the chunk, and so many once.
  struct Buffer {
    var perImage, fixed: Int
    var lifetime: ClosedRange<Int>
  }

  let model: Model
  let kernels: KernelTable
  let maxBatch: Int
  let memory = PackedMemory()
  let pointers: UnsafePointer<KernelPointers>
  private(set) var steps: [Step] = []
  private(set) var descriptions: [StepDescription] = []
  private var buffers: [Buffer] = []
  /// The buffer that holds each value; -1 before it is made.
  private var bufferOfValue: [Int]

  init(_ model: Model, _ kernels: KernelTable, maxBatch: Int) throws(PrepareError) {
    self.model = model
    self.kernels = kernels
    self.maxBatch = maxBatch
    bufferOfValue = [Int](repeating: -1, count: model.values.count)
    pointers = try memory.store([
      KernelPointers(
        convolution: kernels.convolution, sparse: kernels.sparse, depthwise: kernels.depthwise,
        maxPool: kernels.maxPool, meanPool: kernels.meanPool, addition: kernels.addition, dense: kernels.dense,
        winograd: kernels.winograd)
    ])
  }

  mutating func build() throws(PrepareError) {
    for input in model.inputs { _ = addBuffer(for: input) }
    let groups =
      kernels.isReference
      ? model.nodes.indices.map {
        FusedNodes(nodes: [$0], activations: [], pool: nil, output: model.nodes[$0].output)
      } : model.fusedNodes()
    for group in groups { try add(group) }
    for output in model.outputs { touch(bufferOfValue[output], atStep: steps.count) }
  }

  private mutating func add(_ group: FusedNodes) throws(PrepareError) {
    let index = group.nodes[0]
    let node = model.nodes[index]
    if case .reshape = node.op {
      // The same bytes under another shape.
      bufferOfValue[group.output] = bufferOfValue[node.inputs[0]]
      return
    }
    for input in node.inputs { touch(bufferOfValue[input], atStep: steps.count) }
    _ = addBuffer(for: group.output)
    let packedBefore = memory.byteCount
    let step: Step
    let kernel: StaticString
    do { (step, kernel) = try makeStep(group, node) } catch {
      throw error.node == nil ? PrepareError(error.reason, node: index) : error
    }
    steps.append(step)
    descriptions.append(
      StepDescription(
        nodes: group.nodes, name: model.name(ofNode: index), outputShape: model.values[group.output].shape,
        multiplyAccumulates: group.nodes.reduce(0) { $0 + model.multiplyAccumulates(of: model.nodes[$1]) },
        kernel: kernel.withUTF8Buffer { Array($0) }, packedByteCount: memory.byteCount - packedBefore))
  }

  private mutating func makeStep(
    _ group: FusedNodes, _ node: Node
  ) throws(PrepareError) -> (step: Step, kernel: StaticString) {
    if kernels.isReference { return (.reference(try referenceStep(group.nodes[0])), "reference") }
    switch node.op {
    case .conv2D(let conv): return try convolutionStep(group, conv)
    case .dense: return try denseStep(group)
    case .pool2D(let pool): return try poolStep(group.nodes[0], pool)
    case .activation(let activation):
      let table = try memory.store(activation.integerTable(from: quantization(node.inputs[0]), to: output(of: node)))
      let step = TableStep(
        table: table, input: buffer(node.inputs[0]), output: buffer(node.output),
        count: model.values[node.output].shape.count)
      return (.table(step), "table_u8__portable")
    case .add(let add): return (.addition(try additionStep(group, add)), kernels.additionName)
    case .concat: return (.concat(try concatStep(node)), "concat_u8__portable")
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

  private mutating func addBuffer(for value: Int) -> Int {
    bufferOfValue[value] = buffers.count
    buffers.append(
      Buffer(perImage: byteCount(value), fixed: Int(SWL_INPUT_SLACK), lifetime: steps.count...steps.count))
    return buffers.count - 1
  }

  /// A buffer that only the step being made uses.
  mutating func addScratch(byteCount: Int) -> Int {
    buffers.append(
      Buffer(perImage: 0, fixed: byteCount + Int(SWL_INPUT_SLACK), lifetime: steps.count...steps.count))
    return buffers.count - 1
  }

  private mutating func touch(_ buffer: Int, atStep step: Int) {
    buffers[buffer].lifetime = buffers[buffer].lifetime.lowerBound...max(buffers[buffer].lifetime.upperBound, step)
  }

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
