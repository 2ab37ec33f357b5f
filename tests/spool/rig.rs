//! A spool on a real folder whose effects are carried out one at a time, so that it can be stopped after any of them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid::model::{Time, Timestamp};
use smsgrid::sms_file::LocalTime;
use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::{Effect, FileName, Filed, Folder, Halt, Hint, Input, Intake, Moment, Settings};
use smsgrid_node::spool::{
    Disk, Done, FolderPaths, Folders, Journal, Listener, Outside, QueueFolder, Strictness,
};
use tempfile::TempDir;

use crate::cluster::Cluster;

/// More effects than any test needs; one that needs more never ends.
const EFFECTS_MAX: usize = 1_000_000;

/// What the system answers instead of carrying out an effect, if it refuses.
pub(crate) type Refusal = fn(&Effect) -> Option<Input>;

/// Folders, journal and cluster, which survive a stop.
pub(crate) struct Rig {
    root: TempDir,
    /// Where `outgoing` and `sent` lie when they have a file system of their own.
    _apart: Option<TempDir>,
    pub(crate) cluster: Cluster,
    pub(crate) settings: Settings,
    /// Folders of queues.
    pub(crate) queues: Vec<QueueFolder>,
    pub(crate) now: Time,
}

/// A running spool; dropping it is a crash.
pub(crate) struct Running<'a> {
    rig: &'a mut Rig,
    pub(crate) intake: Intake,
    disk: Disk,
    inbox: VecDeque<Input>,
    pub(crate) effects: usize,
    pub(crate) refusal: Refusal,
    /// Whether the event handler is done with a result; none when it never returns.
    pub(crate) returns: fn(&Filed) -> Option<bool>,
    /// The check handler.
    pub(crate) checks: fn(&Rig, Folder, &FileName) -> Verdict,
    /// What the alarm handler does before it returns.
    pub(crate) help: fn(&Rig),
    pub(crate) halted: Option<Halt>,
    /// Names the alarm handler works on, where it does not return by itself.
    handlers: Option<Vec<FileName>>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing was left to do.
    Idle,
    /// The effects allowed were used up.
    Stopped,
}

impl Rig {
    /// In memory where that can be had: what the disk keeps of a stop is not what is asked here, and syncs are slow.
    pub(crate) fn new() -> Rig {
        let memory = tempfile::tempdir_in("/dev/shm").ok();
        Rig::at(memory.unwrap_or_else(|| tempfile::tempdir().expect("a folder")))
    }

    pub(crate) fn on_disk() -> Rig {
        Rig::at(tempfile::tempdir().expect("a folder"))
    }

    /// `outgoing` and `sent` on one file system, the rest on another.
    pub(crate) fn across() -> Rig {
        let root = tempfile::tempdir_in("/dev/shm").expect("memory as a file system at /dev/shm");
        let apart = tempfile::tempdir().expect("a folder");
        let device = |folder: &TempDir| std::fs::metadata(folder.path()).expect("it is there").dev();
        assert_ne!(device(&root), device(&apart), "set TMPDIR to a folder that is not in memory");
        for folder in ["outgoing", "sent"] {
            std::fs::create_dir(apart.path().join(folder)).expect("a folder");
            symlink(apart.path().join(folder), root.path().join(folder)).expect("a link");
        }
        Rig { _apart: Some(apart), ..Rig::at(root) }
    }

    fn at(root: TempDir) -> Rig {
        for folder in ["outgoing", "checked", "sent", "failed", "sent_copy", "failed_copy", "journal"] {
            std::fs::create_dir_all(root.path().join(folder)).expect("a folder");
        }
        let settings = Settings::default();
        let (cluster, queues, now) = (Cluster::default(), Vec::new(), Time::from_millis(1000));
        Rig { root, _apart: None, cluster, settings, queues, now }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file under a hidden name and renames it into `outgoing`.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let hidden = self.path(&format!("outgoing/.{name}"));
        std::fs::write(&hidden, content).expect("room");
        std::fs::rename(hidden, self.path(&format!("outgoing/{name}"))).expect("a rename");
    }

    /// Names of a folder, hidden ones left out, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder)).into_iter().filter(|name| !name.starts_with('.')).collect()
    }

    /// Hidden names of a folder but for the one that says who holds it.
    pub(crate) fn hidden(&self, folder: &str) -> Vec<String> {
        let hidden = |name: &String| name.starts_with('.') && name != ".smsgrid-holder";
        names(&self.path(folder)).into_iter().filter(hidden).collect()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path(name)).expect(name)).into_owned()
    }

    pub(crate) fn paths(&self) -> FolderPaths {
        FolderPaths {
            outgoing: self.path("outgoing"),
            checked: self.path("checked"),
            sent: Some(self.path("sent")),
            failed: Some(self.path("failed")),
            sent_copy: Some(self.path("sent_copy")),
            failed_copy: Some(self.path("failed_copy")),
        }
    }

    /// Moves these files in and stops after so many effects; gives how many there were.
    pub(crate) fn stopped_after<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
        allowed: usize,
    ) -> usize {
        let mut running = self.start();
        names.into_iter().for_each(|name| running.hint(Hint::MovedIn, name));
        while running.effects < allowed && running.run(1) != End::Idle {}
        running.effects
    }

    pub(crate) fn start(&mut self) -> Running<'_> {
        self.now = self.now + Duration::from_secs(1);
        let folders = Folders::open(&self.paths(), Strictness::Strict).expect("good folders");
        let (journal, replayed) = Journal::open(&self.path("journal")).expect("a journal");
        let disk = Disk::new(folders, journal, "smsd", self.settings.messages.clone())
            .with_queues(self.queues.clone());
        let intake = Intake::new(self.settings.clone(), disk.uuid(), replayed, moment(self.now));
        Running {
            rig: self,
            intake,
            disk,
            inbox: VecDeque::new(),
            effects: 0,
            refusal: |_| None,
            returns: |_| Some(true),
            checks: |_, _, _| Verdict::Accepted,
            help: |_| (),
            halted: None,
            handlers: None,
        }
    }

    /// Runs until nothing is left to do, with enough time for every wait.
    pub(crate) fn settle(&mut self) {
        let mut running = self.start();
        running.settle();
    }
}

