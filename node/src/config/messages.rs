//! `[messages]`: what a message gets that does not say it itself. Decided when it is accepted, and kept with it.

use std::time::Duration;

use smsgrid::model::{Priority, UncertainPolicy};

use super::section::Section;

/// Defaults of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// How urgent a message is. Default `normal`.
    pub priority: Priority,
    /// What becomes of a message when nobody knows whether a part was sent. Default `resend`: once more, flagged as a
    /// possible duplicate. `hold` waits for a person, `fail` gives up: right for codes that are worthless late.
    pub uncertain: UncertainPolicy,
    /// How long a message may live, TP-VP included. Default: no limit of ours, the network's own applies. From 5 m to
    /// 63 weeks, as TP-VP. Shorter loses messages in a short outage of the modems; longer brings stale ones.
    pub validity: Option<Duration>,
    /// Whether to ask for a delivery report. Default false. Reports cost some networks' customers money.
    pub report: bool,
    /// How often a message is tried again that the network refuses for now. Default: the policy's, 4 times. 0 to 254.
    pub retries: Option<u8>,
}

/// Reads `[messages]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Messages {
    const MINUTE: Duration = Duration::from_secs(60);
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
    Messages {
        priority: section.or("priority", Priority::Normal),
        uncertain: section.or("uncertain", UncertainPolicy::Resend),
        validity: section.optional_within("validity", "the network's own", 5 * MINUTE..=63 * WEEK),
        report: section.or("report", false),
        retries: section.optional_within("retries", "the policy's, 4 times", 0..=u8::MAX - 1),
    }
}
