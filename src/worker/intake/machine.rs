//! The machine itself: what it is told, what it wants next, and when it wants to be woken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::model::{MessageId, Time};

use super::candidates::{Candidates, Choice};
use super::conflict::Contest;
use super::entry::{Entry, Stage};
use super::gone::file_key;
use super::names::Names;
use super::queue_looks::NextLook;
use super::telling::Telling;
use super::{
    Alarm, Effect, Fault, FileName, Folder, Halt, Identity, Input, IntakeId, Moment, Place, Replayed,
    Settings,
};

/// How long a folder is left alone when nothing is heard of it.
pub(super) const RESCAN: Duration = Duration::from_secs(10);
/// A pass over the folder may take this part of the time.
const RESCAN_SHARE: u32 = 50;
/// How long a step waits after the system refused it.
pub(super) const RETRY: Duration = Duration::from_secs(10);
/// Most files between being chosen and being accepted.
const IN_HAND_MAX: usize = 32;
/// Effects of files on their way out after each sync for files on their way in.
const FILING_TURN: u8 = 8;
/// Urgent files that are taken although `checked` is full.
const URGENT_RESERVE: usize = 1_000;

/// The intake of one spool.
///
/// Carry out [`Intake::poll_effect`] until it has nothing, one effect after the other, telling each reply before the
/// next; then wait for an input or for [`Intake::poll_timeout`].
#[derive(Debug)]
pub struct Intake {
    pub(super) settings: Settings,
    uuid: MessageId,
    pub(super) moment: Moment,
    pub(super) entries: BTreeMap<IntakeId, Entry>,
    pub(super) names: Names,
    pub(super) candidates: Candidates,
    /// Names that are looked at, and whether they are known to be complete.
    pub(super) looking: BTreeMap<FileName, bool>,
    /// Files found in `checked` that nobody knows.
    pub(super) strangers: VecDeque<(FileName, Identity)>,
    /// The names of those that are being recorded.
    pub(super) unasked: BTreeSet<FileName>,
    /// Entries of the journal not yet examined; nothing is taken before.
    pub(super) unexamined: usize,
    /// `checked` was not listed yet in this run; nothing is taken before.
    pub(super) unlisted: bool,
    /// When `checked` is listed again.
    pub(super) relist: Option<Time>,
    /// When the folders of queues are looked at.
    pub(super) queue_look: NextLook,
    in_hand: BTreeSet<IntakeId>,
    pub(super) effects: VecDeque<Effect>,
    /// What files on their way out want done; what comes in goes first.
    pub(super) filing_effects: VecDeque<Effect>,
    /// Effects of files on their way out that go before what comes in.
    filing_turn: u8,
    /// Files whose intake waits for the journal.
    pub(super) recorded: Vec<IntakeId>,
    /// Files whose filing waits for the journal.
    pub(super) filing_recorded: Vec<IntakeId>,
    journal_syncing: Vec<IntakeId>,
    folder_waiting: BTreeMap<Folder, Vec<IntakeId>>,
    folder_syncing: Vec<IntakeId>,
    pub(super) timers: BTreeSet<(Time, IntakeId)>,
    pub(super) scan: Scan,
    /// What is owed to the event handler.
    pub(super) telling: Telling,
    /// The conflict the alarm handler is asked to help with.
    pub(super) contest: Option<Contest>,
    /// Folders whose trouble was told.
    pub(super) troubled: BTreeSet<Folder>,
    /// That the passes fail was told.
    pub(super) scan_troubled: bool,
    /// Files of `outgoing` the system refuses to lock or move.
    pub(super) hindered: BTreeSet<IntakeId>,
    /// Nothing more is taken.
    closed: bool,
    halted: bool,
}

/// Where the passes over the folder stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// The next pass starts then.
    Resting { until: Time },
    /// The pass that began then goes on as soon as there is nothing better to do.
    Wanted { since: Time },
    /// A piece of it is being read.
    Running { since: Time },
}

