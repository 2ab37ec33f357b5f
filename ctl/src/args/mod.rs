//! The command line: the help text is the manual.

mod cluster;
mod config;
mod context;
mod demo;
mod message;
mod send;
mod values;

use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use cluster::{ClusterCommand, EventsArgs, ModemCommand, NodeCommand, StatusArgs};
pub(crate) use config::ConfigCommand;
pub(crate) use context::ContextCommand;
pub(crate) use demo::DemoCommand;
pub(crate) use message::{DeadArgs, DlqCommand, ListArgs, MsgCommand, UncertainCommand, Verdict};
pub(crate) use send::{Priority, SendArgs, Uncertain};
pub(crate) use values::{moment, past};

const EXAMPLES: &str = "\
Examples:
  smsctl send +4915112345678 -m \"Backup finished\" --watch   send, and follow it to the end
  smsctl status                                            is it working, and what needs me
  smsctl msg list state:failed after:1h                    what went wrong in the last hour
  smsctl uncertain list                                    what nobody knows was sent or not
  smsctl modem list                                        the modems of every node
  smsctl events --follow -o ndjson                         everything that happens, for a program
  smsctl errors NO_QUORUM                                  what a word means and the way out
  smsctl context add prod --server gw-a:7170 --use         save a cluster, and ask it from now on
";

const EXIT_CODES: &str = "\
Exit codes:
  0 done            5 no server reachable  10 outcome unknown
  1 unexpected      6 no quorum            11 refused for safety
  2 usage           7 rejected             12 warnings
  3 not found       8 still going on       13 problems
  4 not allowed     9 partly done         130 interrupted";

/// Ask and steer a Smsgrid cluster
#[derive(Debug, Parser)]
#[command(
    name = "smsctl",
    version,
    before_help = EXAMPLES,
    after_help = EXIT_CODES,
    propagate_version = false,
    subcommand_required = true
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// A node to ask, such as gw-a:7170; give several and the next one is asked when one fails [env: SMSCTL_SERVER,
    /// separated by commas] [default: the context in use, else http://127.0.0.1:7170]
    #[arg(long = "server", value_name = "URL", global = true)]
    pub(crate) servers: Vec<String>,
    /// Ask this saved cluster, or - for the one in use before; --server counts more [env: SMSCTL_CONTEXT, which counts less
    /// than SMSCTL_SERVER]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) context: Option<String>,
    /// The form of the data
    #[arg(
        short,
        long,
        value_name = "FORM",
        value_enum,
        default_value_t,
        global = true,
        hide_default_value = true
    )]
    pub(crate) output: Format,
    /// Show these columns, in this order (table, wide, csv)
    #[arg(long, value_name = "A,B", value_delimiter = ',', global = true)]
    pub(crate) columns: Vec<String>,
    /// How fresh the answer must be: linear asks a majority, stale takes what one node knows
    #[arg(long, value_name = "HOW", value_enum, global = true)]
    pub(crate) read: Option<ReadLevel>,
    /// How long to try [default: 10s for reads, 30s for changes]
    #[arg(long, value_name = "TIME", value_parser = values::span, global = true)]
    pub(crate) timeout: Option<Duration>,
    /// Ask no question: yes
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Say what would be done, and do nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Ask no question: a command that needs an answer ends with exit 2 and names the option
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Colours [auto: on a terminal, unless NO_COLOR is set]
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true, hide_default_value = true)]
    pub(crate) color: When,
}

/// What is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Send(SendArgs),
    Status(StatusArgs),
    /// Messages: show, list, watch, cancel, retry, hold, release
    #[command(subcommand, arg_required_else_help = true)]
    Msg(MsgCommand),
    /// Messages of which nobody knows whether they were sent
    #[command(subcommand, arg_required_else_help = true)]
    Uncertain(UncertainCommand),
    /// Dead letters: messages that failed and wait for a person
    #[command(subcommand, arg_required_else_help = true)]
    Dlq(DlqCommand),
    /// Modems of all nodes
    #[command(subcommand, arg_required_else_help = true)]
    Modem(ModemCommand),
    /// Nodes of the cluster
    #[command(subcommand, arg_required_else_help = true)]
    Node(NodeCommand),
    /// The cluster and its replicated log
    #[command(subcommand, arg_required_else_help = true)]
    Cluster(ClusterCommand),
    Events(EventsArgs),
    /// Configurations: convert an smsd.conf
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    /// Saved clusters: list, add, use, remove
    #[command(subcommand, arg_required_else_help = true)]
    Context(ContextCommand),
    /// Steer a running `smsnode demo`
    #[command(subcommand, arg_required_else_help = true)]
    Demo(DemoCommand),
    /// Explain what can go wrong: every reason, or one
    #[command(
        before_help = "Examples:\n  smsctl errors                  every word, one line each\n  smsctl errors PORT_BUSY        what it means and the way out\n",
        after_help = "The word of a reason is stable: scripts may compare it. Exit 3 when there is no such reason."
    )]
    Errors {
        /// The word of one reason, such as PORT_BUSY; in any case
        reason: Option<String>,
    },
    /// Print the completion script of a shell
    #[command(
        before_help = "Examples:\n  smsctl completion bash > ~/.local/share/bash-completion/completions/smsctl\n"
    )]
    Completion {
        /// The shell
        shell: Shell,
    },
    /// Print the version
    #[command(before_help = "Examples:\n  smsctl version\n  smsctl version -o json\n")]
    Version,
}

/// The form of the data on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    #[default]
    Table,
    /// For a person with a wide screen: every column
    Wide,
    /// One JSON object
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// Only the names, one a line
    Name,
}

impl Format {
    /// Whether a person reads it.
    pub(crate) const fn is_for_people(self) -> bool {
        match self {
            Format::Table | Format::Wide => true,
            Format::Json | Format::Ndjson | Format::Csv | Format::Name => false,
        }
    }
}

/// How fresh an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReadLevel {
    /// Everything acknowledged before the question; needs a majority
    Linear,
    /// What the node asked has applied; needs nobody else
    Stale,
}

/// When something is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    #[default]
    Auto,
    Always,
    Never,
}
