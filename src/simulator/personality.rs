//! What tells one simulated modem from another: its maker, its times, its failures, its quirk.

use std::time::Duration;

use super::calling::Callee;
use super::quirk::Quirk;
use super::span::{Rate, Span};

/// Rows of the quirk table.
const QUIRK_ROWS: u8 = 40;
/// How long a modem that will never answer a send stays busy with it before it takes commands again.
pub(super) const SILENCE: Duration = Duration::from_secs(20);

/// The maker whose names and own commands a modem has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// None in particular: only the commands of the standards.
    Generic,
    /// Huawei: `^CURC`.
    Huawei,
    /// Siemens and Cinterion: `^SM20`, `+CURC` unknown.
    Cinterion,
    /// SIMCom.
    SimCom,
    /// Wavecom and MultiTech.
    Wavecom,
    /// Telit.
    Telit,
    /// Falcom.
    Falcom,
}

impl Vendor {
    /// Manufacturer, model and revision, as `+CGMI`, `+CGMM` and `+CGMR` answer.
    pub(super) const fn names(self) -> [&'static str; 3] {
        match self {
            Vendor::Generic => ["Smsgrid", "Simulated modem", "1.0"],
            Vendor::Huawei => ["huawei", "E1750", "11.126.13.00.00"],
            Vendor::Cinterion => ["SIEMENS", "MC35i", "REVISION 02.00"],
            Vendor::SimCom => ["SIMCOM_Ltd", "SIMCOM_SIM800L", "Revision:1418B05SIM800L24"],
            Vendor::Wavecom => ["WAVECOM MODEM", "MULTIBAND  900E  1800", "641b09gg.Q2406B"],
            Vendor::Telit => ["Telit", "LE910", "17.00.503"],
            Vendor::Falcom => ["FALCOM", "A2D", "1.0"],
        }
    }

    /// What it says when it has started.
    pub(super) const fn banner(self) -> &'static [&'static str] {
        match self {
            Vendor::Generic => &["RDY"],
            Vendor::Huawei => &["^BOOT:23904452,0,0,0,20", "^SYSSTART"],
            Vendor::Cinterion => &["^SYSSTART"],
            Vendor::SimCom => &["RDY", "+CFUN: 1", "Call Ready", "SMS Ready"],
            Vendor::Wavecom => &["+WIND: 4"],
            Vendor::Telit => &["#QSS: 3"],
            Vendor::Falcom => &["OK"],
        }
    }
}

/// What comes back of a PDU while the echo is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// All of it.
    Whole,
    /// Another digit in the place of the tenth.
    Garbled,
    /// Nothing.
    Lost,
}

/// Everything that can be drawn or fixed for a modem before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Personality {
    /// Its name, as after `sim:`.
    pub name: String,
    /// Its maker.
    pub vendor: Vendor,
    /// From the command `AT+CMGS` to its answer, the driver's own time not counted.
    pub latency: Span,
    /// From the command `AT+CMGS` to the prompt; counts in `latency`.
    pub prompt_delay: Duration,
    /// From any other command to its answer.
    pub command_delay: Duration,
    /// From power-on to the banner; commands before it are lost.
    pub boot_delay: Duration,
    /// From the banner, or from the right PIN, to the registration.
    pub registration_delay: Duration,
    /// How often the network refuses a part.
    pub fail: Rate,
    /// The `+CMS ERROR` codes of those refusals, drawn evenly; never empty when `fail` is not zero.
    pub codes: Vec<u16>,
    /// From the answer to a status report, when the part asks for one; none sends no reports.
    pub report: Option<Span>,
    /// Whether it takes PDUs without a field of the service centre, and no others.
    pub takes_bare_pdu: bool,
    /// What comes back of a PDU while the echo is on.
    pub echo: Echo,
    /// How the one who is called takes a call.
    pub callee: Callee,
    /// From dialling to what the callee does, and from tones to its leaving.
    pub ringing: Span,
    /// Whether dialling is answered at once instead of when the callee has done something.
    pub dials_at_once: bool,
    /// Whether a send is never answered; half the parts leave all the same.
    pub silent: bool,
    /// What it does otherwise than the standards say.
    pub quirk: Option<Quirk>,
}

/// Why a name names no personality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameError {
    /// A row of the quirk table that cannot be simulated.
    Unbuilt,
    /// No such name.
    Unknown,
}

