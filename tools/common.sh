# Sourced by the scripts in tools/: installs or names what is missing.

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

require_swift() {
  command -v swift >/dev/null 2>&1 || fail "no Swift toolchain found. Install Swift 6.2 or later from https://www.swift.org/install/linux/ and put its usr/bin on PATH."
  local version
  version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
  case "$version" in
    6.[01] | [0-5].*) fail "Swift $version is too old: Swiftlet needs 6.2 or later, from https://www.swift.org/install/linux/." ;;
  esac
}

has_zlib() {
  local compiler
  compiler=$(command -v clang || command -v cc) || return 1
  printf '#include <zlib.h>\n' | "$compiler" -E - >/dev/null 2>&1
}

# apt_install PACKAGES...: installs them, updating the package lists where that is what fails. False where it cannot.
apt_install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  say "installing $*"
  local install="$sudo apt-get install -y --no-install-recommends"
  { $install "$@" || { $sudo apt-get update && $install "$@"; }; } >&2
}

# zlib's header is the one system dependency.
require_zlib() {
  has_zlib && return
  apt_install zlib1g-dev ||
    fail "zlib's header is missing and could not be installed. Install zlib's development files (zlib1g-dev, zlib-devel) and try again."
  has_zlib || fail "zlib's header is still missing after installing zlib1g-dev."
}

# The checks of the code are Python, of its standard library alone.
require_python() {
  command -v python3 >/dev/null 2>&1 || apt_install python3 || fail "python3 is missing and could not be installed. Install Python 3.9 or later and try again."
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || fail "python3 is older than 3.9."
}

# not_run WHAT WHY: a check that cannot run here. In CI (CI=true) that is a failure; elsewhere tools/test lists it at its end.
not_run() {
  [ "${CI:-}" != true ] || fail "$1 cannot run: $2"
  say "NOT RUN: $1: $2"
  [ -z "${SWIFTLET_NOT_RUN:-}" ] || printf '%s: %s\n' "$1" "$2" >> "$SWIFTLET_NOT_RUN"
}
