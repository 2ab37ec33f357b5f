#!/usr/bin/env bash
# Builds the release as a fresh machine would: a path that holds the Rust toolchain and a C compiler, no more; an
# empty environment; no network, since everything is in the lock file and fetched.
set -euo pipefail

bare="$CI_FOLDER/bare"
mkdir -p "$bare"
toolchain="$(rustc --print sysroot)/bin"
for tool in cargo rustc rustdoc; do ln -sf "$toolchain/$tool" "$bare/$tool"; done
for tool in cc as ld ar; do ln -sf "$(command -v "$tool")" "$bare/$tool"; done

kept=(PATH="$bare" HOME="$HOME" CARGO_TARGET_DIR="$CI_TARGET" CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never)
if [[ -n ${CARGO_HOME:-} ]]; then kept+=(CARGO_HOME="$CARGO_HOME"); fi
env -i "${kept[@]}" cargo build --release --locked --offline

for program in smsnode smsctl; do
  "$CI_TARGET/release/$program" version
  ldd "$CI_TARGET/release/$program" | tee "$CI_FOLDER/$program.libraries"
  if grep -qE 'libudev|libssl|libcrypto' "$CI_FOLDER/$program.libraries"; then
    echo "$program needs a library that a bare machine lacks" >&2
    exit 1
  fi
done
