//! What the alarm handler is told, with the six arguments of smsd.

use std::fmt;

/// How bad it is, in the numbers of syslog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// 2: nothing goes on without somebody.
    Critical = 2,
    /// 3: something was not done.
    Error = 3,
    /// 4: something may not be done.
    Warning = 4,
    /// 5: something was refused.
    Notice = 5,
}

/// Something an alarm handler is run for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// How bad it is.
    pub severity: Severity,
    /// Who tells it: `smsd`, or a modem.
    pub title: String,
    /// What happened. Octets, since it can hold the name of a file.
    pub text: Vec<u8>,
}

impl Alarm {
    /// What the gateway as a whole is called.
    pub const MAIN: &'static str = "smsd";

    /// An alarm of the gateway as a whole.
    pub fn of_main(severity: Severity, text: impl Into<Vec<u8>>) -> Alarm {
        Alarm { severity, title: Alarm::MAIN.to_owned(), text: text.into() }
    }

    /// An alarm of one modem.
    pub fn of_modem(severity: Severity, modem: &str, text: impl Into<Vec<u8>>) -> Alarm {
        Alarm { severity, title: modem.to_owned(), text: text.into() }
    }

    /// What the handler gets. `moment` is the time of the log: each of its words is an argument, two by default.
    pub fn arguments(&self, moment: &str) -> Vec<Vec<u8>> {
        let mut arguments = vec![b"ALARM".to_vec()];
        arguments.extend(moment.split_ascii_whitespace().map(|word| word.as_bytes().to_vec()));
        arguments.push((self.severity as u8).to_string().into_bytes());
        arguments.push(self.title.clone().into_bytes());
        arguments.push(self.text.clone());
        arguments
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity as u8, self.title, self.text.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_gets_the_six_arguments_of_the_conflict() {
        let text = "Conflict with .LOCK file in the spooler: /var/spool/sms/outgoing/test_file /var/spool/sms/checked";
        let alarm = Alarm::of_main(Severity::Critical, text);

        let expected = ["ALARM", "2007-07-06", "12:00:00", "2", "smsd", text];
        assert_eq!(alarm.arguments("2007-07-06 12:00:00"), expected.map(|word| word.as_bytes().to_vec()));
    }

    #[test]
    fn a_time_of_another_form_changes_the_number_of_arguments_as_with_smsd() {
        let alarm = Alarm::of_modem(Severity::Notice, "GSM1", "text");

        assert_eq!(alarm.arguments("1183723200").len(), 5);
        assert_eq!(
            alarm.arguments("Fri Jul 6 12:00:00")[5..],
            ["5", "GSM1", "text"].map(|word| word.as_bytes().to_vec())
        );
    }
}
