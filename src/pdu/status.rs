//! TP-ST: what became of a message (TS 23.040 section 9.2.3.15).

/// The octet of TP-ST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u8);

/// What a TP-ST means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusClass {
    /// The transaction is completed: the message arrived, or the service centre knows no more of it.
    Completed,
    /// A temporary error; the service centre keeps trying.
    Trying,
    /// A permanent error; the service centre gave up.
    Permanent,
    /// A temporary error, after which the service centre gave up all the same.
    GivenUp,
    /// Reserved; the standard wants it read as a failure of the service.
    Reserved,
}

impl Status {
    /// What it means for the message.
    pub const fn class(self) -> StatusClass {
        match self.0 {
            0x00..=0x1F => StatusClass::Completed,
            0x20..=0x3F => StatusClass::Trying,
            0x40..=0x5F => StatusClass::Permanent,
            0x60..=0x7F => StatusClass::GivenUp,
            0x80..=0xFF => StatusClass::Reserved,
        }
    }

    /// Whether no later report can change it.
    pub const fn is_final(self) -> bool {
        match self.class() {
            StatusClass::Trying => false,
            StatusClass::Completed
            | StatusClass::Permanent
            | StatusClass::GivenUp
            | StatusClass::Reserved => true,
        }
    }

    /// What it says, for people.
    pub const fn meaning(self) -> &'static str {
        match self.0 {
            0x00 => "received by the handset",
            0x01 => "forwarded, but the service centre cannot confirm delivery",
            0x02 => "replaced by the service centre",
            0x20 | 0x60 => "congestion",
            0x21 | 0x61 => "the handset is busy",
            0x22 | 0x62 => "no response from the handset",
            0x23 | 0x63 => "service rejected",
            0x24 | 0x44 | 0x64 => "quality of service not available",
            0x25 | 0x65 => "error in the handset",
            0x40 => "remote procedure error",
            0x41 => "incompatible destination",
            0x42 => "connection rejected by the handset",
            0x43 => "not obtainable",
            0x45 => "no interworking available",
            0x46 => "validity period expired",
            0x47 => "deleted by the sender",
            0x48 => "deleted by the service centre",
            0x49 => "the message does not exist",
            0x10..=0x1F | 0x30..=0x3F | 0x50..=0x5F | 0x70..=0x7F => "specific to the service centre",
            0x03..=0x0F | 0x26..=0x2F | 0x4A..=0x4F | 0x66..=0x6F | 0x80..=0xFF => "reserved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quarter_of_the_octet_is_a_class_of_its_own() {
        let rows = [
            (0x00, StatusClass::Completed, true),
            (0x1F, StatusClass::Completed, true),
            (0x20, StatusClass::Trying, false),
            (0x3F, StatusClass::Trying, false),
            (0x40, StatusClass::Permanent, true),
            (0x46, StatusClass::Permanent, true),
            (0x60, StatusClass::GivenUp, true),
            (0x7F, StatusClass::GivenUp, true),
            (0x80, StatusClass::Reserved, true),
        ];
        for (octet, class, is_final) in rows {
            assert_eq!((Status(octet).class(), Status(octet).is_final()), (class, is_final), "{octet:02X}");
        }
    }
}
