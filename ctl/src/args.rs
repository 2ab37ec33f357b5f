//! The command line: the help text is the manual.

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  smsctl errors                  what can go wrong, one line each
  smsctl errors PORT_BUSY        what it means and the way out
  smsctl errors -o ndjson        the same for a program
  smsctl completion bash         completion for a shell
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
#[command(name = "smsctl", version, before_help = EXAMPLES, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Explain what can go wrong: every reason, or one
    #[command(
        after_help = "The word of a reason is stable: scripts may compare it. Exit 3 when there is no such reason."
    )]
    Errors {
        /// The word of one reason, such as PORT_BUSY; in any case
        reason: Option<String>,
        /// How to print it
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
    /// Print the completion script of a shell
    #[command(
        after_help = "bash: smsctl completion bash > ~/.local/share/bash-completion/completions/smsctl"
    )]
    Completion {
        /// The shell
        shell: Shell,
    },
    /// Print the version
    Version {
        /// How to print it
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
}

/// The form of the data on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    #[default]
    Table,
    /// One JSON object
    Json,
    /// One JSON object a line
    Ndjson,
    /// Only the names, one a line
    Name,
}
