//! `smsctl context`.

use clap::Subcommand;

/// `smsctl context`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// List the saved clusters, and which is in use
    #[command(before_help = "Examples:\n  smsctl context list\n  smsctl context list -o name\n")]
    List,
    /// Save a cluster under a name: the servers that --server names
    #[command(
        before_help = "Examples:\n  smsctl context add prod --server gw-a:7170 --server gw-b:7170 --use\n  smsctl context add lab --server 127.0.0.1:7170\n",
        after_help = "Names and addresses are saved in $XDG_CONFIG_HOME/smsgrid/contexts.toml, or below ~/.config, closed to others; no\nsecret is. A name that is saved already is asked about, or replaced with --yes."
    )]
    Add {
        /// Its name: letters, digits and . _ -
        name: String,
        /// Take it into use
        #[arg(long = "use")]
        take: bool,
    },
    /// Ask this cluster from now on, where a command names none
    #[command(
        before_help = "Examples:\n  smsctl context use prod\n  smsctl context use -        the one before\n",
        after_help = "What names a cluster nearer to a command counts more: --server, --context, SMSCTL_SERVER, SMSCTL_CONTEXT, in this order.\nExit 3 when there is no such context."
    )]
    Use {
        /// Its name in full, or - for the one before
        name: String,
    },
    /// Forget a saved cluster; the cluster itself is not touched
    #[command(
        before_help = "Examples:\n  smsctl context remove lab\n",
        after_help = "When it is the one in use, none is in use afterwards. Exit 3 when there is no such context."
    )]
    Remove {
        /// Its name in full
        name: String,
    },
}
