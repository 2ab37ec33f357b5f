#!/usr/bin/env bash
# Prints figures. They inform and are no test: a shared machine of two cores measures itself.
set -euo pipefail

names=$(.ci/stages/targets.sh bench plain)
if [[ -z $names ]]; then
  echo "no target is a benchmark"
  exit 0
fi
targets=()
for name in $names; do targets+=(--bench "$name"); done
timeout --kill-after=10 1500 cargo bench -p smsgrid-tests "${targets[@]}"
