#!/usr/bin/env bash
# Implementations that nobody here wrote, as witnesses: other codecs and smsd on our PDUs and tables, and on every PDU
# that the simulated network accepted in the tests of this run.
set -euo pipefail

.ci/stages/packages.sh smstools # smsd itself is one of the witnesses
python3 -m venv "$CI_FOLDER/venv"
python="$CI_FOLDER/venv/bin/python"
"$python" -m pip install --quiet --no-input --requirement tests/requirements.txt

cargo build --locked -p smsgrid-tests --bin pdu-corpus
"$python" tests/codec/agree.py "$CI_TARGET/debug/pdu-corpus"
"$python" tests/codec/tables.py "$CI_TARGET/debug/pdu-corpus"

ledgers=$(find "$SMSGRID_LEDGERS" -type f -name '*.jsonl' -size +0 | wc -l)
if ((ledgers == 0)); then
  echo "no test of this run left a ledger in SMSGRID_LEDGERS; run the stage test before this one" >&2
  exit 1
fi
echo "$ledgers ledgers"
"$python" tests/redecode_ledgers.py "$SMSGRID_LEDGERS"
