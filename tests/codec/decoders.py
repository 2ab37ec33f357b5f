"""Two decoders of SMS-SUBMIT that nobody here wrote, each as a function from hexadecimal digits to the same fields.

A decoder that cannot read a field leaves it out; what it reads wrongly is listed where the answers are compared.
"""

import calendar
import io

from pycrate_mobile.TS23040_SMS import SMS_SUBMIT
from smspdudecoder.elements import TypeOfAddress
from smspdudecoder.fields import SMSSubmit

# Semi-octets 10 to 14 as both libraries write them, and as an address has them (TS 23.040 section 9.1.2.3).
SEMI_OCTETS = str.maketrans("abcdeABCDE", "*#abc*#abc")


def pycrate(pdu):
    """The fields of `pdu` as pycrate reads them; it skips no bit, but knows no service centre field."""
    octets = bytes.fromhex(pdu)
    start = octets[0] + 1
    submit = SMS_SUBMIT()
    submit.from_bytes(octets[start:])
    if submit.to_bytes() != octets[start:]:
        raise ValueError("pycrate does not give the octets back that it read")
    header = [(element["T"].get_val(), element["V"].to_bytes()) for element in _header(submit)]
    fields = {
        "tpdu_octets": len(octets) - start,
        "reply_path": bool(submit["TP_RP"].get_val()),
        "status_report": bool(submit["TP_SRR"].get_val()),
        "reject_duplicates": bool(submit["TP_RD"].get_val()),
        "message_reference": submit["TP_MR"].get_val(),
        "type_of_number": submit["TP_DA"]["Type"].get_val(),
        "numbering_plan": submit["TP_DA"]["NumberingPlan"].get_val(),
        "destination": submit["TP_DA"]["Num"].decode().translate(SEMI_OCTETS),
        "protocol_identifier": submit["TP_PID"].to_bytes()[0],
        "data_coding": submit["TP_DCS"].to_bytes()[0],
        "validity": _pycrate_validity(submit),
        "header": "".join(f"{kind:02X}{len(data):02X}{data.hex().upper()}" for kind, data in header),
        "units": submit["TP_UD"]["UDL"].get_val(),
        "octets": submit["TP_UD"]["UD"].to_bytes(),
    }
    for kind, data in header:
        if kind in (0x00, 0x08):
            fields["reference"] = int.from_bytes(data[:-2], "big")
            fields["total"], fields["number"] = data[-2:]
        if kind in (0x24, 0x25):
            fields["single" if kind == 0x24 else "locking"] = data[0]
    body = submit["TP_UD"]["UD"].decode()
    fields["text" if isinstance(body, str) else "data"] = body if isinstance(body, str) else body.hex().upper()
    return fields


def _header(submit):
    return submit["TP_UD"]["UDH"]["UDH"] if submit["TP_UDHI"].get_val() else []


def _pycrate_validity(submit):
    names = ("TP_VP", "TP_VPe")
    present = [field for field in submit if field._name in names and not field.get_trans()]
    match submit["TP_VPF"].get_val(), present:
        case 0, []:
            return None
        case 1, [enhanced] if enhanced["VPFormat"].get_val() == 2:
            return {"enhanced": enhanced["VP"].get_val()}
        case 1, [enhanced] if enhanced["VPFormat"].get_val() == 3:
            clock = enhanced["TP"]
            hours, minutes, seconds = (clock[unit].decode() for unit in ("Hour", "Min", "Sec"))
            return {"enhanced": hours * 3600 + minutes * 60 + seconds}
        case 2, [relative]:
            return {"relative": relative.get_val()}
        case 3, [absolute]:
            moment, zone = absolute.decode()
            return {"absolute": calendar.timegm(moment) - int(zone * 3600)}
    raise ValueError("a validity period pycrate has no form for")


def smspdudecoder(pdu):
    """The fields of `pdu` as smspdudecoder reads them; it knows no enhanced validity period."""
    submit = SMSSubmit.decode(io.StringIO(pdu))
    header, address, body = submit["header"], submit["recipient"], submit["user_data"]
    elements = (body["header"] or {"elements": []})["elements"]
    fields = {
        "service_centre": submit["smsc"]["number"],
        "reply_path": header["rp"],
        "status_report": header["srr"],
        "reject_duplicates": header["rd"],
        "message_reference": submit["message-ref"],
        "type_of_number": TypeOfAddress.TON_INV[address["toa"]["ton"]],
        "numbering_plan": TypeOfAddress.NPI_INV[address["toa"]["npi"]],
        "destination": address["number"].translate(SEMI_OCTETS),
        "protocol_identifier": submit["pid"],
        "encoding": submit["dcs"]["encoding"],
    }
    if header["vpf"] == 0:
        fields["validity"] = None
    elif header["vpf"] == 2:
        fields["validity"] = {"relative": submit["vp"]}
    elif header["vpf"] == 3:
        fields["validity"] = {"absolute": int(submit["vp"].timestamp())}
    for element in elements:
        if element["iei"] in (0x00, 0x08):
            concatenation = element["data"]
            fields["reference"] = concatenation["reference"]
            fields["total"], fields["number"] = concatenation["parts_count"], concatenation["part_number"]
        if element["iei"] in (0x24, 0x25):
            fields["single" if element["iei"] == 0x24 else "locking"] = int(element["data"], 16)
    if isinstance(body["data"], str):
        fields["text"] = body["data"]
    else:
        fields["data"] = body["data"].hex().upper()
    return fields


def septets(octets, fill, count):
    """`count` septets of `octets` after `fill` bits (TS 23.038 section 6.1.2.1), for what only gsmcodecs can read."""
    bits = int.from_bytes(octets, "little") >> fill
    return bytes(bits >> 7 * index & 0x7F for index in range(count))
