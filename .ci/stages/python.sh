#!/usr/bin/env bash
# Implementations that nobody here wrote, as witnesses: another codec on our PDUs, and on every PDU that the
# simulated network accepted in the tests of this run.
set -euo pipefail

python3 -m venv "$CI_FOLDER/venv"
"$CI_FOLDER/venv/bin/pip" install --quiet --no-input --requirement tests/requirements.txt
"$CI_FOLDER/venv/bin/python" tests/codec/agree.py

ledgers=$(find "$SMSGRID_LEDGERS" -type f -name '*.jsonl' -size +0 | wc -l)
if ((ledgers == 0)); then
  echo "no test of this run left a ledger in SMSGRID_LEDGERS; run the stage test before this one" >&2
  exit 1
fi
echo "$ledgers ledgers"
"$CI_FOLDER/venv/bin/python" tests/redecode_ledgers.py "$SMSGRID_LEDGERS"
