//! Simulated power cuts: of what was written after the last real sync, any part may be lost.
//!
//! Before each sync the file is copied, and of the blocks that differ from the copy at the sync before some are put
//! back to what they were. Such an image is opened as a start after a power cut would. Rows that are believed must be those of
//! one of the two marks, to the last octet.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use smsgrid::log::Owner;
use smsgrid::model::{MessageId, Position};
use smsgrid::queue::Record;

use super::mark::Mark;
use super::opening::{self, Opened};
use super::rows::{Batch, Rows, RowsError};
use super::writer::{Change, Writer};
use super::{fixture, key, stored};

/// What a disk writes at once.
const BLOCK_OCTETS: usize = 4096;
/// Messages the load goes round in.
const MESSAGES: u64 = 600;

#[test]
fn a_power_cut_between_or_inside_slices_loses_at_most_the_last_slice() {
    let mut believed = 0;
    for seed in 1..=2 {
        let mut run = Run::new(seed);
        run.load(40);
        for _ in 0..8 {
            let slices = 1 + run.dice.below(4) as usize;
            run.load(slices);
            let (before, after) = run.slice();
            for survival in [2, 8] {
                let image = run.cut(&before, &after, survival);
                let opened = open(image.path()).unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
                assert!(opened.verified, "an unclean stop is never trusted");
                let marks = [&run.durable, &run.model];
                assert!(marks.iter().any(|model| model.is_in(&opened)), "seed {seed}: rows of no mark");
                believed += 1;
            }
        }
    }
    assert_eq!(believed, 32);
}

#[test]
fn rows_are_never_wrong_even_when_many_segments_were_not_synced() {
    let (mut lost, mut kept) = (0, 0);
    for seed in 11..=12 {
        let mut run = Run::new(seed);
        run.load(40);
        for _ in 0..5 {
            let (before, synced) = (run.file(), run.all.len());
            run.sync = false;
            run.load(60);
            run.sync = true;
            let after = run.file();
            let image = run.cut(&before, &after, 2);
            match open_or_panic(image.path()) {
                Some(opened) => {
                    assert!(run.was_once(&opened), "seed {seed}: rows of no mark");
                    match run.all.iter().skip(synced - 1).any(|model| model.is_in(&opened)) {
                        true => kept += 1,
                        false => lost += 1,
                    }
                }
                None => lost += 1,
            }
            run.load(1);
        }
    }
    assert!(lost > 0, "the cut does nothing: {kept} kept what had been synced");
}

#[test]
fn a_half_written_snapshot_of_sled_does_not_keep_the_rows_shut() {
    let mut run = Run::new(21);
    run.load(5);
    let image = run.cut(&run.file(), &run.file(), 1);
    fs::write(image.path().join("rows/snap.FFFFFFFFFFFFFFFF.generating"), []).expect("room");

    let opened = open(image.path()).expect("it is removed");
    assert!(run.model.is_in(&opened));
    drop(opened);
    fs::write(image.path().join("rows/snap.FFFFFFFFFFFFFFFF"), b"no snapshot").expect("room");
    let opened = reopen(image.path()).expect("sled can do without");
    assert!(run.model.is_in(&opened));
}

#[test]
fn octets_of_the_file_that_changed_are_noticed_or_harmless() {
    let mut run = Run::new(31);
    run.load(20);
    let file = run.file();
    // Most of the file is the room of its segments; only what was written can be missed.
    let written: Vec<usize> = (0..file.len()).filter(|at| file[*at] != 0).collect();
    let (mut refused, mut believed) = (0, 0);
    for trial in 0..30 {
        let mut changed = file.clone();
        // The file as it is, then more and more: most of what was written has been written anew elsewhere, and where it
        // stands is for sled's threads to say.
        for _ in 0..trial * trial {
            let at = written[run.dice.below(written.len() as u64) as usize];
            changed[at] ^= 1 << run.dice.below(8);
        }
        let image = run.image(&changed);
        match open_or_panic(image.path()) {
            Some(opened) => {
                assert!(run.was_once(&opened), "rows of no mark");
                believed += 1;
            }
            None => refused += 1,
        }
    }
    assert!(refused > 0 && believed > 0, "{refused} refused, {believed} believed");
}

#[test]
fn no_slice_writes_as_much_as_a_segment() {
    let mut run = Run::new(41);
    run.load(120);

    let most = run.writer.written.slice_octets_max;
    assert!(most < super::rows::SLICE_OCTETS_MAX, "{most} octets between two syncs");
    assert!(run.writer.written.rows > 2_000, "{:?}", run.writer.written);
}

#[test]
fn a_row_of_many_pieces_shrinks_and_grows_without_a_trace() {
    let mut run = Run::new(51);
    for parts in [200, 1, 90, 255, 2] {
        run.put(7, parts);
        run.commit();
        let opened = open(run.image(&run.file()).path()).expect("whole");

        assert!(run.model.is_in(&opened), "{parts} parts");
    }
    run.drop_row(7);
    run.commit();
    let rows = &run.rows;
    assert_eq!(rows.all().count(), 1, "only the mark is left");
}

/// The rows as a mark has them.
#[derive(Clone, Default)]
struct Model {
    rows: BTreeMap<MessageId, Rc<(Record, Position)>>,
    mark: Option<Mark>,
}

impl Model {
    fn is_in(&self, opened: &Opened) -> bool {
        if self.mark.as_ref() != Some(&opened.mark) {
            return false;
        }
        let is_same = |(id, kept): (&MessageId, &Rc<(Record, Position)>)| {
            let row = stored::read_row(&opened.rows, *id).ok().flatten();
            row.is_some_and(|row| (row.record, row.position) == **kept)
        };
        assert!(self.rows.iter().all(is_same), "the mark is right and a row is wrong");
        self.mark.as_ref().is_some_and(|mark| mark.content.rows == self.rows.len() as u64)
    }
}

