#!/usr/bin/env bash
# Tests that need root, installed packages or network namespaces: the targets that require the feature `lab`.
set -euo pipefail

names=$(.ci/stages/targets.sh test lab)
if [[ -z $names ]]; then
  echo "no target requires the feature lab"
  exit 0
fi
packages=()
if [[ -f tests/lab-packages.txt ]]; then
  mapfile -t packages < <(sed 's/#.*//; s/[[:space:]]*$//; /^$/d' tests/lab-packages.txt)
fi
.ci/stages/packages.sh "${packages[@]}"
targets=()
for name in $names; do targets+=(--test "$name"); done
cargo test -p smsgrid-tests --features lab "${targets[@]}"
