//! Reading what a stopped node holds, without starting anything and without writing.

use std::io;
use std::path::Path;

use smsgrid::log::State;
use smsgrid::model::Position;

use super::payload::{Content, content};
use super::snapshot::Folder;
use super::store::READ_OCTETS;
use super::{Failure, SegmentLog, StartError, StateMachine};

/// The state that snapshot and log lead to, over `empty` when there is no snapshot. The whole log is applied, as a
/// cluster of one would; in a larger one its last entries may not be agreed on. Blocks.
pub fn replay<M: StateMachine>(log: &SegmentLog, snapshots: &Path, empty: M) -> Result<M, StartError> {
    let unusable = |source| StartError::Snapshots { path: snapshots.to_owned(), source };
    let (mut machine, mut next) = match Folder::open(snapshots).map_err(unusable)?.current() {
        Some(file) => {
            let restored = file.read(|input| M::restore(input).map_err(io::Error::other));
            let last = file.header.meta.last_log_id.as_ref().map_or(0, |last| last.index());
            (restored.map_err(unusable)?, last + 1)
        }
        None => (empty, 0),
    };
    let State { last, .. } = log.state();
    let end = last.map_or(0, |last| last.index + 1);
    while next < end {
        for entry in log.read(next..end, READ_OCTETS)? {
            next = entry.id.index + 1;
            apply(&mut machine, entry.id.index, content(entry.payload).map_err(unusable)?)?;
        }
    }
    Ok(machine)
}

fn apply<M: StateMachine>(machine: &mut M, index: u64, content: Content) -> Result<(), Failure> {
    let Content::Batch(batch) = content else { return Ok(()) };
    let commands = M::decode(batch.entry())
        .map_err(|source| Failure::Decode { index, source: std::sync::Arc::new(source) })?;
    for (offset, command) in (0..).zip(&commands) {
        if let Some(command) = command {
            machine.apply(Position { index, offset }, command, &mut Vec::new());
        }
    }
    Ok(())
}
