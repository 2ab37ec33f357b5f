//! Septets packed into octets, lowest bits first, after fill bits (TS 23.038 section 6.1.2.1).

/// Bits of a septet.
const SEPTET_BITS: usize = 7;

/// Septets that fill whole octets.
const GROUP_SEPTETS: usize = 8;
/// Bits of these.
const GROUP_BITS: usize = GROUP_SEPTETS * SEPTET_BITS;

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

/// Appends `septets` to `packed` after `fill` bits of zero, 0 to 6. Bits above the seventh are dropped.
pub(super) fn pack(septets: &[u8], fill: usize, packed: &mut Vec<u8>) {
    let (groups, rest) = septets.as_chunks::<GROUP_SEPTETS>();
    let mut carry = 0;
    for group in groups {
        let [octets @ .., last] = (carry | joined(group) << fill).to_le_bytes();
        packed.extend(octets);
        carry = u64::from(last);
    }
    let last = carry | joined(rest) << fill;
    packed.extend(last.to_le_bytes().into_iter().take(octets_of(fill + rest.len() * SEPTET_BITS)));
}

/// Up to eight septets, the first one in the lowest bits.
fn joined(septets: &[u8]) -> u64 {
    let placed =
        septets.iter().enumerate().map(|(index, septet)| u64::from(septet & 0x7F) << (index * SEPTET_BITS));
    placed.fold(0, |bits, placed| bits | placed)
}

/// `count` septets of `packed` after `fill` bits, 0 to 6. Octets that are not there read as zero.
pub(super) fn unpack(packed: &[u8], fill: usize, count: usize) -> Vec<u8> {
    let mut septets = Vec::with_capacity(count + GROUP_SEPTETS);
    let mut rest = packed;
    while septets.len() < count {
        // Eight septets start at a bit of the first octet and end in the eighth at the latest.
        let bits = u64::from_le_bytes(first_octets(rest)) >> fill;
        septets.extend(std::array::from_fn::<u8, GROUP_SEPTETS, _>(|index| {
            let [low, ..] = (bits >> (index * SEPTET_BITS)).to_le_bytes();
            low & 0x7F
        }));
        rest = rest.get(GROUP_BITS / 8..).unwrap_or(&[]);
    }
    septets.truncate(count);
    septets
}

/// The first eight octets, filled up with zeroes.
fn first_octets(octets: &[u8]) -> [u8; 8] {
    octets.first_chunk().copied().unwrap_or_else(|| {
        let mut filled = [0; 8];
        filled.iter_mut().zip(octets).for_each(|(filled, octet)| *filled = *octet);
        filled
    })
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
