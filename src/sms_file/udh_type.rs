//! `UDH-Type:`: the elements of a user data header in words (3GPP TS 23.040 section 9.2.3.24).

/// The header's length and its elements, `Length=7, [05]Application port addressing scheme, 16 bit address`.
///
/// `header` starts with its length octet. Elements that reach past the end are not told.
pub(super) fn explain(header: &[u8]) -> String {
    let Some((length, mut rest)) = header.split_first() else { return "Length=0".to_owned() };
    let mut text = format!("Length={length}");
    while let [identifier, size, after @ ..] = rest {
        let Some(remaining) = after.get(usize::from(*size)..) else { break };
        text.push_str(&format!(", [{identifier:02X}]{}", element(*identifier)));
        rest = remaining;
    }
    text
}

fn element(identifier: u8) -> &'static str {
    match identifier {
        0x00 => "Concatenated short messages, 8-bit reference number",
        0x01 => "Special SMS Message Indication",
        0x04 => "Application port addressing scheme, 8 bit address",
        0x05 => "Application port addressing scheme, 16 bit address",
        0x06 => "SMSC Control Parameters",
        0x07 => "UDH Source Indicator",
        0x08 => "Concatenated short message, 16-bit reference number",
        0x09 => "Wireless Control Message Protocol",
        0x0A => "Text Formatting",
        0x0B => "Predefined Sound",
        0x0C => "User Defined Sound (iMelody max 128 bytes)",
        0x0D => "Predefined Animation",
        0x0E => "Large Animation (16*16 times 4 = 32*4 =128 bytes)",
        0x0F => "Small Animation (8*8 times 4 = 8*4 =32 bytes)",
        0x10 => "Large Picture (32*32 = 128 bytes)",
        0x11 => "Small Picture (16*16 = 32 bytes)",
        0x12 => "Variable Picture",
        0x13 => "User prompt indicator",
        0x14 => "Extended Object",
        0x15 => "Reused Extended Object",
        0x16 => "Compression Control",
        0x17 => "Object Distribution Indicator",
        0x18 => "Standard WVG object",
        0x19 => "Character Size WVG object",
        0x1A => "Extended Object Data Request Command",
        0x20 => "RFC 822 E-Mail Header",
        0x21 => "Hyperlink format element",
        0x22 => "Reply Address Element",
        0x23 => "Enhanced Voice Mail Information",
        0x24 => "National Language Single Shift",
        0x25 => "National Language Locking Shift",
        0x70..=0x7F => "(U)SIM Toolkit Security Headers",
        0x80..=0x9F => "SME to SME specific use",
        0xC0..=0xDF => "SC specific use",
        _ => "Reserved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_is_told_and_a_cut_one_is_not() {
        assert_eq!(
            explain(&[6, 5, 4, 0x0B, 0x84, 0x23, 0xF0]),
            "Length=6, [05]Application port addressing scheme, 16 bit address"
        );
        assert_eq!(explain(&[3, 0x25, 1, 1, 0x24]), "Length=3, [25]National Language Locking Shift");
        assert_eq!(explain(&[5, 0, 200]), "Length=5");
        assert_eq!(explain(&[]), "Length=0");
    }
}