impl Personality {
    /// The personalities that are no row of the quirk table.
    pub const TEMPERS: [&'static str; 5] = ["fast", "normal", "steady", "flaky", "silent"];

    /// Answers as fast as it is asked.
    pub fn fast() -> Personality {
        Personality {
            name: "fast".to_owned(),
            latency: Span::NONE,
            ringing: Span::NONE,
            prompt_delay: Duration::ZERO,
            command_delay: Duration::ZERO,
            boot_delay: Duration::from_millis(50),
            registration_delay: Duration::ZERO,
            report: Some(Span::millis(50, 200)),
            ..Personality::normal()
        }
    }

    /// Takes its time as modems do: 2 to 5 s a part.
    pub fn normal() -> Personality {
        Personality {
            name: "normal".to_owned(),
            vendor: Vendor::Generic,
            latency: Span::millis(2000, 5000),
            prompt_delay: Duration::from_millis(20),
            command_delay: Duration::from_millis(5),
            boot_delay: Duration::from_secs(3),
            registration_delay: Duration::from_secs(2),
            fail: Rate::NEVER,
            codes: vec![27, 38, 42],
            report: Some(Span::millis(2000, 8000)),
            takes_bare_pdu: false,
            echo: Echo::Whole,
            callee: Callee::Answers,
            ringing: Span::millis(2000, 6000),
            dials_at_once: false,
            silent: false,
            quirk: None,
        }
    }

    /// Takes 300 ms a part, always.
    pub fn steady() -> Personality {
        let name = "steady".to_owned();
        let (prompt_delay, command_delay) = (Duration::from_millis(10), Duration::from_millis(2));
        Personality { name, latency: Span::millis(300, 300), prompt_delay, command_delay, ..Self::normal() }
    }

    /// Is refused one part in twenty.
    pub fn flaky() -> Personality {
        let name = "flaky".to_owned();
        Personality { name, latency: Span::millis(500, 2000), fail: Rate::percent(5), ..Self::normal() }
    }

    /// Never answers a send.
    pub fn silent() -> Personality {
        Personality { name: "silent".to_owned(), silent: true, ..Self::normal() }
    }

    /// The personality of a row of the quirk table.
    pub fn of_quirk(quirk: Quirk) -> Personality {
        let base = Personality {
            name: format!("q{:02}", quirk.row()),
            latency: Span::millis(1000, 3000),
            quirk: Some(quirk),
            ..Personality::normal()
        };
        match quirk {
            Quirk::Q2 => Personality { vendor: Vendor::Huawei, ..base },
            Quirk::Q10 => Personality { vendor: Vendor::SimCom, ..base },
            Quirk::Q11 => Personality { vendor: Vendor::SimCom, latency: Span::millis(1000, 60_000), ..base },
            Quirk::Q20 => Personality {
                vendor: Vendor::Cinterion,
                fail: Rate::percent(20),
                codes: vec![38, 42, 500],
                ..base
            },
            Quirk::Q21 => Personality { vendor: Vendor::Cinterion, ..base },
            Quirk::Q22 | Quirk::Q24 => Personality { vendor: Vendor::Wavecom, ..base },
            Quirk::Q26 => Personality { vendor: Vendor::Telit, ..base },
            Quirk::Q27 => Personality { vendor: Vendor::Falcom, ..base },
            Quirk::Q29 => base,
            Quirk::Q34 => Personality { latency: Span::millis(120_000, 240_000), ..base },
        }
    }

    /// The personality with this name.
    pub(super) fn named(name: &str) -> Result<Personality, NameError> {
        match name {
            "fast" => Ok(Personality::fast()),
            "normal" => Ok(Personality::normal()),
            "steady" => Ok(Personality::steady()),
            "flaky" => Ok(Personality::flaky()),
            "silent" => Ok(Personality::silent()),
            _ => {
                let row = quirk_row(name).ok_or(NameError::Unknown)?;
                let quirk = Quirk::ALL.into_iter().find(|quirk| quirk.row() == row);
                quirk.map(Personality::of_quirk).ok_or(NameError::Unbuilt)
            }
        }
    }

    /// Every name that can be simulated.
    pub fn names() -> Vec<String> {
        let quirks = Quirk::ALL.into_iter().map(|quirk| format!("q{:02}", quirk.row()));
        Personality::TEMPERS.into_iter().map(str::to_owned).chain(quirks).collect()
    }
}

/// The row that `q` and two digits name.
fn quirk_row(name: &str) -> Option<u8> {
    let digits = name.strip_prefix('q').filter(|digits| digits.len() == 2)?;
    let row = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    (1..=QUIRK_ROWS).contains(&row).then_some(row)
}
