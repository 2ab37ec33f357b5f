//! Septets packed into octets, lowest bits first, after fill bits (TS 23.038 section 6.1.2.1).

/// Bits of a septet.
const SEPTET_BITS: usize = 7;

/// Octets that `bits` bits take.
const fn octets_of(bits: usize) -> usize {
    bits.div_ceil(8)
}

/// Octets that `septets` septets take.
pub(super) const fn octets(septets: usize) -> usize {
    octets_of(septets * SEPTET_BITS)
}

/// Septets that `header` octets cover, the last of them perhaps in part.
pub(super) const fn covering(header: usize) -> usize {
    (header * 8).div_ceil(SEPTET_BITS)
}

/// Bits left empty after `header` octets, so that the next septet starts where one may.
pub(super) const fn fill_bits(header: usize) -> usize {
    covering(header) * SEPTET_BITS - header * 8
}

/// Appends `septets` to `packed` after `fill` bits of zero. Bits above the seventh are dropped.
pub(super) fn pack(septets: &[u8], fill: usize, packed: &mut Vec<u8>) {
    let mut buffer: u16 = 0;
    let mut bits = fill;
    for septet in septets {
        buffer |= u16::from(septet & 0x7F) << bits;
        bits += SEPTET_BITS;
        if bits >= 8 {
            let [low, high] = buffer.to_le_bytes();
            packed.push(low);
            buffer = u16::from(high);
            bits -= 8;
        }
    }
    if bits > 0 {
        let [low, _] = buffer.to_le_bytes();
        packed.push(low);
    }
}

/// The first `count` septets of `packed` after `fill` bits, or as many as there are.
pub(super) fn unpack(packed: &[u8], fill: usize, count: usize) -> Vec<u8> {
    let mut septets = Vec::with_capacity(count);
    let mut buffer: u16 = 0;
    let mut bits = 0;
    let mut skip = fill;
    for octet in packed {
        buffer |= u16::from(*octet) << bits;
        bits += 8;
        buffer >>= skip;
        bits -= skip;
        skip = 0;
        while bits >= SEPTET_BITS && septets.len() < count {
            let [low, _] = buffer.to_le_bytes();
            septets.push(low & 0x7F);
            buffer >>= SEPTET_BITS;
            bits -= SEPTET_BITS;
        }
        if septets.len() == count {
            break;
        }
    }
    septets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_septets_take_seven_octets() {
        let mut packed = Vec::new();
        pack(b"hellohel", 0, &mut packed);

        assert_eq!(packed, [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9]);
        assert_eq!(unpack(&packed, 0, 8), b"hellohel");
    }

    #[test]
    fn every_count_and_every_fill_reads_back() {
        for fill in 0..7 {
            for count in 0..=160 {
                let septets: Vec<u8> = (0..count).map(|index| (index * 37 % 128) as u8).collect();
                let mut packed = Vec::new();
                pack(&septets, fill, &mut packed);

                assert_eq!(packed.len(), octets_of(count * SEPTET_BITS + fill));
                assert_eq!(unpack(&packed, fill, count), septets, "{count} septets after {fill} bits");
            }
        }
    }

    #[test]
    fn the_header_of_a_concatenation_leaves_one_bit_to_fill() {
        assert_eq!((covering(6), fill_bits(6)), (7, 1));
        assert_eq!((covering(7), fill_bits(7)), (8, 0));
        assert_eq!((covering(0), fill_bits(0)), (0, 0));
    }
}
