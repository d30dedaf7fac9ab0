import Foundation
import SwiftletFloat
import SwiftletModel
import Testing

/// `SWIFTLET_KERNELS`, each value in a process of its own because the environment is shared.
@Suite struct FloatKernelSelectionTests {
  @Test func anUnknownNameIsRefusedWithWhatThereIs() async {
    await #expect(processExitsWith: .success) {
      setenv("SWIFTLET_KERNELS", "abacus", 1)
      let model = try NetworkTests.Graph.seedLike.model()
      do throws(FloatNetworkError) {
        _ = try FloatNetwork(model)
        preconditionFailure("unknown kernels were taken")
      } catch {
        precondition(error == .unknownKernels)
        let names = FloatKernels.supported.map(\.name).joined(separator: ", ")
        precondition(
          error.description.hasSuffix("SWIFTLET_KERNELS names no float kernels of this CPU and build; it has \(names)"))
      }
      // Kernels that are handed over need no variable.
      _ = try FloatNetwork(model, options: FloatNetwork.Options(kernels: FloatKernels.supported[0]))
    }
  }

  @Test func theRuntimesReferenceMeansPortable() async {
    await #expect(processExitsWith: .success) {
      setenv("SWIFTLET_KERNELS", "reference", 1)
      precondition(FloatKernels.selected?.name == "portable" && FloatKernels.best.name == "portable")
    }
  }

  @Test func anEmptyVariableGivesTheBest() async {
    await #expect(processExitsWith: .success) {
      setenv("SWIFTLET_KERNELS", "", 1)
      precondition(FloatKernels.selected?.name == FloatKernels.supported[0].name)
    }
  }
}
