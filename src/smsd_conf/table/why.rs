//! Reasons that many settings share.

pub(super) const RECEIVES: &str = "smsnode receives nothing: what arrives stays in the modem";
pub(super) const CALLS: &str = "smsnode takes no calls that come in";
pub(super) const USSD: &str =
    "the answer to a service code is written as it comes, to the log and statistics file of the regular run";
pub(super) const STATISTICS: &str = "only files of statistics need it, and metrics replace them";
pub(super) const POLLING: &str = "nothing is polled: files, modems and messages are taken as they come";
pub(super) const REOPENING: &str =
    "a port that cannot be opened is tried again for ever, after 5 s at first and then up to once a minute";
pub(super) const SIM: &str =
    "the SIM is asked at each start of a modem, and again by itself until it is ready";
