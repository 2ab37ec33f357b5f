//! Why a file is not sent: the text behind `Fail_reason:`.

/// A file is refused; its `Display` is the text smsd writes into `Fail_reason:`, where smsd has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// `To:` is missing or names nobody.
    #[error("No destination")]
    NoDestination,
    /// `To:` has more digits than TP-DA holds.
    #[error("Destination number is too long")]
    DestinationTooLong,
    /// More recipients than one file may have.
    #[error("Too many recipients: {found}, the limit is {limit}")]
    TooManyRecipients {
        /// Recipients of the file, each counted once.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// `Alphabet:` names none of the known ones.
    #[error("Invalid alphabet")]
    InvalidAlphabet,
    /// `To_TOA:` is none of unknown, international, national.
    #[error("Invalid number type")]
    InvalidNumberType,
    /// No empty line, or nothing after it.
    #[error("No text or data")]
    NoTextOrData,
    /// Nothing of the text was left after its conversion.
    #[error("No text")]
    NoText,
    /// Nothing of the data was left after its conversion.
    #[error("No data")]
    NoData,
    /// `Text_is_pdu:` without the key that permits it.
    #[error("Invalid key (To) for text_is_pdu")]
    InvalidKey,
    /// `Message_reference:` is not 0 to 255.
    #[error("Invalid message reference")]
    InvalidMessageReference,
    /// `Language:` or `Language_ext:` names no table.
    #[error("Invalid language/language_ext")]
    InvalidLanguage,
    /// A language is named, but the body is not UTF-8.
    #[error("Failure with language shift tables")]
    LanguageShift,
    /// `Queue:` or `Provider:` names no queue.
    #[error("Wrong provider queue")]
    WrongQueue,
    /// More parts than 255, or more octets than a body may have.
    #[error("Too long text")]
    TooLongText,
    /// A system message of more than 140 octets.
    #[error("Too long data for system message")]
    TooLongSystemMessage,
    /// Data that needs several parts while splitting is off.
    #[error("Too long data for single part sending")]
    TooLongSinglePart,
    /// The length octet of a user data header does not fit what follows.
    #[error("Incorrect first byte of UDH")]
    IncorrectHeaderLength,
    /// A line of a hex dump has an odd number of digits.
    #[error("Hex presentation error in sms file: incorrect length of data: \"{line}\".")]
    HexLength {
        /// The line, as far as it is shown.
        line: String,
    },
    /// A line of a hex dump has something else than digits.
    #[error("Hex conversion error in sms file: \"{line}\".")]
    HexDigit {
        /// The line, as far as it is shown.
        line: String,
    },
    /// More `Macro:` headers than are carried out.
    #[error("More than {limit} Macro: headers")]
    TooManyMacros {
        /// The limit.
        limit: usize,
    },
    /// `LENGTH` of a hex dump is not closed or does not fit an octet.
    #[error("LENGTH termination error in sms file.")]
    HexLengthTermination,
    /// A hex dump of more octets than a body may have.
    #[error("Data is too long in sms file.")]
    HexTooLong,
    /// A file it includes cannot be read.
    #[error("Cannot read included file {path}: {why}")]
    NotIncluded {
        /// Its path, as far as it is shown.
        path: String,
        /// Why.
        why: String,
    },
    /// More `Include:` headers than are followed.
    #[error("More than {limit} Include: headers")]
    TooManyIncludes {
        /// The limit.
        limit: usize,
    },
    /// What the headers ask for together is no SMS-SUBMIT.
    #[error("No message can be made of it: {what}")]
    NoPdu {
        /// What is wrong.
        what: String,
    },
    /// What a file with `Voicecall:` asks for is no call.
    #[error("No voice call can be made of it: {what}")]
    Call {
        /// What is wrong.
        what: &'static str,
    },
    /// The file is larger than the spool takes.
    #[error("File is larger than {limit} octets")]
    FileTooLarge {
        /// The limit in octets.
        limit: usize,
    },
}
