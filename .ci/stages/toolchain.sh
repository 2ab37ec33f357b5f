#!/usr/bin/env bash
# Says what the run is built with, and installs the cargo tools it needs, pinned, where they are missing.
set -euo pipefail

readonly DENY_VERSION=0.20.2

rustc --version
cargo --version
cargo clippy --version
cargo fmt --version
cc --version | head -n 1
python3 --version

if [[ "$(cargo deny --version 2>/dev/null || true)" != "cargo-deny $DENY_VERSION" ]]; then
  # A tool that runs for a second is not worth an optimised build; without its database of advisories it is small.
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_LTO=off
  export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_STRIP=true
  unset CARGO_TARGET_DIR
  cargo install --quiet --locked --force --root "$CI_TOOLS" --no-default-features --version "$DENY_VERSION" cargo-deny
fi
cargo deny --version
cargo fetch --locked --quiet
