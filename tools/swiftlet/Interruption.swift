import Foundation

/// Ctrl-C, a request to end, and a terminal that is closed, as a question the trainer asks after each batch; a second
/// Ctrl-C or request ends the program at once.
enum Interruption {
  nonisolated(unsafe) private static var isRequested: sig_atomic_t = 0

  static func watch() -> () -> Bool {
    // Whoever started this may have blocked them: libdispatch's threads do.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        if Interruption.isRequested != 0 { _exit(130) }
        Interruption.isRequested = 1
      }
    }
    // A terminal that closes may say so several times, and nohup asks not to listen.
    let former = signal(SIGHUP) { _ in Interruption.isRequested = 1 }
    if unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(SIGHUP, SIG_IGN) }
    return { Interruption.isRequested != 0 }
  }
}
