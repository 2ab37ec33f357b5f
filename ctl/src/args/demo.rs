//! `smsctl demo`.

use clap::Subcommand;

/// `smsctl demo`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DemoCommand {
    /// Kill a node at once, as a loss of power would
    #[command(before_help = "Examples:\n  smsctl demo kill gw-b\n  smsctl status\n")]
    Kill {
        /// The node
        node: String,
    },
    /// Start a killed node again
    #[command(before_help = "Examples:\n  smsctl demo start gw-b\n")]
    Start {
        /// The node
        node: String,
    },
    /// Pull a modem out of its port
    #[command(before_help = "Examples:\n  smsctl demo unplug GSM3\n")]
    Unplug {
        /// The modem
        modem: String,
    },
    /// Plug a modem in again
    #[command(before_help = "Examples:\n  smsctl demo plug GSM3\n")]
    Plug {
        /// The modem
        modem: String,
    },
}