struct Run {
    folder: tempfile::TempDir,
    rows: Rows,
    writer: Writer,
    dice: Dice,
    position: u64,
    sync: bool,
    /// What is in the rows; what was at the last sync; what was at each slice.
    model: Model,
    durable: Model,
    all: Vec<Model>,
}

impl Run {
    fn new(seed: u64) -> Run {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let opened = open(folder.path()).expect("nothing is there");
        Run {
            folder,
            rows: opened.rows,
            writer: Writer::new(opened.mark),
            dice: Dice(seed),
            position: 0,
            sync: true,
            model: Model::default(),
            durable: Model::default(),
            all: Vec::new(),
        }
    }

    /// Writes slices of rows of all sizes, new, changed and dropped ones.
    fn load(&mut self, slices: usize) {
        for _ in 0..slices {
            self.fill();
            self.commit();
        }
    }

    /// One more slice; the file before it, and after it was written but not synced.
    fn slice(&mut self) -> (Vec<u8>, Vec<u8>) {
        let before = self.file();
        self.durable = self.model.clone();
        self.fill();
        self.sync = false;
        self.commit();
        let after = self.file();
        self.sync = true;
        self.rows.sync().expect("a sound disk");
        (before, after)
    }

    fn fill(&mut self) {
        while !self.writer.is_full() {
            let number = self.dice.below(MESSAGES);
            let parts = 3 + self.dice.below(20) as u8;
            match self.dice.below(20) {
                0 => self.drop_row(number),
                1 => self.put(number, parts),
                _ => self.put(number, 1),
            }
        }
    }

    fn put(&mut self, number: u64, parts: u8) {
        let id = fixture::id(number);
        if self.writer.holds(id) {
            return;
        }
        self.position += 1;
        let record = fixture::record(number, parts, self.position as u8);
        let position = Position { index: self.position, offset: 0 };
        let change = Change::Put(Arc::new(record.clone()), position);
        let done = self.writer.take(&self.rows, change).expect("readable");
        if done == super::writer::Done::Taken {
            self.model.rows.insert(id, Rc::new((record, position)));
        }
    }

    fn drop_row(&mut self, number: u64) {
        let id = fixture::id(number);
        if !self.writer.holds(id) {
            self.writer.take(&self.rows, Change::Drop(id)).expect("readable");
            self.model.rows.remove(&id);
        }
    }

    fn commit(&mut self) {
        let position = Position { index: self.position, offset: 0 };
        self.writer.note(|mark| mark.applied = position);
        let mark = self.writer.mark().clone();
        match self.sync {
            true => self.writer.commit(&self.rows, || ()).expect("a sound disk"),
            false => self.writer.commit_unsynced(&self.rows).expect("a sound disk"),
        }
        self.model.mark = Some(mark);
        self.all.push(self.model.clone());
    }

    /// Whether these are the rows of some mark, or none at all: what is newer is in memory, or known to be missing.
    fn was_once(&self, opened: &Opened) -> bool {
        let none = opened.rows.all().next().is_none();
        none || self.all.iter().rev().any(|model| model.is_in(opened))
    }

    fn file(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("rows/db")).expect("sled's file")
    }

    /// What a disk may hold that was asked for `after` and had synced `before`; of each block one in `survival` survives.
    fn cut(&mut self, before: &[u8], after: &[u8], survival: u64) -> tempfile::TempDir {
        let mut image = before.to_vec();
        let longest = before.len().max(after.len());
        image.resize(longest - self.dice.below((longest - before.len()) as u64 + 1) as usize, 0);
        for (block, new) in after.chunks(BLOCK_OCTETS).enumerate() {
            let at = block * BLOCK_OCTETS;
            let Some(old) = image.get_mut(at..(at + new.len())) else { continue };
            if self.dice.below(survival) == 0 {
                old.copy_from_slice(new);
            }
        }
        self.image(&image)
    }

    fn image(&self, file: &[u8]) -> tempfile::TempDir {
        let image = tempfile::tempdir().expect("a temporary directory");
        let rows = image.path().join("rows");
        fs::create_dir(&rows).expect("room");
        for entry in fs::read_dir(self.folder.path().join("rows")).expect("readable") {
            let entry = entry.expect("readable");
            if entry.file_type().expect("readable").is_file() {
                fs::copy(entry.path(), rows.join(entry.file_name())).expect("room");
            }
        }
        let blobs = fs::read_dir(self.folder.path().join("rows/blobs")).expect("sled's folder").count();
        assert_eq!(blobs, 0, "a value was too large for sled's file");
        fs::write(rows.join("db"), file).expect("room");
        image
    }
}

fn open(folder: &Path) -> Result<Opened, RowsError> {
    opening::open(folder, Owner::default(), 0, &|| true)
}

/// The task takes a panic of sled for damage, too.
fn open_or_panic(folder: &Path) -> Option<Opened> {
    std::panic::catch_unwind(|| open(folder).ok()).ok().flatten()
}

/// Opens what was open a moment ago: sled's threads may still hold it.
fn reopen(folder: &Path) -> Result<Opened, RowsError> {
    loop {
        match open(folder) {
            Err(RowsError::Held) => std::thread::yield_now(),
            other => return other,
        }
    }
}

impl Writer {
    /// A slice that is written but not synced, as a power cut meets it.
    fn commit_unsynced(&mut self, rows: &Rows) -> Result<(), RowsError> {
        let mut batch: Batch = self.begun();
        batch.put(&key::MARK, &self.mark().encode());
        rows.apply(batch)?;
        rows.flush_only()
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }
}
