//! From the user data of received parts back to the text.

use super::{DataCoding, Header, decode};
use crate::model::{Alphabet, Payload, UserData};

/// The alphabet of a part: TP-DCS, and the shift tables its header names. A malformed header names none.
pub fn alphabet(user_data: &UserData) -> Alphabet {
    let coded = DataCoding(user_data.data_coding).alphabet();
    if coded != Alphabet::GSM7 || user_data.header.is_empty() {
        return coded;
    }
    let (locking, single) =
        Header::decode(&user_data.header).map(|header| header.shift_tables()).unwrap_or_default();
    Alphabet::Gsm7 { locking, single }
}

/// The text of a whole message from its parts in order; none when a part is 8-bit data or compressed.
///
/// Neighbours in one alphabet are read as one, because senders cut surrogate pairs and escapes apart.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a UserData>) -> Option<String> {
    let mut text = String::new();
    let mut run: Option<(Alphabet, Payload)> = None;
    for part in parts {
        let alphabet = alphabet(part);
        if alphabet == Alphabet::Data8 {
            return None;
        }
        match &mut run {
            Some((running, payload)) if *running == alphabet => append(payload, &part.payload),
            _ => {
                text.extend(run.take().map(|(alphabet, payload)| decode(&payload, alphabet)));
                run = Some((alphabet, part.payload.clone()));
            }
        }
    }
    text.extend(run.map(|(alphabet, payload)| decode(&payload, alphabet)));
    Some(text)
}

fn append(payload: &mut Payload, more: &Payload) {
    let (Payload::Septets(units) | Payload::Octets(units)) = payload;
    let (Payload::Septets(more) | Payload::Octets(more)) = more;
    units.extend(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(data_coding: u8, header: &[u8], payload: Payload) -> UserData {
        UserData { data_coding, header: header.to_vec(), payload }
    }

    #[test]
    fn a_surrogate_pair_cut_by_the_sender_is_whole_again() {
        let first = part(0x08, &[0, 3, 1, 2, 1], Payload::Octets(vec![0x00, 0x61, 0xD8, 0x3D]));
        let second = part(0x08, &[0, 3, 1, 2, 2], Payload::Octets(vec![0xDE, 0x00]));

        assert_eq!(join([&first, &second]), Some("a😀".to_owned()));
    }

    #[test]
    fn an_escape_cut_by_the_sender_is_whole_again() {
        let first = part(0x00, &[0, 3, 1, 2, 1], Payload::Septets(vec![0x41, 0x1B]));
        let second = part(0x00, &[0, 3, 1, 2, 2], Payload::Septets(vec![0x65]));

        assert_eq!(join([&first, &second]), Some("A€".to_owned()));
    }

    #[test]
    fn parts_in_different_alphabets_are_read_each_in_its_own() {
        let turkish = part(0x00, &[0x25, 0x01, 0x01], Payload::Septets(vec![0x1D]));
        let default = part(0x00, &[], Payload::Septets(vec![0x1D]));
        let data = part(0x04, &[], Payload::Octets(vec![0x1D]));

        assert_eq!(join([&turkish, &default]), Some("şæ".to_owned()));
        assert_eq!(join([&turkish, &data]), None);
    }
}
