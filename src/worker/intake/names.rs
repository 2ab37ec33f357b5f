//! Whose the names in `outgoing` and in `checked` are.
//!
//! The same name in the two folders may belong to two files: where names are made, one of `outgoing` is free for the
//! next file as soon as the first was moved, and `checked` may hold a file that was taken under its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{FileName, IntakeId, Place};

/// The names of files that were taken, and of those that are being recorded. No more than there are such files.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The file that was taken last under this name of `outgoing`.
    outgoing: BTreeMap<FileName, IntakeId>,
    /// The files that stand in `checked` under this name, or will: one that waits for a name has it too.
    checked: BTreeSet<(FileName, IntakeId)>,
    recording_outgoing: BTreeSet<FileName>,
    recording_checked: BTreeSet<FileName>,
}

impl Names {
    /// The file is being recorded.
    pub(super) fn record(&mut self, name: &FileName, place: &Place) {
        match place {
            Place::Known(place) => self.recording_checked.insert(place.clone()),
            Place::Same | Place::Made => self.recording_outgoing.insert(name.clone()),
        };
    }

    /// The file was recorded under this id.
    pub(super) fn recorded(&mut self, name: &FileName, place: &Place, id: IntakeId) {
        match place {
            Place::Known(place) => {
                self.recording_checked.remove(place);
            }
            Place::Same | Place::Made => {
                self.recording_outgoing.remove(name);
                self.leads(name.clone(), id);
            }
        }
        self.stands(place.name(name, id), id);
    }

    /// The name in `outgoing` is that of this file.
    pub(super) fn leads(&mut self, name: FileName, id: IntakeId) {
        self.outgoing.insert(name, id);
    }

    /// The name in `checked` is that of this file.
    pub(super) fn stands(&mut self, place: FileName, id: IntakeId) {
        self.checked.insert((place, id));
    }

    pub(super) fn forget(&mut self, name: &FileName, place: &FileName, id: IntakeId) {
        if self.outgoing.get(name) == Some(&id) {
            self.outgoing.remove(name);
        }
        self.checked.remove(&(place.clone(), id));
    }

    /// The file that was taken last under this name of `outgoing`.
    pub(super) fn in_outgoing(&self, name: &FileName) -> Option<IntakeId> {
        self.outgoing.get(name).copied()
    }

    /// The files with this name in `checked`, the newest last.
    pub(super) fn in_checked(&self, name: &FileName) -> impl DoubleEndedIterator<Item = IntakeId> {
        let all =
            (name.clone(), IntakeId::from_bytes([0; 16]))..=(name.clone(), IntakeId::from_bytes([0xFF; 16]));
        self.checked.range(all).map(|(_, id)| *id)
    }

    /// Whether a file of this name in `checked` is one that was taken, or is being.
    pub(super) fn is_known_in_checked(&self, name: &FileName) -> bool {
        self.in_checked(name).next().is_some() || self.recording_checked.contains(name)
    }

    /// Whether the file of this name in `outgoing` is being recorded, or one of `checked` that keeps it from being.
    pub(super) fn is_recorded(&self, name: &FileName, keep_filename: bool) -> bool {
        self.recording_outgoing.contains(name) || keep_filename && self.recording_checked.contains(name)
    }

    /// How many files are being recorded.
    pub(super) fn recording(&self) -> usize {
        self.recording_outgoing.len() + self.recording_checked.len()
    }
}
