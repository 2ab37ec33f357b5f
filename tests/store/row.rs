//! Rows in octets, as they come from a disk or another node.

use smsgrid::model::{MessageId, Position};
use smsgrid_node::store::{Cursor, Row, RowError};

use crate::rig::{Dice, World};

#[test]
fn a_row_reads_back_as_it_was_written() {
    let row = row();

    assert_eq!(Row::decode(&row.encode()), Ok(row));
}

#[test]
fn octets_that_are_no_row_are_refused() {
    let octets = row().encode();
    for at in 0..octets.len() {
        let mut changed = octets.clone();
        changed[at] ^= 0x40;
        assert_eq!(Row::decode(&changed), Err(RowError::Checksum), "octet {at} changed");
        assert!(Row::decode(&octets[..at]).is_err(), "cut at {at}");
    }
    let mut dice = Dice(5);
    for length in 0..200 {
        let noise: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
        assert!(Row::decode(&noise).is_err());
    }
}

#[test]
fn a_row_of_another_program_says_so() {
    let mut octets = row().encode();
    octets[4] = 9;
    let crc = crc32(&octets[4..]);
    octets.splice(..4, crc.to_le_bytes());

    assert_eq!(Row::decode(&octets), Err(RowError::Format { found: 9 }));
}

#[test]
fn texts_that_are_no_cursor_are_refused() {
    for text in [
        "",
        "0",
        "0123456789ab",
        "zzzzzzzzzzzz01AN4Z07BY79KA1307SR9X4MV3",
        "0123456789ab01AN4Z07BY79KA1307SR9X4MV",
        "0123456789é01AN4Z07BY79KA1307SR9X4MV3",
    ] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
    assert!("0123456789ab01AN4Z07BY79KA1307SR9X4MV3".parse::<Cursor>().is_ok());
}

fn row() -> Row {
    let world = World::new(10);
    let id: MessageId = world.submit(3, 4, 0);
    let record = world.queue(|queue| queue.message(id).cloned()).expect("accepted");
    Row { record, position: Position { index: 5, offset: 2 } }
}

/// CRC-32 as zlib has it, bit by bit.
fn crc32(octets: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for octet in octets {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
