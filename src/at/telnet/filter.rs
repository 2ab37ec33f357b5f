//! The telnet protocol (RFC 854, RFC 1143) as far as a modem needs it: nothing is agreed to.
//!
//! ```text
//!  Data ──IAC──▶ Command ──WILL, WONT, DO, DONT──▶ Option ──▶ Data
//!   ▲               │ IAC: the octet 255              DO ▶ WONT, WILL ▶ DONT, the others need no answer
//!   │               └──SB──▶ Sub ──IAC──▶ SubCommand ──SE──┐
//!   └─────────────────────────▲───────────────┘ any other  │
//!   └──────────────────────────────────────────────────────┘
//! ```

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;

/// Most options refused on one connection: each side has 256, and a host may ask again after a restart of its own.
const REFUSALS_MAX: usize = 1024;
/// Longest sub-negotiation, in octets.
const SUB_OCTETS_MAX: usize = 4096;

/// Why the connection makes no sense any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelnetFault {
    /// It asks for options again and again.
    #[error("the host negotiates telnet options without end")]
    Endless,
    /// A sub-negotiation does not end.
    #[error("the host sends a telnet sub-negotiation without end")]
    Overlong,
}

/// What separates data from talk about the connection.
#[derive(Debug, Default)]
pub struct TelnetFilter {
    state: State,
    refusals: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Data,
    Command,
    Option(u8),
    Sub(usize),
    SubCommand(usize),
}

impl TelnetFilter {
    /// Takes octets of the host: what is data is put to `data`, what has to be answered to `answer`. NUL is no data.
    pub fn push(
        &mut self,
        octets: &[u8],
        data: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<(), TelnetFault> {
        for octet in octets {
            self.state = self.next(*octet, data, answer)?;
        }
        Ok(())
    }

    fn next(&mut self, octet: u8, data: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<State, TelnetFault> {
        Ok(match (self.state, octet) {
            (State::Data, IAC) => State::Command,
            (State::Data, _) => {
                data.extend(Some(octet).filter(|octet| *octet != 0));
                State::Data
            }
            (State::Command, IAC) => {
                data.push(IAC);
                State::Data
            }
            (State::Command, WILL | WONT | DO | DONT) => State::Option(octet),
            (State::Command, SB) => State::Sub(0),
            (State::Command, _) => State::Data,
            (State::Option(verb), option) => {
                self.refuse(verb, option, answer)?;
                State::Data
            }
            (State::Sub(length) | State::SubCommand(length), _) if length > SUB_OCTETS_MAX => {
                return Err(TelnetFault::Overlong);
            }
            (State::Sub(length), IAC) => State::SubCommand(length + 1),
            (State::Sub(length), _) => State::Sub(length + 1),
            (State::SubCommand(_), SE) => State::Data,
            (State::SubCommand(length), _) => State::Sub(length + 1),
        })
    }

    fn refuse(&mut self, verb: u8, option: u8, answer: &mut Vec<u8>) -> Result<(), TelnetFault> {
        let refusal = match verb {
            DO => WONT,
            WILL => DONT,
            _ => return Ok(()),
        };
        self.refusals += 1;
        if self.refusals > REFUSALS_MAX {
            return Err(TelnetFault::Endless);
        }
        answer.extend([IAC, refusal, option]);
        Ok(())
    }
}

/// Octets as they are sent to a telnet host.
pub fn escaped(octets: &[u8]) -> Vec<u8> {
    octets.iter().flat_map(|octet| std::iter::repeat_n(*octet, if *octet == IAC { 2 } else { 1 })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of `octets`, cut at every place, so that a cut changes nothing.
    fn filtered(octets: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let whole = at_once(&[octets]);
        for cut in 0..octets.len() {
            assert_eq!(at_once(&[&octets[..cut], &octets[cut..]]), whole, "cut at {cut}");
        }
        whole
    }

    fn at_once(reads: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let (mut filter, mut data, mut answer) = (TelnetFilter::default(), Vec::new(), Vec::new());
        for read in reads {
            filter.push(read, &mut data, &mut answer).expect("bounded");
        }
        (data, answer)
    }

    #[test]
    fn every_option_is_refused_and_what_is_no_data_is_left_out() {
        for (octets, data, answer) in [
            (&b"AT\r\nOK\r\n"[..], &b"AT\r\nOK\r\n"[..], &[][..]),
            (&[b'a', IAC, DO, 24, b'b'], b"ab", &[IAC, WONT, 24]),
            (&[IAC, WILL, 1, IAC, WILL, 3], b"", &[IAC, DONT, 1, IAC, DONT, 3]),
            (&[IAC, WONT, 1, IAC, DONT, 3, b'x'], b"x", &[]),
            (&[IAC, SB, 24, 1, IAC, IAC, b'y', IAC, SE, b'x'], b"x", &[]),
            (&[b'a', IAC, IAC, b'b', 0, b'c', IAC, 241, b'd'], b"a\xffbcd", &[]),
        ] {
            assert_eq!(filtered(octets), (data.to_vec(), answer.to_vec()), "{octets:?}");
        }
        assert_eq!(escaped(b"A\xffT"), b"A\xff\xffT");
    }

    #[test]
    fn a_host_that_never_ends_is_given_up() {
        let push = |octets: Vec<u8>| {
            let (mut data, mut answer) = (Vec::new(), Vec::new());
            let end = TelnetFilter::default().push(&octets, &mut data, &mut answer);
            assert!(answer.len() <= 3 * REFUSALS_MAX && data.is_empty());
            end
        };
        assert_eq!(push([IAC, DO, 1].repeat(2000)), Err(TelnetFault::Endless));
        assert_eq!(push([[IAC, SB].to_vec(), vec![7; 5000]].concat()), Err(TelnetFault::Overlong));
        assert_eq!(push([IAC, WONT, 1].repeat(2000)), Ok(()), "what needs no answer costs nothing");
    }
}
