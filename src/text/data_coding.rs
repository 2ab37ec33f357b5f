//! TP-DCS: what the user data is made of and where it is shown (TS 23.038 section 4).

use crate::model::{Alphabet, MessageClass};

/// The octet of TP-DCS; reserved values are kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataCoding(pub u8);

/// Which of the standard's groups a TP-DCS belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodingGroup {
    /// `00xx`: general.
    General,
    /// `01xx`: as general, marked for automatic deletion once read.
    AutomaticDeletion,
    /// `1000` to `1011`: reserved; read as the default alphabet.
    Reserved,
    /// `1100`: a message waiting indication whose text may be discarded.
    WaitingDiscard,
    /// `1101`: a message waiting indication to be stored, in the default alphabet.
    WaitingStore,
    /// `1110`: a message waiting indication to be stored, in UCS-2.
    WaitingStoreUcs2,
    /// `1111`: data coding and message class.
    DataAndClass,
}

/// What a message waiting indication announces (TS 23.038 section 4, groups `1100` to `1110`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whether the indicator is switched on.
    pub active: bool,
    /// What waits.
    pub kind: WaitingKind,
}

/// The kind of message that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingKind {
    /// Voice mail.
    Voicemail,
    /// A fax.
    Fax,
    /// Electronic mail.
    Mail,
    /// Anything else.
    Other,
}

impl DataCoding {
    /// The code for text or data in `alphabet`, shown as `class` asks. National language shift tables leave no trace
    /// here: they are named in the header.
    pub const fn new(alphabet: Alphabet, class: Option<MessageClass>) -> DataCoding {
        let alphabet = match alphabet {
            Alphabet::Gsm7 { .. } => 0x00,
            Alphabet::Data8 => 0x04,
            Alphabet::Ucs2 => 0x08,
        };
        let class = match class {
            None => 0x00,
            Some(MessageClass::Class0) => 0x10,
            Some(MessageClass::Class1) => 0x11,
            Some(MessageClass::Class2) => 0x12,
            Some(MessageClass::Class3) => 0x13,
        };
        DataCoding(alphabet | class)
    }

    /// The group it belongs to.
    pub const fn group(self) -> CodingGroup {
        match self.0 >> 4 {
            0x0..=0x3 => CodingGroup::General,
            0x4..=0x7 => CodingGroup::AutomaticDeletion,
            0x8..=0xB => CodingGroup::Reserved,
            0xC => CodingGroup::WaitingDiscard,
            0xD => CodingGroup::WaitingStore,
            0xE => CodingGroup::WaitingStoreUcs2,
            _ => CodingGroup::DataAndClass,
        }
    }

    /// Whether the text is compressed (TS 23.042). Its octets are kept, never expanded.
    pub const fn is_compressed(self) -> bool {
        self.0 & 0x80 == 0 && self.0 & 0x20 != 0
    }

    /// How the user data is written: reserved codings are the default alphabet, compressed text is octets.
    pub const fn alphabet(self) -> Alphabet {
        match self.group() {
            CodingGroup::General | CodingGroup::AutomaticDeletion if self.is_compressed() => Alphabet::Data8,
            CodingGroup::General | CodingGroup::AutomaticDeletion => match self.0 & 0x0C {
                0x04 => Alphabet::Data8,
                0x08 => Alphabet::Ucs2,
                _ => Alphabet::GSM7,
            },
            CodingGroup::DataAndClass if self.0 & 0x04 != 0 => Alphabet::Data8,
            CodingGroup::WaitingStoreUcs2 => Alphabet::Ucs2,
            CodingGroup::Reserved
            | CodingGroup::WaitingDiscard
            | CodingGroup::WaitingStore
            | CodingGroup::DataAndClass => Alphabet::GSM7,
        }
    }

    /// The message class, where the octet has one.
    pub const fn class(self) -> Option<MessageClass> {
        let has_class = match self.group() {
            CodingGroup::General | CodingGroup::AutomaticDeletion => self.0 & 0x10 != 0,
            CodingGroup::DataAndClass => true,
            CodingGroup::Reserved
            | CodingGroup::WaitingDiscard
            | CodingGroup::WaitingStore
            | CodingGroup::WaitingStoreUcs2 => false,
        };
        match self.0 & 0x03 {
            _ if !has_class => None,
            0 => Some(MessageClass::Class0),
            1 => Some(MessageClass::Class1),
            2 => Some(MessageClass::Class2),
            _ => Some(MessageClass::Class3),
        }
    }

    /// The message waiting indication, where the octet is one.
    pub const fn waiting(self) -> Option<Waiting> {
        match self.group() {
            CodingGroup::WaitingDiscard | CodingGroup::WaitingStore | CodingGroup::WaitingStoreUcs2 => {}
            CodingGroup::General
            | CodingGroup::AutomaticDeletion
            | CodingGroup::Reserved
            | CodingGroup::DataAndClass => return None,
        }
        let kind = match self.0 & 0x03 {
            0 => WaitingKind::Voicemail,
            1 => WaitingKind::Fax,
            2 => WaitingKind::Mail,
            _ => WaitingKind::Other,
        };
        Some(Waiting { active: self.0 & 0x08 != 0, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_code_says_its_alphabet_and_class() {
        for alphabet in [Alphabet::GSM7, Alphabet::Data8, Alphabet::Ucs2] {
            for class in [None, Some(MessageClass::Class0), Some(MessageClass::Class3)] {
                let coding = DataCoding::new(alphabet, class);

                assert_eq!((coding.alphabet(), coding.class()), (alphabet, class), "{coding:?}");
            }
        }
        assert_eq!(DataCoding::new(Alphabet::Ucs2, Some(MessageClass::Class0)), DataCoding(0x18));
    }

    #[test]
    fn each_group_of_the_standard_is_told_apart() {
        let rows = [
            (0x00, CodingGroup::General, Alphabet::GSM7, None),
            (0x0C, CodingGroup::General, Alphabet::GSM7, None),
            (0x20, CodingGroup::General, Alphabet::Data8, None),
            (0x58, CodingGroup::AutomaticDeletion, Alphabet::Ucs2, Some(MessageClass::Class0)),
            (0x84, CodingGroup::Reserved, Alphabet::GSM7, None),
            (0xC8, CodingGroup::WaitingDiscard, Alphabet::GSM7, None),
            (0xD3, CodingGroup::WaitingStore, Alphabet::GSM7, None),
            (0xE1, CodingGroup::WaitingStoreUcs2, Alphabet::Ucs2, None),
            (0xF0, CodingGroup::DataAndClass, Alphabet::GSM7, Some(MessageClass::Class0)),
            (0xF6, CodingGroup::DataAndClass, Alphabet::Data8, Some(MessageClass::Class2)),
        ];
        for (octet, group, alphabet, class) in rows {
            let coding = DataCoding(octet);

            assert_eq!(
                (coding.group(), coding.alphabet(), coding.class()),
                (group, alphabet, class),
                "{octet:02X}"
            );
        }
    }

    #[test]
    fn a_waiting_indication_says_what_waits() {
        assert_eq!(DataCoding(0xC8).waiting(), Some(Waiting { active: true, kind: WaitingKind::Voicemail }));
        assert_eq!(DataCoding(0xD2).waiting(), Some(Waiting { active: false, kind: WaitingKind::Mail }));
        assert_eq!(DataCoding(0xF8).waiting(), None);
    }
}
