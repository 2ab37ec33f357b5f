//! A disk in memory that remembers what was synced, and can lose the rest as real ones do.

use std::collections::{BTreeMap, BTreeSet};

use smsgrid::log::Step;

/// What each file holds after a power cut.
pub(crate) type Image = BTreeMap<u64, Vec<u8>>;

/// Numbers that look random and repeat with their seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

/// What survives of what was not synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Survival {
    /// Nothing.
    Nothing,
    /// Everything: the process was killed, not the machine.
    Everything,
    /// The operations up to a random one, which is torn at a multiple of this many octets.
    Prefix(usize),
    /// Each piece of this many octets with this chance out of eight, and any of the unlinks.
    Pieces(usize, u64),
}

/// Files, directory, and what of both is durable.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    files: BTreeMap<u64, File>,
    names: BTreeSet<u64>,
    names_pending: Vec<NameChange>,
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    visible: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Grow(usize),
    Write(usize, Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
enum NameChange {
    Create(u64),
    Unlink(u64),
}

impl World {
    /// A disk on which everything is durable.
    pub(crate) fn durable(image: &Image) -> World {
        let file =
            |bytes: &Vec<u8>| File { durable: bytes.clone(), visible: bytes.clone(), pending: Vec::new() };
        World {
            files: image.iter().map(|(segment, bytes)| (*segment, file(bytes))).collect(),
            names: image.keys().copied().collect(),
            names_pending: Vec::new(),
        }
    }

    /// Carries a step out without making anything durable that was not synced.
    pub(crate) fn carry_out(&mut self, step: &Step) {
        match step {
            Step::Create { segment, octets } => {
                assert!(!self.visible().contains_key(segment), "segment {segment} exists");
                self.files.insert(*segment, File::default());
                self.file(*segment).change(Change::Grow(*octets as usize));
                self.names_pending.push(NameChange::Create(*segment));
            }
            Step::Write { segment, octet, bytes } => {
                self.file(*segment).change(Change::Write(*octet as usize, bytes.clone()));
            }
            Step::Sync { segment } => self.file(*segment).sync(),
            Step::SyncDirectory => self.sync_names(),
            Step::Unlink { segment } => self.names_pending.push(NameChange::Unlink(*segment)),
        }
    }

    /// Carries out only the first octets of a write.
    pub(crate) fn carry_out_torn(&mut self, step: &Step, octets: usize) {
        if let Step::Write { segment, octet, bytes } = step {
            let bytes = bytes[..octets.min(bytes.len())].to_vec();
            self.carry_out(&Step::Write { segment: *segment, octet: *octet, bytes });
        }
    }

    /// What a process sees now.
    pub(crate) fn visible(&self) -> Image {
        self.image_of(self.names_pending.len(), |file| file.visible.clone())
    }

    /// What a power cut leaves.
    pub(crate) fn cut(&self, survival: Survival, dice: &mut Dice) -> Image {
        match survival {
            Survival::Nothing => self.image_of(0, |file| file.durable.clone()),
            Survival::Everything => self.visible(),
            Survival::Prefix(unit) => {
                let names = dice.below(self.names_pending.len() as u64 + 1) as usize;
                self.image_of(names, |file| file.prefix(unit, dice))
            }
            Survival::Pieces(unit, chance) => {
                let mut image =
                    self.image_of(self.names_pending.len(), |file| file.pieces(unit, chance, dice));
                self.lose_unlinks(&mut image, dice);
                image
            }
        }
    }

    fn image_of(&self, names_changed: usize, mut content: impl FnMut(&File) -> Vec<u8>) -> Image {
        let mut names = self.names.clone();
        for change in &self.names_pending[..names_changed] {
            match change {
                NameChange::Create(segment) => names.insert(*segment),
                NameChange::Unlink(segment) => names.remove(segment),
            };
        }
        names.into_iter().map(|segment| (segment, content(&self.files[&segment]))).collect()
    }

    fn lose_unlinks(&self, image: &mut Image, dice: &mut Dice) {
        for change in &self.names_pending {
            if let NameChange::Unlink(segment) = change
                && self.names.contains(segment)
                && dice.below(2) == 0
            {
                image.insert(*segment, self.files[segment].durable.clone());
            }
        }
    }

    fn sync_names(&mut self) {
        self.names = self.visible().into_keys().collect();
        self.names_pending.clear();
    }

    fn file(&mut self, segment: u64) -> &mut File {
        self.files.get_mut(&segment).expect("written after it was created")
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.visible);
        self.pending.push(change);
    }

    fn sync(&mut self) {
        self.durable.clone_from(&self.visible);
        self.pending.clear();
    }

    fn prefix(&self, unit: usize, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let whole = dice.below(self.pending.len() as u64 + 1) as usize;
        self.pending[..whole].iter().for_each(|change| change.apply(&mut bytes));
        if let Some(Change::Write(at, written)) = self.pending.get(whole) {
            let torn = (at + dice.below(written.len() as u64 + 1) as usize) / unit * unit;
            let kept = torn.saturating_sub(*at).min(written.len());
            Change::Write(*at, written[..kept].to_vec()).apply(&mut bytes);
        }
        bytes
    }

    fn pieces(&self, unit: usize, chance: u64, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        if bytes.len() < self.visible.len() {
            let sizes = [bytes.len(), self.visible.len(), dice.below(self.visible.len() as u64) as usize];
            bytes.resize(sizes[dice.below(3) as usize], 0);
        }
        let ends = bytes.len();
        for at in (0..ends).step_by(unit) {
            let piece = at..(at + unit).min(ends);
            if dice.below(8) < chance {
                bytes[piece.clone()].copy_from_slice(&self.visible[piece]);
            }
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Grow(octets) => bytes.resize((*octets).max(bytes.len()), 0),
            Change::Write(at, written) if written.is_empty() => bytes.resize(bytes.len().max(*at), 0),
            Change::Write(at, written) => {
                bytes.resize(bytes.len().max(at + written.len()), 0);
                bytes[*at..at + written.len()].copy_from_slice(written);
            }
        }
    }
}

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
