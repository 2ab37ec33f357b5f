#!/usr/bin/env bash
# The first command of the README, as a stranger runs it: it starts, says where everything is, stops when asked,
# and lost nothing.
set -euo pipefail

readonly READY_SECONDS=30 RUN_SECONDS=5 STOP_SECONDS=30
folder="$CI_FOLDER/demo"
mkdir -p "$folder"

"$CI_TARGET/release/smsnode" demo --json --keep "$folder/data" >"$folder/out" 2>"$folder/talk" &
demo=$!
trap 'kill -KILL "$demo" 2>/dev/null || true' EXIT

fail() {
  echo "$1" >&2
  tail -n 20 "$folder/out" "$folder/talk" >&2
  exit 1
}

for ((waited = 0; waited < READY_SECONDS * 10; waited++)); do
  [[ -s $folder/out ]] && break
  kill -0 "$demo" 2>/dev/null || fail "the demo ended before it said where everything is"
  sleep 0.1
done
[[ -s $folder/out ]] || fail "the demo said nothing for $READY_SECONDS s"
head -n 1 "$folder/out"

sleep "$RUN_SECONDS"
kill -INT "$demo"
for ((waited = 0; waited < STOP_SECONDS * 10; waited++)); do
  kill -0 "$demo" 2>/dev/null || break
  sleep 0.1
done
kill -0 "$demo" 2>/dev/null && fail "the demo did not stop within $STOP_SECONDS s"
wait "$demo" || fail "the demo ended with exit $?"

tail -n 1 "$folder/out"
tail -n 1 "$folder/out" | python3 -c '
import json, sys
end = json.loads(sys.stdin.readline())
assert end["lost"] == 0, end
assert end["accepted"] >= end["sent"] >= 0, end
'
