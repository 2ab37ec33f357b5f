//! `smsctl msg`, `uncertain` and `dlq`.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use super::values::span;

const QUERY: &str = "\
A query is made of: state:WORD[,WORD]  to:NUMBER  modem:NAME  after:TIME  before:TIME
A TIME is how long ago (1h), a time of day (09:00), a date (2026-11-24) or RFC 3339.";

/// `smsctl msg`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MsgCommand {
    /// Tell everything known of messages
    #[command(
        before_help = "Examples:\n  smsctl msg show 01KAVX9C0Y\n  smsctl msg show 01KAVX9C0Y -o json\n"
    )]
    Show {
        /// The id, or its first 6 or more characters
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// List messages, the newest first
    #[command(
        before_help = "Examples:\n  smsctl msg list\n  smsctl msg list state:failed,expired modem:GSM2 after:1h\n  smsctl msg list to:+4915112345678 --all -o ndjson\n",
        after_help = QUERY
    )]
    List(ListArgs),
    /// Follow messages to their end
    #[command(
        before_help = "Examples:\n  smsctl msg watch 01KAVX9C0Y\n  smsctl msg watch 01KAVX9C0Y -o ndjson\n",
        after_help = "Goes on at the next server when one fails, without gap and without repeat. Ctrl-C ends the watching, not\nthe message. Exit codes as those of send --watch."
    )]
    Watch {
        /// The id, or its first 6 or more characters
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Stop watching after this time, with exit 8
        #[arg(long, value_name = "SPAN", value_parser = span)]
        wait: Option<Duration>,
    },
    /// Withdraw messages that were certainly not sent
    #[command(before_help = "Examples:\n  smsctl msg cancel 01KAVX9C0Y\n")]
    Cancel {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Queue failed or expired messages again
    #[command(before_help = "Examples:\n  smsctl msg retry 01KAVX9C0Y\n")]
    Retry {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Keep messages from the modems until they are released
    #[command(before_help = "Examples:\n  smsctl msg hold 01KAVX9C0Y\n")]
    Hold {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Give held messages back to the modems
    #[command(before_help = "Examples:\n  smsctl msg release 01KAVX9C0Y\n")]
    Release {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// What a list of messages takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ListArgs {
    /// What to look for, such as state:failed
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

/// `smsctl uncertain`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum UncertainCommand {
    /// List messages of which nobody knows whether they were sent
    #[command(before_help = "Examples:\n  smsctl uncertain list\n", after_help = QUERY)]
    List(ListArgs),
    /// Tell what is known of one, and what can be decided
    #[command(before_help = "Examples:\n  smsctl uncertain show 01KAVX9C0Y\n")]
    Show {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    Resolve(ResolveArgs),
}

/// Say what became of an uncertain message
#[derive(Clone, Debug, clap::Args)]
#[command(
    before_help = "Examples:\n  smsctl uncertain resolve 01KAVX9C0Y --as sent        keep it, do not send it again\n  smsctl uncertain resolve 01KAVX9C0Y --as not-sent    send it again, marked as a possible duplicate\n"
)]
pub(crate) struct ResolveArgs {
    /// The id, or its first 6 or more characters
    pub(crate) id: String,
    /// What became of it
    #[arg(long = "as", value_enum)]
    pub(crate) verdict: Verdict,
    /// Only this part; every uncertain part otherwise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255))]
    pub(crate) part: Option<u32>,
}

/// What a person says about an uncertain part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verdict {
    /// It was sent
    Sent,
    /// It was not sent: it is sent again
    NotSent,
}

/// `smsctl dlq`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// List messages that failed and that nobody has retried or discarded
    #[command(before_help = "Examples:\n  smsctl dlq list\n  smsctl dlq list modem:GSM2 -o name\n", after_help = QUERY)]
    List(ListArgs),
    /// Tell everything known of one
    #[command(before_help = "Examples:\n  smsctl dlq show 01KAVX9C0Y\n")]
    Show {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Queue failed messages again
    #[command(before_help = "Examples:\n  smsctl dlq retry 01KAVX9C0Y\n  smsctl dlq retry --all --yes\n")]
    Retry(DeadArgs),
    /// Take failed messages from the dead letters; they stay failed
    #[command(before_help = "Examples:\n  smsctl dlq discard 01KAVX9C0Y\n  smsctl dlq discard --all --yes\n")]
    Discard(DeadArgs),
}

/// Which dead letters are meant.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DeadArgs {
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub(crate) ids: Vec<String>,
    /// All dead letters; asks first
    #[arg(long, conflicts_with = "ids")]
    pub(crate) all: bool,
}
