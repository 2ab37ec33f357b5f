//! The file that says what a stop waits for: a line whenever a part of a message with several begins.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use smsgrid::model::{MessageId, Name, NodeId};
use smsgrid::queue::{Claim, Queue};

use super::tongue::Tongue;
use crate::machine::View;

/// Lines the file has at most: what waits longer is known well enough by then.
const LINES_MAX: usize = 1_000;

/// A part on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    modem: Name,
    message: MessageId,
    number: u8,
    of: u8,
}

/// The file of this process.
#[derive(Debug)]
pub(super) struct Infofile(PathBuf);

impl Infofile {
    /// None is written yet; one that an earlier process left is removed.
    pub(super) fn new(path: &Path) -> Infofile {
        // Usually there is none.
        let _ = fs::remove_file(path);
        Infofile(path.to_owned())
    }

    /// Writes what is on its way on `node`, and again at each change, until it is dropped.
    pub(super) async fn follow(&self, view: View, node: NodeId, tongue: Tongue) {
        let mut wakes = view.wakes();
        let mut told: Vec<Part> = Vec::new();
        while told.len() < LINES_MAX {
            let parts = view.read(|queue| on_their_way(queue, node));
            for part in parts {
                if !told.contains(&part) {
                    self.tell(&part, &tongue);
                    told.push(part);
                }
            }
            if wakes.changed().await.is_err() {
                return;
            }
        }
    }

    fn tell(&self, part: &Part, tongue: &Tongue) {
        let progress = format!("sending a multipart message, now part {} of {}.", part.number, part.of);
        if let Err(failure) = append(&self.0, &progress) {
            tongue.say(3, &format!("Infofile {} cannot be written: {failure}", self.0.display()));
        }
        tongue.say(2, &format!("{}: Currently {progress}", part.modem));
    }
}

impl Drop for Infofile {
    fn drop(&mut self) {
        // Usually there is none.
        let _ = fs::remove_file(&self.0);
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// The parts in flight of messages that have several.
fn on_their_way(queue: &Queue, node: NodeId) -> Vec<Part> {
    let claims = queue.session(node).into_iter().flat_map(|session| queue.claims_of(session.id));
    claims.filter_map(|claim| part(queue, claim)).collect()
}

fn part(queue: &Queue, claim: &Claim) -> Option<Part> {
    let of = queue.message(claim.message)?.parts_count();
    let number = claim.in_flight()?.0;
    (of > 1).then(|| Part { modem: claim.modem.clone(), message: claim.message, number, of })
}
