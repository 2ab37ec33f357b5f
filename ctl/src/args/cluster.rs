//! `smsctl status`, `modem`, `node`, `cluster` and `events`.

use clap::Subcommand;

/// Is it working, and what needs me: the whole cluster on one screen
#[derive(Clone, Debug, clap::Args)]
#[command(
    before_help = "Examples:\n  smsctl status\n  smsctl status --line        a letter for each modem, as the monitor of SMS Server Tools\n  smsctl status -o json\n",
    after_help = "Exit 0 when healthy, 12 when something needs a look, 13 when there is a problem.\nWithout a majority it shows what one node knows, and says so.\nLetters of modems: i idle, s sending, r receiving, b blocked, t trouble, d draining, p waits for a PIN, n no network,\no unplugged, w starting, - not configured."
)]
pub(crate) struct StatusArgs {
    /// One line: a letter for each modem
    #[arg(long)]
    pub(crate) line: bool,
}

/// `smsctl modem`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ModemCommand {
    /// List the modems of all nodes
    #[command(before_help = "Examples:\n  smsctl modem list\n  smsctl modem list -o wide\n")]
    List,
    /// Tell everything known of modems
    #[command(before_help = "Examples:\n  smsctl modem show GSM1\n")]
    Show {
        /// The name, or its beginning when no other starts so
        #[arg(required = true, value_name = "MODEM")]
        names: Vec<String>,
    },
    /// Give modems nothing new
    #[command(before_help = "Examples:\n  smsctl modem block GSM1\n")]
    Block {
        #[arg(required = true, value_name = "MODEM")]
        names: Vec<String>,
    },
    /// Give modems messages again
    #[command(before_help = "Examples:\n  smsctl modem unblock GSM1\n")]
    Unblock {
        #[arg(required = true, value_name = "MODEM")]
        names: Vec<String>,
    },
}

/// `smsctl node`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List the nodes
    #[command(before_help = "Examples:\n  smsctl node list\n  smsctl node list -o wide\n")]
    List,
    /// Tell everything known of nodes
    #[command(before_help = "Examples:\n  smsctl node show gw-a\n")]
    Show {
        /// The name, or its beginning when no other starts so
        #[arg(required = true, value_name = "NODE")]
        names: Vec<String>,
    },
}

/// `smsctl cluster`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Tell how the replicated log stands
    #[command(
        before_help = "Examples:\n  smsctl cluster status\n  smsctl --server gw-c:7170 cluster status --read stale\n",
        after_help = "Exit codes as those of smsctl status."
    )]
    Status,
    /// List the members of the replicated log
    #[command(before_help = "Examples:\n  smsctl cluster members\n")]
    Members,
}

/// Everything that happens in the cluster
#[derive(Clone, Debug, clap::Args)]
#[command(
    before_help = "Examples:\n  smsctl events                                   what happened lately\n  smsctl events --follow                          and what happens, until Ctrl-C\n  smsctl events --follow --kind node_lost -o ndjson\n  smsctl events --follow --from REVISION          go on where another watch ended\n",
    after_help = "Every node tells the same events in the same order. --follow goes on at the next server when one fails, without\ngap and without repeat; every event carries the revision to go on from."
)]
pub(crate) struct EventsArgs {
    /// Go on until Ctrl-C
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only events of this kind, such as message_changed; repeatable
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) kind: Vec<String>,
    /// Go on after this revision; with --follow from now on otherwise
    #[arg(long, value_name = "REVISION")]
    pub(crate) from: Option<String>,
}
