//! The language file that `[files]` names: read when the configuration is, its faults told with their lines.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags};
use smsgrid::sms_file::{LANGUAGE_FILE_OCTETS_MAX, Translation, TranslationError};
use smsgrid_proto::{Problem, Reason};

use super::Config;

/// The configuration with what its language file says.
pub(super) fn read(mut config: Config) -> Result<Config, Vec<Problem>> {
    if let Some(path) = &config.files.language_file {
        let octets = octets(path).map_err(|error| vec![unreadable(path, &error)])?;
        let translation = Translation::read(&octets)
            .map_err(|errors| errors.iter().map(|error| problem(path, error)).collect::<Vec<_>>())?;
        config.files.settings.translation = Arc::new(translation);
    }
    Ok(config)
}

/// The octets of a regular file, one more than a language file has at most. A FIFO is not waited for.
fn octets(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let most = u64::try_from(LANGUAGE_FILE_OCTETS_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut octets = Vec::new();
    file.take(most).read_to_end(&mut octets)?;
    Ok(octets)
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Reason::ConfigUnreadable, format!("cannot read the language file {}", path.display()))
        .why(error.to_string())
        .fix("correct `language_file`, or take it out: headers are English then")
}

fn problem(path: &Path, error: &TranslationError) -> Problem {
    let title = format!("language file {} {error}", path.display());
    Problem::new(Reason::ConfigBadValue, title).fix("correct the line; `#` at its start makes it a comment")
}
