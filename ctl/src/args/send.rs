//! `smsctl send`.

use std::time::Duration;

use clap::ValueEnum;

use super::values::span;

const EXAMPLES: &str = "\
Examples:
  smsctl send +4915112345678 -m \"Backup finished\"
  smsctl send +4915112345678 -m \"Backup finished\" --watch
  smsctl send +4915112345678 +4915112345679 -m \"Door open\" --priority high --report
  smsctl send +4915112345678 -m \"Your code is 1234\" --uncertain fail --validity 5m --wait=2m
  uptime | smsctl send +4915112345678 -m -
  smsctl send +4915112345678 -m \"Good morning\" --at 08:00 --key greeting-2026-11-24
";

const NOTES: &str = "\
A message is accepted once it is on the disks of a majority of the nodes. Every message has a key: repeated under the
same key it is not sent twice, whichever node is asked. Without --key one is made up, and told when it is needed.
With several recipients the key of each is KEY:TO.

With --wait or --watch: exit 0 when all were sent, 7 when none was, 9 when some were, 8 when it still goes on.";

/// Send a message
#[derive(Clone, Debug, clap::Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub(crate) struct SendArgs {
    /// Recipients in international form
    #[arg(required = true, value_name = "TO")]
    pub(crate) to: Vec<String>,
    /// The text; - reads it from standard input
    #[arg(short, long = "message", value_name = "TEXT", required = true, allow_hyphen_values = true)]
    pub(crate) message: String,
    /// The name of this request: repeated under it, nothing is sent twice
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Ask for a delivery report
    #[arg(long)]
    pub(crate) report: bool,
    /// How urgent it is
    #[arg(long, value_enum)]
    pub(crate) priority: Option<Priority>,
    /// Only this modem may carry it
    #[arg(long)]
    pub(crate) modem: Option<String>,
    /// What becomes of it when nobody knows whether it was sent
    #[arg(long, value_enum)]
    pub(crate) uncertain: Option<Uncertain>,
    /// How long it may take, such as 10m; later it is not sent any more
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub(crate) validity: Option<Duration>,
    /// Not before this moment: 18:00, "2026-11-24 18:00", +30m or RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Show it at once on the handset, do not keep it
    #[arg(long)]
    pub(crate) flash: bool,
    /// Refuse it when it needs more parts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255))]
    pub(crate) max_parts: Option<u32>,
    /// Replace characters outside GSM 7-bit by look-alikes
    #[arg(long)]
    pub(crate) plain: bool,
    /// Follow it to the end; Ctrl-C ends the watching, not the message
    #[arg(short, long)]
    pub(crate) watch: bool,
    /// Wait for the end, at most SPAN (1 minute when not given)
    #[arg(
        long,
        value_name = "SPAN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "60s",
        value_parser = span
    )]
    pub(crate) wait: Option<Duration>,
}

/// How urgent a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Priority {
    Bulk,
    Normal,
    High,
    Emergency,
}

/// What becomes of a message when nobody knows whether a part was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Uncertain {
    /// Send the part again, marked as a possible duplicate
    Resend,
    /// Wait for a person
    Hold,
    /// Give up: for one-time codes and payments
    Fail,
}
