//! The names of headers, as they stand at the start of a line.

macro_rules! headers {
    ($($(#[$doc:meta])* $header:ident = $name:literal,)*) => {
        /// A header of a message file that this gateway knows by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Header {
            $($(#[$doc])* $header,)*
        }

        impl Header {
            /// Every known header.
            pub const ALL: &'static [Header] = &[$(Header::$header,)*];

            /// The name with its colon, as it starts a line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Header::$header => $name,)*
                }
            }
        }
    };
}

headers! {
    /// Character set of the body.
    Alphabet = "Alphabet:",
    /// Splitting mode, 0 to 3.
    Autosplit = "Autosplit:",
    /// Old form of `Alphabet: binary`.
    Binary = "Binary:",
    /// `missed` for a phone call.
    CallType = "Call_type:",
    /// Message class 0 to 3.
    Class = "Class:",
    /// TP-DCS in hex.
    DcsHex = "DCS_hex:",
    /// Description of the modem.
    Description = "Description:",
    /// A PDU could not be decoded.
    Error = "Error:",
    /// Why the message was given up.
    FailReason = "Fail_reason:",
    /// When it was given up.
    Failed = "Failed:",
    /// Message class 0.
    Flash = "Flash:",
    /// Sender.
    From = "From:",
    /// Service centre of a received message.
    FromSmsc = "From_SMSC:",
    /// Type of address of the sender.
    FromToa = "From_TOA:",
    /// The body is a hex dump.
    Hex = "Hex:",
    /// Serial number of the modem.
    Imei = "IMEI:",
    /// Identity of the SIM.
    Imsi = "IMSI:",
    /// Another file to merge in.
    Include = "Include:",
    /// Parts are missing.
    Incomplete = "Incomplete:",
    /// National locking shift table.
    Language = "Language:",
    /// National single shift table.
    LanguageExt = "Language_ext:",
    /// Length of a received body.
    Length = "Length:",
    /// Text replacement.
    Macro = "Macro:",
    /// TP-MR values the modem returned.
    MessageId = "Message_id:",
    /// TP-MR to write.
    MessageReference = "Message_reference:",
    /// Name of the modem.
    Modem = "Modem:",
    /// Phonebook name of the sender.
    Name = "Name:",
    /// What was changed or lost in conversion.
    Notice = "NOTICE:",
    /// Own number of the SIM.
    Number = "Number:",
    /// Name of the file before it was renamed.
    OriginalFilename = "Original_filename:",
    /// A PDU in hex.
    Pdu = "PDU:",
    /// Silent message.
    Ping = "Ping:",
    /// Where an undecodable PDU is wrong.
    Pos = "Pos:",
    /// HIGH, or yes.
    Priority = "Priority:",
    /// Same as `Queue:`.
    Provider = "Provider:",
    /// Name of a queue.
    Queue = "Queue:",
    /// What became of one of several recipients.
    Recipient = "Recipient:",
    /// When a message was received.
    Received = "Received:",
    /// TP-RD.
    RejectDuplicates = "Reject_duplicates:",
    /// Replace short message type 1 to 7.
    Replace = "Replace:",
    /// TP-RP.
    ReplyPath = "Reply_path:",
    /// TP-SRR.
    Report = "Report:",
    /// Outcome of a voice call.
    Result = "Result:",
    /// How often a failure is tried again.
    Retries = "Retries:",
    /// Seconds that sending took.
    SendingTime = "Sending_time:",
    /// When a message was sent.
    Sent = "Sent:",
    /// Developer's switch.
    SmsdDebug = "Smsd_debug:",
    /// Service centre.
    Smsc = "SMSC:",
    /// Receiving modem, by its historic name.
    Subject = "Subject:",
    /// Message for the system or the SIM.
    SystemMessage = "System_message:",
    /// The body is a PDU.
    TextIsPdu = "Text_is_pdu:",
    /// Destination.
    To = "To:",
    /// Type of address of the destination.
    ToToa = "To_TOA:",
    /// The body starts with a user data header.
    Udh = "UDH:",
    /// The user data header.
    UdhData = "UDH-DATA:",
    /// Old name of `UDH-DATA:`.
    UdhDump = "UDH-DUMP:",
    /// The user data header explained.
    UdhType = "UDH-Type:",
    /// Relative validity period.
    Validity = "Validity:",
    /// Voice call instead of a message.
    Voicecall = "Voicecall:",
    /// Irregularity of a received PDU.
    Warning = "Warning:",
}

impl Header {
    /// Headers smsd writes when a message ends; a later outcome removes the older ones.
    pub const OF_RESULT: [Header; 13] = [
        Header::FailReason,
        Header::Failed,
        Header::Imsi,
        Header::Imei,
        Header::Modem,
        Header::Number,
        Header::Sent,
        Header::SendingTime,
        Header::MessageId,
        Header::Result,
        Header::Recipient,
        Header::Pdu,
        Header::Notice,
    ];

    /// The header at the start of `line`: case counts, and nothing may stand before it.
    pub fn of_line(line: &[u8]) -> Option<Header> {
        let colon = line.iter().position(|octet| *octet == b':')?;
        let name = line.get(..=colon)?;
        Header::ALL.iter().copied().find(|header| header.name().as_bytes() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_another_case_or_after_a_blank_is_no_header() {
        assert_eq!(Header::of_line(b"To: 4917"), Some(Header::To));
        assert_eq!(Header::of_line(b"To_TOA: national"), Some(Header::ToToa));
        assert_eq!(Header::of_line(b"to: 4917"), None);
        assert_eq!(Header::of_line(b" To: 4917"), None);
        assert_eq!(Header::of_line(b"To : 4917"), None);
        assert_eq!(Header::of_line(b"To"), None);
    }
}
