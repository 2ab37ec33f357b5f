"""Reads again, with decoders nobody here wrote, every PDU that a simulated modem was given.

    redecode_ledgers.py FOLDER... [--allow-none]

Every *.jsonl below the folders is a ledger: one JSON object a line with `pdu`, the hexadecimal digits given to AT+CMGS
with their service centre field (without it where `bare_pdu` says so), and `destination`, the digits the simulator read
out of it, without a plus sign. Each PDU must be read by smspdudecoder, or by pycrate where it is beyond the former, and
be addressed to that destination. A line with `call` is a voice call, which has no PDU. No PDU at all is a failure too,
unless --allow-none is given.
"""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "codec"))

import decoders  # noqa: E402, found only then

FAULTS_SHOWN_MAX = 20
# The field of a service centre that is the SIM's own.
SERVICE_CENTRE_NONE = "00"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+", type=pathlib.Path)
    parser.add_argument("--allow-none", action="store_true")
    arguments = parser.parse_args()
    ledgers = sorted({ledger for folder in arguments.folder for ledger in folder.rglob("*.jsonl")})
    read, by_second, faults = 0, 0, []
    for ledger in ledgers:
        lines = ledger.read_text(encoding="utf-8").splitlines()
        rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and is_part(line)]
        print(f"{ledger}: {len(rows)} PDUs")
        for number, line in rows:
            read += 1
            try:
                by_second += redecode(line)
            except Exception as fault:  # noqa: BLE001, whatever goes wrong with a line is a failure of it
                faults.append(f"{ledger}:{number}: {type(fault).__name__}: {fault}")
    for fault in faults[:FAULTS_SHOWN_MAX]:
        print(fault)
    if not ledgers:
        print("no ledger below " + ", ".join(map(str, arguments.folder)))
    print(f"{len(ledgers)} ledgers; {by_second} PDUs were beyond smspdudecoder and read by pycrate")
    print(f"{read} PDUs re-decoded, {len(faults)} failed")
    sys.exit(1 if faults or not (read or arguments.allow_none) else 0)


def is_part(line):
    """Whether a line is of a part; whatever cannot be read counts as one, so that it is told."""
    try:
        entry = json.loads(line)
    except ValueError:
        return True
    return not (entry.get("call") and entry["pdu"] == "")


def redecode(line):
    """Checks one line; answers whether only the second decoder could read its PDU."""
    entry = json.loads(line)
    pdu = SERVICE_CENTRE_NONE + entry["pdu"] if entry.get("bare_pdu") else entry["pdu"]
    try:
        fields, by_second = decoders.smspdudecoder(pdu), False
    except Exception:  # noqa: BLE001, any fault of the first decoder leaves it to the second
        fields, by_second = decoders.pycrate(pdu), True
    if fields["destination"] != entry["destination"]:
        raise ValueError(f"addressed to {fields['destination']}, the ledger says {entry['destination']}")
    return by_second


if __name__ == "__main__":
    main()
