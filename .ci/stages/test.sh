#!/usr/bin/env bash
# The test command of the README, to the end: one failing target does not hide the next.
set -euo pipefail

if ! grep -qF 'cargo test --workspace' README.md; then
  echo "README.md does not name the test command" >&2
  exit 1
fi
cargo test --workspace --no-fail-fast
