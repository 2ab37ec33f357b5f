//! The rows of the table of modem quirks that can be simulated, one variant each.

/// A fault of a real device that changes more than numbers.
///
/// The personality of row *n* is named `q` and two digits. A row without a variant has no personality
/// yet, and its name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quirk {
    /// Q2, Huawei E-series: lines of `^BOOT ^RSSI ^MODE ^SRVST ^DSFLOWRPT` appear by themselves, inside answers
    /// too and before the prompt, until `AT^CURC=0`.
    Q2,
    /// Q10, SIM800: sending may pull the supply down. Then the modem restarts in the middle of the send, half
    /// the time after an under-voltage line, half the time without a word; the part may have left.
    Q10,
    /// Q11, SIM800: an answer may take 60 s.
    Q11,
    /// Q20, Siemens and Cinterion: a send that failed is answered `OK` without `+CMGS`, until `AT^SM20=0,0`
    /// turns it into `+CMS ERROR`, a time-out into `+CMS ERROR: 500`.
    Q20,
    /// Q21, the same below 19200 baud: a line feed after the carriage return of `AT+CMGS` becomes the first
    /// character of the PDU.
    Q21,
    /// Q22, Wavecom Fastrack: a message that arrives while `AT+CMGS` is open is announced inside the dialogue
    /// and the send is answered `+CME ERROR: 515`, as is every message command of the next seconds.
    Q22,
    /// Q24, Wavecom Q2406: a message that arrives while sending, or a weak signal, makes the send end with
    /// `+CMS ERROR: 512`. Nothing was sent.
    Q24,
    /// Q26, Telit: a message or SIM command while `AT+CMGS` is open breaks the message service: the send is
    /// never answered nor sent, and every message command fails until a restart.
    Q26,
    /// Q27, Falcom A2: once `+CMGS: 255` was answered, every send fails with `+CMS ERROR: 1` until a restart.
    Q27,
    /// Q29, several: a PDU written within 100 ms after the prompt seems to be ignored. The answer, `+CMGS` or
    /// `+CMS ERROR`, comes in front of the next command's.
    Q29,
    /// Q34, a SIM without credit: minutes of silence, then `+CMS ERROR: 500` or nothing at all.
    Q34,
}

impl Quirk {
    /// Every quirk that can be simulated, in order of its row.
    pub const ALL: [Quirk; 11] = [
        Quirk::Q2,
        Quirk::Q10,
        Quirk::Q11,
        Quirk::Q20,
        Quirk::Q21,
        Quirk::Q22,
        Quirk::Q24,
        Quirk::Q26,
        Quirk::Q27,
        Quirk::Q29,
        Quirk::Q34,
    ];

    /// Its row in the table.
    pub const fn row(self) -> u8 {
        match self {
            Quirk::Q2 => 2,
            Quirk::Q10 => 10,
            Quirk::Q11 => 11,
            Quirk::Q20 => 20,
            Quirk::Q21 => 21,
            Quirk::Q22 => 22,
            Quirk::Q24 => 24,
            Quirk::Q26 => 26,
            Quirk::Q27 => 27,
            Quirk::Q29 => 29,
            Quirk::Q34 => 34,
        }
    }
}
