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

# zlib's header is the one system dependency.
require_zlib() {
  has_zlib && return
  if command -v apt-get >/dev/null 2>&1; then
    local sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    say "installing zlib1g-dev"
    { $sudo apt-get install -y zlib1g-dev || { $sudo apt-get update && $sudo apt-get install -y zlib1g-dev; }; } >&2 ||
      fail "zlib1g-dev could not be installed. Install zlib's development files and try again."
    has_zlib || fail "zlib's header is still missing after installing zlib1g-dev."
  else
    fail "zlib's header is missing. Install zlib's development files (zlib1g-dev, zlib-devel) and try again."
  fi
}
