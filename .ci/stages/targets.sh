#!/usr/bin/env bash
# targets.sh KIND lab|plain: the targets of KIND (test, bench) of the test package, one a line; `lab` are those that
# need the feature of that name.
set -euo pipefail

cargo metadata --no-deps --locked --format-version 1 | python3 -c '
import json, sys
kind, wanted = sys.argv[1:]
package = next(p for p in json.load(sys.stdin)["packages"] if p["name"] == "smsgrid-tests")
for target in package["targets"]:
    is_lab = "lab" in target.get("required-features", [])
    if kind in target["kind"] and is_lab == (wanted == "lab"):
        print(target["name"])
' "$1" "$2"
