"""The tables of TS 23.038, character by character: ours, those of gsmcodecs, and what smsd makes of them.

    tables.py PDU_CORPUS [--without-smsd]

PDU_CORPUS is our program of that name. smsd (Debian's smstools) is started with a modem of this script's on a loopback
port, is given every code of every table in SMS-DELIVER PDUs, and the files it writes are read. Each known difference
is in a list below with its reason; a difference outside the lists, or a listed one that is gone, is a failure.
"""

import argparse
import contextlib
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from gsmcodecs.charmaps import GSMCHARMAPS

ESCAPE = 0x1B
LOCKING, SINGLE = "locking", "single"
LANGUAGES = range(14)
SPANISH = 2

# (table, language, code): theirs. Read against two more transcriptions, Android's and Release 16's in CyberChef.
GSMCODECS_DIFFERS = {
    # gsmcodecs has an apostrophe where the standard, Android and smsd have the comma.
    **{(LOCKING, language, 0x2C): "'" for language in range(4, 14)},
    # The standard prints 0CAA, the letter of code 3D, and so loses 0CA1; Android and smsd read 0CA1.
    (LOCKING, 7, 0x24): "\u0caa",
    # gsmcodecs has no euro sign in the Telugu table; the standard, Android and smsd do.
    (SINGLE, 12, 0x65): None,
}
# What stands there instead.
CORRECTED = {
    **{(LOCKING, language, 0x2C): "," for language in range(4, 14)},
    (LOCKING, 7, 0x24): "\u0ca1",
    (SINGLE, 12, 0x65): "€",
}
SMSD_DIFFERS = {
    # smsd reads the currency sign as the euro sign.
    (LOCKING, 0, 0x24): "€",
}

# Separates the codes in a message; a digit has the same code in every locking shift table.
SEPARATOR, SEPARATOR_CODE = "0", 0x30
CODES_PER_MESSAGE = 40
SMSD_SECONDS_MAX = 120


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pdu_corpus")
    parser.add_argument("--without-smsd", action="store_true")
    arguments = parser.parse_args()
    ours = our_tables(arguments.pdu_corpus)
    faults = compare("gsmcodecs", ours, gsmcodecs_tables(), GSMCODECS_DIFFERS)
    if arguments.without_smsd:
        print("smsd: not asked")
    else:
        faults += compare("smsd", ours, smsd_tables(ours), SMSD_DIFFERS)
    sys.exit(1 if faults else 0)


def compare(name, ours, theirs, known):
    """Prints the differences and counts those that are not known, or known and gone."""
    differences = {place: theirs[place] for place in theirs if theirs[place] != ours[place]}
    faults = {place: text for place, text in differences.items() if known.get(place, "unknown") != text}
    gone = [place for place in known if place not in differences]
    for (table, language, code), text in faults.items():
        print(f"{name}: {table} table {language} code {code:02X}: ours {ours[table, language, code]!a}, theirs {text!a}")
    for table, language, code in gone:
        print(f"{name}: {table} table {language} code {code:02X} differs no more")
    agreed = len(theirs) - len(differences)
    print(f"{name}: {agreed} of {len(theirs)} codes agree, {len(known) - len(gone)} differ as known, {len(faults)} differ")
    return len(faults) + len(gone)


