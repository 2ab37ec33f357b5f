# Runs named stages against the clock and sums them up; sourced by .ci/run.

readonly BUDGET_TOTAL_SECONDS=4800
STARTED=$SECONDS
CHOSEN=()
TABLE=()
RED=0

# Runs only the stages named; all of them when none is.
only() { CHOSEN=("$@"); }

# stage NAME BUDGET_MINUTES COMMAND...: one row of the table. A stage past its budget is marked; the time that is
# left of the total stops it.
stage() {
  local name=$1 budget=$2 started=$SECONDS left word=ok status=0
  shift 2
  chosen "$name" || return 0
  left=$((BUDGET_TOTAL_SECONDS - (SECONDS - STARTED)))
  if ((left <= 0)); then
    row "$name" "$budget" 0 "red: no time left"
    RED=1
    return 0
  fi
  printf '\n=== %s (budget %d min)\n' "$name" "$budget"
  timeout --kill-after=10 "$left" "$@" || status=$?
  if ((status == 124)); then word="red: out of time"; elif ((status)); then word="red: exit $status"; fi
  if ((status)); then RED=1; elif ((SECONDS - started > budget * 60)); then word="ok, past its budget"; fi
  printf '=== %s: %s after %s\n' "$name" "$word" "$(clock $((SECONDS - started)))"
  row "$name" "$budget" $((SECONDS - started)) "$word"
}

# Prints the table; ends the run red or green.
summary() {
  local total=$((SECONDS - STARTED))
  if ((${#TABLE[@]} == 0)); then
    echo "no stage is named ${CHOSEN[*]}" >&2
    exit 2
  fi
  printf '\n%-12s %8s %8s  %s\n' stage budget used result
  printf '%s\n' "${TABLE[@]}"
  printf '%-12s %8s %8s\n' total "$(clock $BUDGET_TOTAL_SECONDS)" "$(clock $total)"
  if ((total > BUDGET_TOTAL_SECONDS)); then
    echo "red: the run took longer than its budget" >&2
    exit 1
  fi
  exit $RED
}

chosen() {
  local name
  ((${#CHOSEN[@]})) || return 0
  for name in "${CHOSEN[@]}"; do [[ $name == "$1" ]] && return 0; done
  return 1
}

row() { TABLE+=("$(printf '%-12s %8s %8s  %s' "$1" "$(clock $(($2 * 60)))" "$(clock "$3")" "$4")"); }

clock() { printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); }
