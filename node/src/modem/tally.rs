//! What a modem has done since the node started, for whoever keeps figures by the modem.

use std::time::Duration;

use smsgrid::worker::modem::Notice;

/// Sums of one modem; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Parts the network took.
    pub parts: u64,
    /// How often it was taken out because of failures in a row.
    pub blocked: u64,
    /// How long it was sending those parts.
    pub sending: Duration,
}

impl Tally {
    /// Counts what `notice` tells.
    pub(super) fn count(&mut self, notice: &Notice) {
        if let Notice::Sent { took, .. } = notice {
            self.parts = self.parts.saturating_add(1);
            self.sending = self.sending.saturating_add(*took);
        }
        if matches!(notice, Notice::Blocked { .. }) {
            self.blocked = self.blocked.saturating_add(1);
        }
    }
}