impl Intake {
    /// The intake of the spool whose journal holds `journal`; `uuid` is the spool's number, from the journal or chosen
    /// for a new one.
    pub fn new(settings: Settings, uuid: MessageId, journal: Replayed, moment: Moment) -> Intake {
        let queue_look = NextLook::of(settings.queues, moment.now);
        let candidates = Candidates::new(settings.settle_time, settings.order);
        let mut intake = Intake {
            settings,
            uuid,
            moment,
            entries: BTreeMap::new(),
            names: Names::default(),
            candidates,
            looking: BTreeMap::new(),
            strangers: VecDeque::new(),
            unasked: BTreeSet::new(),
            unexamined: 0,
            unlisted: true,
            relist: None,
            queue_look,
            in_hand: BTreeSet::new(),
            effects: VecDeque::new(),
            filing_effects: VecDeque::new(),
            filing_turn: 0,
            recorded: Vec::new(),
            filing_recorded: Vec::new(),
            journal_syncing: Vec::new(),
            folder_waiting: BTreeMap::new(),
            folder_syncing: Vec::new(),
            timers: BTreeSet::new(),
            scan: Scan::Wanted { since: moment.now },
            telling: Telling::default(),
            contest: None,
            troubled: BTreeSet::new(),
            scan_troubled: false,
            hindered: BTreeSet::new(),
            closed: false,
            halted: false,
        };
        intake.candidates.start_scan();
        intake.recover(journal);
        intake
    }

    /// Tells the machine something.
    pub fn handle(&mut self, input: Input, moment: Moment) {
        self.moment = moment;
        if self.halted {
            return;
        }
        match input {
            Input::Hint(hint) => self.on_hint(hint),
            Input::Scanned { observations, reach } => self.on_scanned(observations, &reach),
            Input::Inspected { name, found } => self.on_inspected(&name, found),
            Input::Taken { name, identity, place, id, owner } => {
                self.on_taken((name, identity, owner), &place, id)
            }
            Input::JournalSynced => self.on_journal_synced(),
            Input::JournalFailed(what) => self.halt(Halt::Journal(what), None),
            Input::Locked(id, result) => self.on_locked(id, result),
            Input::Moved(id, result) => self.on_moved(id, result),
            Input::Claimed(id, result) => self.on_claimed(id, result),
            Input::Copied(id, result) => self.on_copied(id, result),
            Input::Adopted(id, result) => self.on_adopted(id, result),
            Input::Read(id, result) => self.on_read(id, result),
            Input::Submitted(id, recipient, reply) => self.on_submitted(id, recipient, reply),
            Input::Settled(id, recipient, outcome) => self.on_settled(id, recipient, outcome),
            Input::FollowLost(id, recipient) => self.on_follow_lost(id, recipient),
            Input::Checked(id, verdict) => self.on_checked(id, verdict),
            Input::Told(id, done) => self.on_told(id, done),
            Input::Handled(name) => self.on_handled(&name),
            Input::Staged(id, result) => self.on_staged(id, result),
            Input::CopyKept(id, result) => self.on_copy_kept(id, result),
            Input::FolderSynced(folder, result) => self.on_folder_synced(folder, result),
            Input::Published(id, result) => self.on_published(id, result),
            Input::Unlinked(id, result) => self.on_unlinked(id, result),
            Input::Examined(id, result) => self.on_examined(id, result),
            Input::ListedChecked(listed) => self.on_listed(listed),
            Input::QueuesLooked(look) => self.on_queues_looked(look),
        }
    }

    /// The clock moved: goes on with what waited for it.
    pub fn handle_timeout(&mut self, moment: Moment) {
        self.moment = moment;
        while let Some((when, id)) = self.timers.first().copied() {
            if when > moment.now {
                break;
            }
            self.timers.pop_first();
            self.resume(id);
        }
        if self.relist.take_if(|when| *when <= moment.now).is_some() {
            self.effects.push_back(Effect::ListChecked);
        }
        self.look_at_queues();
        if self.closed {
            return;
        }
        for name in self.candidates.due(moment.now) {
            self.look(name, false);
        }
        if let Scan::Resting { until } = self.scan
            && until <= moment.now
        {
            self.start_scan();
        }
    }