def our_tables(pdu_corpus):
    lines = subprocess.run([pdu_corpus, "tables"], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    return {(row["table"], row["language"], row["code"]): row["character"] for row in rows}


def gsmcodecs_tables():
    tables = {}
    for language in LANGUAGES:
        maps = GSMCHARMAPS[language]
        for table, key in ((LOCKING, "locking"), (SINGLE, "singleShift")):
            for code in range(128):
                # Spanish has no locking shift table and uses the default one.
                decode = maps.get(key, GSMCHARMAPS[0][key])["decode"]
                if code != ESCAPE:
                    tables[table, language, code] = as_text(decode.get(code))
    return tables


def as_text(character):
    return chr(character) if isinstance(character, int) else character


def smsd_tables(ours):
    """What smsd reads. Of codes without a character it says nothing, nor of the locking table Spanish does not have."""
    jobs = []
    for table, element in ((LOCKING, 0x25), (SINGLE, 0x24)):
        for language in LANGUAGES:
            if (table, language) == (LOCKING, SPANISH):
                continue
            codes = [code for code in range(128) if code not in (ESCAPE, SEPARATOR_CODE)]
            for start in range(0, len(codes), CODES_PER_MESSAGE):
                chunk = codes[start : start + CODES_PER_MESSAGE]
                header = bytes([element, 1, language]) if language else b""
                jobs.append((table, language, chunk, deliver(header, separated(table, chunk))))
    tables = {}
    for (table, language, chunk, _), body in zip(jobs, read_by_smsd([job[3] for job in jobs]), strict=True):
        texts = body.split(SEPARATOR)[1:-1]
        for code, text in zip(chunk, texts, strict=True):
            tables[table, language, code] = text or None
    return {place: text for place, text in tables.items() if text or ours[place]}


def separated(table, codes):
    escape = [ESCAPE] if table == SINGLE else []
    septets = [SEPARATOR_CODE]
    for code in codes:
        septets += [*escape, code, SEPARATOR_CODE]
    return septets


def deliver(header, septets):
    """An SMS-DELIVER with these septets, and the octets of its TPDU."""
    header = bytes([len(header)]) + header if header else b""
    covered = -(-len(header) * 8 // 7)
    bits, width = 0, covered * 7 - len(header) * 8
    for septet in septets:
        bits |= septet << width
        width += 7
    text = bits.to_bytes((width + 7) // 8, "little")
    first = 0x44 if header else 0x04
    tpdu = bytes([first, 12, 0x91]) + bytes.fromhex("5348103254760000" + "62114221436500")
    tpdu += bytes([covered + len(septets)]) + header + text
    return "00" + tpdu.hex().upper(), len(tpdu)


def read_by_smsd(pdus):
    """The bodies of the files smsd writes for `pdus`, in their order."""
    smsd = shutil.which("smsd") or "/usr/sbin/smsd"
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        folder = pathlib.Path(folder)
        for name in ("outgoing", "checked", "incoming", "failed", "sent"):
            (folder / name).mkdir()
        (folder / "smsd.conf").write_text(configuration(folder, server.getsockname()[1]))
        threading.Thread(target=be_modem, args=(server, pdus), daemon=True).start()
        process = subprocess.Popen(
            [smsd, "-c", folder / "smsd.conf", "-t"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(lambda: len(written(folder)) == len(pdus), process)
            return [pathlib.Path(name).read_bytes().decode().split("\n\n", 1)[1] for name in written(folder)]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def written(folder):
    """The files smsd wrote, as its log names them, in the order of the messages."""
    log = folder / "log"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return re.findall(r"Wrote an incoming message file: (\S+)", text)


def wait_for(condition, process):
    deadline = time.monotonic() + SMSD_SECONDS_MAX
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("smsd ended or did not read every message in time")
        time.sleep(0.1)


def configuration(folder, port):
    folders = "".join(f"{name} = {folder}/{name}\n" for name in ("outgoing", "checked", "incoming", "failed", "sent"))
    return f"""devices = GSM1
{folders}logfile = {folder}/log
loglevel = 7
infofile = {folder}/info
pidfile = {folder}/pid
delaytime = 1
delaytime_mainprocess = 1
executable_check = no
incoming_utf8 = yes
internal_combine = no
[GSM1]
device = @127.0.0.1:{port}
incoming = yes
check_memory_method = 31
cmgl_value = 4
memory_start = 1
"""


def be_modem(server, pdus):
    """Answers one connection as a modem whose storage holds `pdus`."""
    store = dict(enumerate(pdus, start=1))
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
        line = b""
        while octet := lines.read(1):
            if octet != b"\r":
                line += octet
                continue
            command, line = line.strip().decode("latin-1").upper(), b""
            connection.sendall(f"\r\n{answer(command, store)}\r\n".encode())


def answer(command, store):
    counts = ",".join([f'"SM",{len(store)},250'] * 3)
    listing = "".join(f"+CMGL: {slot},0,,{octets}\r\n{pdu}\r\n" for slot, (pdu, octets) in store.items())
    information = {
        "AT+CPIN?": "+CPIN: READY",
        "AT+CSQ": "+CSQ: 20,99",
        "AT+CREG?": '+CREG: 2,1,"00D1","1234"',
        "AT+CGSN": "490154203237518",
        "AT+CIMI": "244050123456789",
        "AT+CPMS?": f"+CPMS: {counts}",
        "AT+CMGL=4": listing,
    }
    if command.startswith("AT+CMGD="):
        store.pop(int(command.removeprefix("AT+CMGD=")), None)
    return f"{information[command]}\r\n\r\nOK" if command in information else "OK"


if __name__ == "__main__":
    main()
