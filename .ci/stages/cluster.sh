#!/usr/bin/env bash
# Three real nodes under load: at least ten leaders and ten owners of a modem at work are killed, and nothing may be
# lost or doubled in silence. Power cuts and mutants need root and run in the stage lab.
set -euo pipefail

export SMSGRID_KILLS=10
timeout --kill-after=10 900 cargo test -p smsgrid-tests --features lab --test cluster leaders_and_owners -- --nocapture
