import Foundation
import SwiftletModel
import SwiftletRuntime
import Testing

/// `SWIFTLET_KERNELS`, each value in a process of its own because the environment is shared.
@Suite struct KernelSelectionTests {
  @Test func theEnvironmentNamesTheTable() async {
    await #expect(processExitsWith: .success) {
      for table in KernelTable.supported {
        setenv("SWIFTLET_KERNELS", "\(table.name)", 1)
        precondition(KernelTable.selected?.name.description == table.name.description)
      }
      let model = try SessionTests.seedNetwork(side: 12)
      setenv("SWIFTLET_KERNELS", "reference", 1)
      let prepared = try PreparedModel(model)
      precondition(prepared.kernels.isReference)
    }
  }

  @Test func anUnsetOrEmptyVariableGivesTheFastest() async {
    await #expect(processExitsWith: .success) {
      let best = KernelTable.supported[0].name.description
      unsetenv("SWIFTLET_KERNELS")
      precondition(KernelTable.selected?.name.description == best)
      setenv("SWIFTLET_KERNELS", "", 1)
      precondition(KernelTable.selected?.name.description == best)
    }
  }

  @Test func anUnknownTableIsRefused() async {
    await #expect(processExitsWith: .success) {
      let model = try SessionTests.seedNetwork(side: 12)
      setenv("SWIFTLET_KERNELS", "scalar", 1)
      do throws(PrepareError) {
        _ = try PreparedModel(model)
        preconditionFailure("an unknown table was taken")
      } catch {
        precondition(error == PrepareError(.unknownKernels))
      }
    }
  }
}