    /// When the machine wants [`Intake::handle_timeout`], if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        let rescan = match self.scan {
            Scan::Resting { until } if !self.closed => Some(until),
            Scan::Resting { .. } | Scan::Wanted { .. } | Scan::Running { .. } => None,
        };
        let due = self.candidates.next_due().filter(|_| !self.closed);
        let timer = self.timers.first().map(|(when, _)| *when);
        let queues = self.queue_look.at().filter(|_| !self.closed);
        [rescan, timer, due, self.relist, queues].into_iter().flatten().min()
    }

    /// The next thing to be done, if there is one.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        if let Some(effect) = self.effects.pop_front() {
            return Some(effect);
        }
        if self.halted {
            return None;
        }
        if self.filing_turn == 0
            && let Some(effect) = self.take_in()
        {
            return Some(effect);
        }
        if let Some(effect) = self.file_out().or_else(|| self.next_told()) {
            return Some(effect);
        }
        if std::mem::take(&mut self.filing_turn) > 0
            && let Some(effect) = self.take_in()
        {
            return Some(effect);
        }
        if let Scan::Wanted { since } = self.scan
            && self.is_settled_in()
            && !self.closed
        {
            self.scan = Scan::Running { since };
            return Some(Effect::Scan);
        }
        None
    }

    /// Takes nothing more from `outgoing`; what was taken goes on, and results are filed.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The files and recipients whose outcome is waited for, with their messages.
    pub fn followed(&self) -> impl Iterator<Item = (IntakeId, u16, MessageId)> {
        self.entries.iter().flat_map(|(id, entry)| {
            entry.recipients.followed().map(|(recipient, message)| (*id, recipient, message))
        })
    }

    /// Files whose results are being made or filed, those that wait for a folder to be mended left out.
    pub fn filing(&self) -> usize {
        self.entries.values().filter(|entry| entry.is_filing()).count()
    }

    /// Files that were taken and are not filed yet.
    pub fn live(&self) -> usize {
        self.entries.len()
    }

    /// Files known in `outgoing` that were not taken yet.
    pub fn waiting(&self) -> usize {
        self.candidates.len()
    }

    /// The idempotency key of a file, or of one of several recipients.
    pub(super) fn key(&self, id: IntakeId, recipient: u16, recipients: u16) -> String {
        let key = file_key(self.uuid, id);
        if recipients == 1 { key } else { format!("{key}:{}", recipient + 1) }
    }

    /// The next thing for what comes in. Syncing last lets everything recorded so far share one sync.
    fn take_in(&mut self) -> Option<Effect> {
        self.fill();
        if let Some(effect) = self.effects.pop_front() {
            return Some(effect);
        }
        if self.recorded.is_empty() || !self.journal_syncing.is_empty() {
            return None;
        }
        self.filing_turn = FILING_TURN;
        std::mem::swap(&mut self.recorded, &mut self.journal_syncing);
        // Records of filings that are still to be written must not count as written.
        if self.filing_effects.is_empty() {
            self.journal_syncing.append(&mut self.filing_recorded);
        }
        Some(Effect::SyncJournal)
    }

    /// The next thing for what goes out.
    fn file_out(&mut self) -> Option<Effect> {
        if let Some(effect) = self.filing_effects.pop_front() {
            self.filing_turn = self.filing_turn.saturating_sub(1);
            return Some(effect);
        }
        if !self.filing_recorded.is_empty() && self.journal_syncing.is_empty() {
            self.filing_turn = 0;
            std::mem::swap(&mut self.filing_recorded, &mut self.journal_syncing);
            self.journal_syncing.append(&mut self.recorded);
            return Some(Effect::SyncJournal);
        }
        if !self.folder_syncing.is_empty() {
            return None;
        }
        let (folder, waiting) = self.folder_waiting.pop_first()?;
        self.filing_turn = 0;
        self.folder_syncing = waiting;
        Some(Effect::SyncFolder(folder))
    }

    /// Chooses files as long as there is room for them.
    fn fill(&mut self) {
        if self.closed {
            return;
        }
        // A look counts: in a long row of files whose last look is too old, only as many are looked at as are taken.
        let busy = |intake: &Intake| intake.in_hand.len() + intake.names.recording() + intake.looking.len();
        while self.is_settled_in() && busy(self) < IN_HAND_MAX {
            let live = (self.entries.len() + self.names.recording())
                .saturating_sub(self.hindered.len() + self.standing());
            if live >= self.settings.live_max + URGENT_RESERVE {
                return;
            }
            let ordinary = live < self.settings.live_max;
            if ordinary && let Some((name, identity)) = self.strangers.pop_front() {
                self.unasked.insert(name.clone());
                self.record(name.clone(), identity, Place::Known(name));
                continue;
            }
            match self.candidates.choose(ordinary, self.moment.now) {
                None => break,
                Some(Choice::Look(name)) => self.look(name, false),
                Some(Choice::Take(name, identity)) => {
                    let place = if self.settings.keep_filename { Place::Same } else { Place::Made };
                    self.record(name, identity, place);
                }
            }
        }
        let roomy = self.candidates.len() < super::candidates::CANDIDATES_MAX / 2;
        if let Scan::Resting { .. } = self.scan
            && self.candidates.overflowed
            && roomy
        {
            self.start_scan();
        }
    }

    /// Every file of the journal, and every one in `checked`, is known for what it is.
    fn is_settled_in(&self) -> bool {
        self.unexamined == 0 && !self.unlisted
    }

    pub(super) fn record(&mut self, name: FileName, identity: Identity, place: Place) {
        self.names.record(&name, &place);
        self.effects.push_back(Effect::Take { name, identity, place });
    }

    pub(super) fn look(&mut self, name: FileName, complete: bool) {
        match self.looking.get_mut(&name) {
            Some(known) => *known |= complete,
            None => {
                self.looking.insert(name.clone(), complete);
                self.effects.push_back(Effect::Inspect(name));
            }
        }
    }

    pub(super) fn start_scan(&mut self) {
        self.candidates.start_scan();
        self.scan = Scan::Wanted { since: self.moment.now };
    }

    /// Rests after a pass, the longer the pass was the longer.
    pub(super) fn rest_after_scan(&mut self, since: Time) {
        let rest = RESCAN.max(self.moment.now.since(since) * RESCAN_SHARE);
        self.scan = Scan::Resting { until: self.moment.now + rest };
    }

    /// Whether nothing more is taken.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn hold_in_hand(&mut self, id: IntakeId) {
        self.in_hand.insert(id);
    }

    pub(super) fn release_from_hand(&mut self, id: IntakeId) {
        self.in_hand.remove(&id);
    }

    pub(super) fn await_folder(&mut self, folder: Folder, id: IntakeId) {
        self.folder_waiting.entry(folder).or_default().push(id);
    }

    fn on_journal_synced(&mut self) {
        for id in std::mem::take(&mut self.journal_syncing) {
            let Some(entry) = self.entries.get(&id) else { continue };
            if entry.stage == Stage::Recorded {
                self.check_or_lock(id);
            } else if entry.stage == Stage::CopyRecorded {
                self.adopt(id);
            } else {
                debug_assert!(matches!(entry.stage, Stage::FilingRecorded(..)));
                self.publish(id);
            }
        }
    }

    fn on_folder_synced(&mut self, folder: Folder, result: Result<(), Fault>) {
        let waiting = std::mem::take(&mut self.folder_syncing);
        if let Err(fault) = result {
            self.trouble(folder, &fault);
            for id in waiting {
                self.wait_in_stage(id);
            }
            return;
        }
        self.troubled.remove(&folder);
        for id in waiting {
            self.folder_is_synced(id);
        }
    }

    pub(super) fn resume(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Stage::Waiting(_, step) = &mut entry.stage else { return };
        let step = std::mem::replace(step.as_mut(), Stage::Live);
        entry.stage = step;
        self.go_on(id);
    }

    /// Carries out the step an entry stands at, once more.
    pub(super) fn go_on(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.get(&id) else { return };
        let place = entry.place.clone();
        match entry.stage.clone() {
            Stage::Recorded | Stage::CopyRecorded => self.recorded.push(id),
            Stage::FilingRecorded(..) => self.filing_recorded.push(id),
            Stage::Checking => self.check_or_lock(id),
            Stage::Checked => self.effects.push_back(entry.examination(id, None)),
            Stage::Locking => self.lock(id),
            Stage::Moving => self.effects.push_back(Effect::Move(id, entry.name.clone(), place)),
            Stage::Claiming => self.claim(id),
            Stage::Copying => self.copy(id),
            Stage::Adopting => self.adopt(id),
            Stage::Reading | Stage::Submitting => self.read(id),
            Stage::Rereading(_) | Stage::Staging(_) => {
                self.filing_effects.push_back(entry.reread(id));
            }
            Stage::Staged(_, filing) | Stage::Published(filing) => {
                self.await_folder(filing.destination.folder(), id);
            }
            Stage::Publishing(..) => self.publish(id),
            Stage::Unlinking(_) => self.unlink(id),
            Stage::Clearing => self.await_folder(Folder::Checked, id),
            Stage::ClearingOutgoing => self.await_folder(Folder::Outgoing, id),
            Stage::Examining(filing) => self.examine(id, filing),
            Stage::Live => self.submit_or_follow(id),
            // The answer of the handler goes on with it.
            Stage::Telling | Stage::Waiting(..) => {}
        }
    }

    /// Nothing is left to do for a file.
    pub(super) fn finish(&mut self, id: IntakeId) {
        let Some(entry) = self.entries.remove(&id) else { return };
        self.in_hand.remove(&id);
        self.hindered.remove(&id);
        if entry.has_hidden() {
            self.filing_effects.push_back(Effect::Discard(id));
        }
        self.forget(id);
        self.names.forget(&entry.name, &entry.place, id);
        if self.candidates.is_held(&entry.place) {
            self.look(entry.place, false);
        }
    }

    /// Does nothing more; what is under way is found again at the next start.
    pub(super) fn halt(&mut self, why: Halt, alarm: Option<Alarm>) {
        self.effects.clear();
        self.filing_effects.clear();
        self.effects.extend(alarm.map(Effect::Alarm));
        self.effects.push_back(Effect::Halt(why));
        self.halted = true;
    }
}
