"""Random messages of our encoder, read by two decoders that nobody here wrote.

    agree.py PDU_CORPUS [--messages 14000] [--seed 1]

PDU_CORPUS is our program of that name: it prints each PDU with the fields it was made of. pycrate and smspdudecoder
must read the same fields out of it. Texts in national language tables are beyond both; their septets are read with
the tables of gsmcodecs. What a decoder cannot read or reads wrongly by a fault of its own is counted by name, and a message
with any such field does not count among the WHOLE_MIN that both must have read whole.
"""

import argparse
import collections
import json
import subprocess
import sys

import decoders
import tables

FIELDS = [
    "tpdu_octets",
    "service_centre",
    "reply_path",
    "status_report",
    "reject_duplicates",
    "message_reference",
    "type_of_number",
    "numbering_plan",
    "destination",
    "protocol_identifier",
    "data_coding",
    "encoding",
    "validity",
    "header",
    "reference",
    "total",
    "number",
    "locking",
    "single",
    "text",
    "data",
]
EXTENSION = set("\f^{}\\[~]|€")
DIFFERENCES_SHOWN_MAX = 20
WHOLE_MIN = 10_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pdu_corpus")
    parser.add_argument("--messages", type=int, default=14_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    command = [arguments.pdu_corpus, "submit", str(arguments.messages), str(arguments.seed)]
    lines = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.split("\n")
    parts = [json.loads(line) for line in lines if line]
    judges = [Judge("pycrate", decoders.pycrate, pycrate_text), Judge("smspdudecoder", decoders.smspdudecoder, smspdudecoder_text)]
    national = NationalJudge()
    for part in parts:
        for judge in (*judges, national):
            judge.hear(part)
    messages = {part["message"] for part in parts}
    for judge in (*judges, national):
        judge.report()
    differing = set().union(*(judge.differing for judge in (*judges, national)))
    partly = set().union(*(judge.partly for judge in judges)) - differing
    whole = len(messages) - len(differing) - len(partly)
    print(f"{len(messages)} messages in {len(parts)} PDUs: {whole} read whole and alike by both decoders,")
    print(f"{len(partly)} alike as far as each could read them, {len(differing)} differ")
    enough = whole >= min(WHOLE_MIN, arguments.messages // 2)
    sys.exit(0 if not differing and enough and len(messages) == arguments.messages else 1)


class Judge:
    """One decoder and what it had to say."""

    def __init__(self, name, decode, text):
        self.name = name
        self.decode = decode
        self.text = text
        self.read = 0
        self.compared = collections.Counter()
        self.beyond = collections.Counter()
        self.partly = set()
        self.differing = set()
        self.shown = 0

    def hear(self, part):
        self.read += 1
        try:
            theirs = self.decode(part["pdu"])
        except Exception as fault:  # noqa: BLE001, any fault of a decoder is a difference
            return self.differ(part, "pdu", "readable", f"{type(fault).__name__}: {fault}")
        if "validity" not in theirs:
            self.skip(part, "enhanced validity period")
        for field in FIELDS:
            if field == "text" and "text" in theirs:
                self.hear_text(part, theirs["text"])
            elif field in theirs:
                self.compare(part, field, expected(part, field), theirs[field])
            elif field in ("reference", "locking", "single") and part[field] is not None:
                self.differ(part, field, part[field], None)

    def hear_text(self, part, theirs):
        verdict = self.text(part, theirs)
        if verdict is None:
            self.compare(part, "text", part["text"], theirs)
        else:
            self.skip(part, verdict)

    def skip(self, part, what):
        self.beyond[what] += 1
        self.partly.add(part["message"])

    def compare(self, part, field, ours, theirs):
        self.compared[field] += 1
        if ours != theirs:
            self.differ(part, field, ours, theirs)

    def differ(self, part, field, ours, theirs):
        self.differing.add(part["message"])
        self.shown += 1
        if self.shown <= DIFFERENCES_SHOWN_MAX:
            print(f"{self.name}: message {part['message']}, {field}: ours {ours!a}, theirs {theirs!a}, PDU {part['pdu']}")

    def report(self):
        fields = ", ".join(f"{field} {count}" for field, count in self.compared.items())
        print(f"{self.name}: {self.read} PDUs read; compared {fields}")
        for what, count in self.beyond.items():
            print(f"{self.name}: beyond it: {what} {count}")


class NationalJudge(Judge):
    """The tables of gsmcodecs, for texts in national language tables."""

    def __init__(self):
        super().__init__("gsmcodecs", None, None)
        self.tables = tables.gsmcodecs_tables()

    def hear(self, part):
        if part["locking"] is None and part["single"] is None:
            return
        self.read += 1
        fields = decoders.pycrate(part["pdu"])
        header = len(part["header"]) // 2 + 1
        covered = -(-header * 8 // 7)
        septets = decoders.septets(fields["octets"], covered * 7 - header * 8, fields["units"] - covered)
        self.compare(part, "text", part["text"], self.decode_septets(septets, fields))

    def decode_septets(self, septets, fields):
        text, codes = "", iter(septets)
        for code in codes:
            table = (tables.LOCKING, fields.get("locking", 0), code)
            if code == tables.ESCAPE:
                table = (tables.SINGLE, fields.get("single", 0), next(codes))
            # Where gsmcodecs is known to differ, the text cannot tell more than the comparison of the tables did.
            known = table in tables.GSMCODECS_DIFFERS
            self.beyond["characters of known differences"] += known
            text += tables.CORRECTED[table] if known else self.tables[table] or "\ufffd"
        return text


def expected(part, field):
    if field == "encoding":
        return {0x00: "gsm", 0x04: "binary", 0x08: "ucs2"}[part["data_coding"] & 0x0C]
    return part[field]


def pycrate_text(part, theirs):
    """Why pycrate's text cannot be compared, if it cannot."""
    if part["locking"] is not None or part["single"] is not None:
        return "text in national tables"
    if part["text"] in (theirs + "@", theirs + "\r") and part["data_coding"] & 0x0C == 0:
        return "a last commercial at or carriage return, which it takes for padding"
    return None


def smspdudecoder_text(part, theirs):
    """Why smspdudecoder's text cannot be compared, if it cannot."""
    if part["locking"] is not None or part["single"] is not None:
        return "text in national tables"
    if part["data_coding"] & 0x0C:
        return None
    header = bytes.fromhex(part["header"])
    octets = bytes([len(header)]) + header if header else b""
    if 0x1B in decoders.septets(octets + b"\0", 0, -(-len(octets) * 8 // 7)):
        return "text after a header in which it sees an escape"
    if theirs == part["text"] + "@" and EXTENSION & set(part["text"]):
        return "text with an escape, after which it takes padding for a commercial at"
    return None


if __name__ == "__main__":
    main()