impl Running<'_> {
    pub(crate) fn rig(&self) -> &Rig {
        self.rig
    }

    pub(crate) fn hint(&mut self, hint: fn(FileName) -> Hint, name: &str) {
        let name = FileName::new(name.as_bytes()).expect("a name");
        self.intake.handle(Input::Hint(hint(name)), moment(self.rig.now));
    }

    /// Lets alarm handlers that start now run on.
    pub(crate) fn hold_handlers(&mut self) {
        self.handlers.get_or_insert_default();
    }

    /// The names alarm handlers work on.
    pub(crate) fn handlers(&self) -> &[FileName] {
        self.handlers.as_deref().unwrap_or_default()
    }

    pub(crate) fn let_handlers_return(&mut self) {
        self.inbox.extend(self.handlers.take().unwrap_or_default().into_iter().map(Input::Handled));
    }

    pub(crate) fn advance(&mut self, span: Duration) {
        self.rig.now = self.rig.now + span;
        self.intake.handle_timeout(moment(self.rig.now));
    }

    /// The program that made a file goes on writing it: "To: 4917\n\nfirst" becomes "first second third fourth".
    pub(crate) fn goes_on_writing(&mut self, writer: &mut File) {
        for piece in [" second", " third", " fourth"] {
            writer.write_all(piece.as_bytes()).expect("room");
            self.run_idle();
            self.advance(Duration::from_millis(300));
            self.run_idle();
            self.advance(Duration::from_millis(300));
        }
        assert!(self.rig().cluster.texts().is_empty());
        self.settle();
    }

    /// Carries out at most `allowed` effects; a reply that is on its way then is lost.
    pub(crate) fn run(&mut self, allowed: usize) -> End {
        for _ in 0..allowed {
            let Some(effect) = self.next_effect() else { return End::Idle };
            self.effects += 1;
            if let Some(refused) = (self.refusal)(&effect) {
                self.inbox.push_back(refused);
                continue;
            }
            match self.disk.execute(effect) {
                Done::Reply(input) => self.inbox.push_back(input),
                Done::Silent => {}
                Done::Outside(outside) => self.outside(outside),
            }
        }
        End::Stopped
    }

    pub(crate) fn run_idle(&mut self) {
        assert_eq!(self.run(EFFECTS_MAX), End::Idle, "the spool never comes to rest");
    }

    /// Lets time pass until every wait of a file is over.
    pub(crate) fn settle(&mut self) {
        for _ in 0..6 {
            self.run_idle();
            self.advance(Duration::from_millis(600));
        }
        self.advance(Duration::from_secs(11));
        for _ in 0..3 {
            self.run_idle();
            self.advance(Duration::from_millis(600));
        }
        self.run_idle();
    }

    fn next_effect(&mut self) -> Option<Effect> {
        loop {
            if let Some(input) = self.inbox.pop_front() {
                self.intake.handle(input, moment(self.rig.now));
                continue;
            }
            return self.intake.poll_effect();
        }
    }

    fn outside(&mut self, outside: Outside) {
        match outside {
            Outside::Submit(id, recipient, message) => {
                let reply = self.rig.cluster.accept(*message);
                self.inbox.push_back(Input::Submitted(id, recipient, reply));
            }
            Outside::Follow(id, recipient, message) => {
                let lost = self.rig.cluster.loses(message).then_some(Input::FollowLost(id, recipient));
                let settled =
                    || Some(Input::Settled(id, recipient, Box::new(self.rig.cluster.outcome_of(message)?)));
                self.inbox.extend(lost.or_else(settled));
            }
            Outside::Alarm(alarm) => self.rig.cluster.alarm(&alarm),
            Outside::Tell(filed) => {
                self.rig.cluster.filed(&filed);
                if self.rig.settings.events
                    && let Some(done) = (self.returns)(&filed)
                {
                    self.inbox.push_back(Input::Told(filed.id, done));
                }
            }
            Outside::Check(id, folder, name) => {
                self.rig.cluster.ask(folder);
                let verdict = (self.checks)(self.rig, folder, &name);
                self.inbox.push_back(Input::Checked(id, verdict));
            }
            Outside::Handle(name, alarm) => {
                self.rig.cluster.alarm(&alarm);
                (self.help)(self.rig);
                match &mut self.handlers {
                    Some(handlers) => handlers.push(name),
                    None => self.inbox.push_back(Input::Handled(name)),
                }
            }
            Outside::Halt(why) => self.halted = Some(why),
        }
    }
}

pub(crate) fn moment(now: Time) -> Moment {
    let at = Timestamp::from_unix_millis(1_795_338_506_000 + now.as_millis());
    Moment { now, wall: LocalTime { at, offset_seconds: 0 } }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
