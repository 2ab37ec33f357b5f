//! `smsctl config`.

use std::path::PathBuf;

use clap::Subcommand;

/// `smsctl config`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say what becomes of each setting of an smsd.conf, and write the new configuration
    #[command(
        before_help = "Examples:\n  smsctl config convert /etc/smsd.conf                        say what becomes of each line\n  smsctl config convert /etc/smsd.conf --out smsgrid.toml     write the new file too\n  smsctl config convert smsd.conf -o json                     for a program\n",
        after_help = "No server is asked, and smsd goes on undisturbed. Exit 0: everything means the same; 12: something changed its\nmeaning or is not supported; 2: the file cannot be converted, and nothing was written; 11: the new file is there\nalready."
    )]
    Convert {
        /// The configuration of SMS Server Tools 3
        #[arg(value_name = "SMSD_CONF")]
        file: PathBuf,
        /// Write the new configuration here; a file that is there is never overwritten
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The name of the node [default: that of this host]
        #[arg(long, value_name = "NAME")]
        node: Option<String>,
        /// The folder for everything the node must remember
        #[arg(long, value_name = "DIR", default_value = "/var/lib/smsgrid")]
        data_dir: String,
    },
}
