extension Model {
  /// Checks everything a reader, an executor or a pass relies on.
  ///
  /// Endpoints exist; nodes are in topological order and each value is made once; shapes are those the operators give;
  /// parameters have the right extents, types and finite values; a quantized model obeys the numeric contract
  /// (zero points, per-channel scales, multipliers in range, accumulators within 32 bits).
  /// - Throws: `GraphError` naming the node.
  public func validate() throws(GraphError) { try validate(checkingAccumulators: true) }

  /// As `validate()`; without `checkingAccumulators`, the caller must call `foldedChannels` for every weighted node of a
  /// quantized model, which checks its accumulators and multipliers.
  package func validate(checkingAccumulators: Bool) throws(GraphError) {
    guard !nodes.isEmpty else { throw GraphError(.noNodes) }
    guard nodes.count <= Limits.nodes else {
      throw GraphError(.tooMany(.nodes, count: nodes.count, limit: Limits.nodes))
    }
    guard values.count <= 2 * Limits.nodes, inputs.count <= Limits.connections, outputs.count <= Limits.connections
    else { throw GraphError(.overLimit) }
    guard !inputs.isEmpty, !outputs.isEmpty else { throw GraphError(.endpoints) }
    try validateTopology()
    let isQuantized = isQuantized
    for input in inputs {
      guard values[input].shape.checkedCount != nil else { throw GraphError(.shape(.badShape(values[input].shape))) }
      try validateValue(input, isQuantized: isQuantized, node: nil)
    }
    var parameterTotal = 0
    var elementTotal = inputs.reduce(0) { $0 + values[$1].shape.count }
    for (index, node) in nodes.enumerated() {
      let shapes = inputShapes(of: node)
      let inferred: Shape
      do { inferred = try node.op.outputShape(for: shapes) } catch { throw GraphError(.shape(error), node: index) }
      let declared = values[node.output].shape
      guard declared == inferred else {
        throw GraphError(.declaredShape(declared: declared, inferred: inferred), node: index)
      }
      try validateParameters(of: node, at: index, isQuantized: isQuantized, total: &parameterTotal)
      try validateValue(node.output, isQuantized: isQuantized, node: index)
      if isQuantized { try validateQuantized(node, at: index, checkingAccumulators: checkingAccumulators) }
      elementTotal += inferred.count
      guard elementTotal <= Limits.activations else {
        throw GraphError(.tooMany(.activations, count: elementTotal, limit: Limits.activations), node: index)
      }
    }
  }

  private func validateTopology() throws(GraphError) {
    var isReady = [Bool](repeating: false, count: values.count)
    for input in inputs {
      guard values.indices.contains(input), !isReady[input] else { throw GraphError(.endpoints) }
      isReady[input] = true
    }
    for (index, node) in nodes.enumerated() {
      for input in node.inputs {
        guard values.indices.contains(input), isReady[input] else {
          throw GraphError(.valueNotReady(value: input), node: index)
        }
      }
      guard values.indices.contains(node.output), !isReady[node.output] else {
        throw GraphError(.valueMadeTwice(value: node.output), node: index)
      }
      isReady[node.output] = true
    }
    if let missing = isReady.firstIndex(of: false) { throw GraphError(.valueNeverMade(value: missing)) }
    var isOutput = [Bool](repeating: false, count: values.count)
    for output in outputs {
      guard values.indices.contains(output), !isOutput[output] else { throw GraphError(.endpoints) }
      isOutput[output] = true
    }
  }

  private func validateValue(_ index: Int, isQuantized: Bool, node: Int?) throws(GraphError) {
    let value = values[index]
    let isGood =
      switch (value.element, value.quantization) {
      case (.float32, nil): !isQuantized
      case (.uint8, let quantization?): isQuantized && (0...255).contains(quantization.zeroPoint)
      // Only outputs of the graph may be s32, and they are symmetric.
      case (.int32, let quantization?):
        isQuantized && quantization.zeroPoint == 0 && node != nil && outputs.contains(index)
      default: false
      }
    guard isGood else { throw GraphError(.quantization(value: index), node: node) }
  }

  private func validateParameters(
    of node: Node, at index: Int, isQuantized: Bool, total: inout Int
  ) throws(GraphError) {
    let specs = node.op.parameterSpecs(for: values[node.inputs[0]].shape)
    guard node.parameters.count == specs.count else {
      throw GraphError(.parameterShape(index: min(node.parameters.count, specs.count)), node: index)
    }
    for (position, (tensor, spec)) in zip(node.parameters, specs).enumerated() {
      guard let count = checkedProduct(spec.shape), tensor.shape == spec.shape, tensor.count == count else {
        throw GraphError(.parameterShape(index: position), node: index)
      }
      total += count
      guard total <= Limits.parameters else {
        throw GraphError(.tooMany(.parameters, count: total, limit: Limits.parameters), node: index)
      }
      let expected: ElementType = !isQuantized ? .float32 : spec.role == .weights ? .int8 : .int32
      guard tensor.element == expected else { throw GraphError(.parameterElement(index: position), node: index) }
      let scaleCount = expected == .int8 ? spec.shape[0] : 0
      guard tensor.scales.count == scaleCount else { throw GraphError(.parameterScales(index: position), node: index) }
      let bad: Int? =
        switch tensor.storage {
        case .float32(let values):
          values.firstIndex { !$0.isFinite || spec.role == .runningVariance && $0 < 0 }
        case .int8(let values): containsMinimum(values.span) ? values.firstIndex(of: -128) : nil
        case .int32: nil
        }
      if let bad { throw GraphError(.parameterValue(index: position, element: bad), node: index) }
    }
  }

  private func checkedProduct(_ extents: [Int]) -> Int? {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow, extent >= 1, next <= Limits.parameters else { return nil }
      product = next
    }
    return product
  }
}
