//! What a founding member does next. Pure: durable phase, answers and requests in; steps out.
//!
//! ```text
//!          every other one is empty         every other one has the id      the log is initialised
//!          and has the same list
//!  Empty ────────────────────────▶ Drawn ────────────────────────▶ Agreed ────────────────────────▶ Formed   the first
//!    │                                                                                               ▲
//!    │  Form, from the first one                                     the log is seen initialised     │
//!    └────────────────────────────────────────────────▶ Joined ──────────────────────────────────────┘   the others
//!
//!  Empty, and another one has formed, or has an id that this node gave: refused, this directory is a lost one
//!  Drawn, and another one has formed or has another id:                 refused, this directory is an old one
//! ```
//!
//! Each phase is on disk before anybody hears of it, and each step can be done again: a crash between any two is a step
//! not done. The log is initialised in `Agreed` alone, which is on disk before; `Form` is sent in `Drawn` alone. So once the
//! log may hold a vote nobody is given the id again (one that comes late is for an earlier life of the process), and a member whose directory was emptied stays outside, however few of
//! the others it can ask: without an answer from the first one it goes on asking and does nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use smsgrid::model::{Name, NodeId};

use super::founders::Founders;
use crate::identity::{ClusterId, Phase};
use crate::peer::{Forming, Founder, Stage, Standing};

/// One founding member.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    founders: Arc<Founders>,
    phase: Phase,
    /// Drawn when this process started.
    life: u64,
    /// What the others said in this round.
    answers: BTreeMap<NodeId, Answer>,
}

/// What came of asking one of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Where it stands.
    Standing(Standing),
    /// It has the id.
    HasId,
    /// Nothing, and why.
    None(String),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask these where they stand, and give every answer to [`Machine::handle_answer`].
    Ask(Vec<NodeId>),
    /// Draw an id, write `Drawn` with it, then tell [`Machine::handle_written`].
    Draw,
    /// Write this phase, then tell [`Machine::handle_written`].
    Write(Phase),
    /// Give the id to these, each in its life, and every answer to [`Machine::handle_answer`].
    Form(ClusterId, Vec<(NodeId, u64)>),
    /// Nothing until the next round, or until somebody sends `Form`.
    Wait(Vec<Hindrance>),
    /// The node may go on.
    Begin(Begin),
    /// The node must not go on.
    Refuse(Fault),
}

/// How a node goes on that has a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It initialises the log, unless that is done already.
    Initialise,
    /// Its log is initialised by the first member, or is already.
    Await,
    /// Its log was initialised: an empty one is lost.
    Resume,
}

/// What the cluster still waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// A member gave no answer.
    Missing { member: Name, why: String },
    /// A member has another list of members, or another name of the cluster.
    Differs { member: Name },
    /// The first member has not given the id yet.
    First { member: Name },
}

/// Why a node must not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// This directory is empty, and a cluster has formed that knows this node.
    #[error("the data directory is empty, but {by} says that this node is a member of cluster {cluster}")]
    Lost {
        /// Who says so.
        by: Name,
        /// The cluster.
        cluster: ClusterId,
    },
    /// This directory knows less than it has told others.
    #[error("the data directory is older than what {by} knows from it of cluster {cluster}")]
    Regressed {
        /// Who knows.
        by: Name,
        /// The cluster.
        cluster: ClusterId,
    },
    /// One of the members belongs to a cluster without this node.
    #[error("{by} is listed as a member and belongs to another cluster already, {cluster}")]
    Taken {
        /// Which one.
        by: Name,
        /// Its cluster.
        cluster: ClusterId,
    },
}

impl Machine {
    /// A member whose directory says `phase`, in a process that drew `life` when it started.
    pub(super) fn new(founders: Founders, phase: Phase, life: u64) -> Machine {
        Machine { founders: Arc::new(founders), phase, life, answers: BTreeMap::new() }
    }

    pub(super) fn founders(&self) -> &Founders {
        &self.founders
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// What the others said in this round.
    #[cfg(test)]
    pub(super) fn answers(&self) -> &BTreeMap<NodeId, Answer> {
        &self.answers
    }

    /// The next step, until what came of it is told.
    pub(super) fn step(&self) -> Step {
        match self.phase {
            Phase::Empty => self.step_empty(),
            Phase::Drawn(cluster) => self.step_drawn(cluster),
            Phase::Joined(_) => Step::Begin(Begin::Await),
            Phase::Agreed(_) => Step::Begin(Begin::Initialise),
            Phase::Formed(_) => Step::Begin(Begin::Resume),
        }
    }

    /// Forgets the answers: the others are asked again.
    pub(super) fn begin_round(&mut self) {
        self.answers.clear();
    }

    /// Another member answered, or did not.
    pub(super) fn handle_answer(&mut self, from: NodeId, answer: Answer) {
        self.answers.insert(from, answer);
    }

    /// The phase is on disk.
    pub(super) fn handle_written(&mut self, phase: Phase) {
        self.phase = phase;
        self.answers.clear();
    }

    /// Where this node stands, for `from`, which means to ask `to`.
    pub(super) fn handle_probe(&self, from: &Founder, to: &str) -> Result<Standing, String> {
        self.check_addressee(to)?;
        let stage = match self.phase {
            Phase::Empty => Stage::Empty,
            Phase::Drawn(cluster) | Phase::Joined(cluster) => Stage::Forming(cluster),
            Phase::Agreed(cluster) | Phase::Formed(cluster) => Stage::Formed(cluster),
        };
        let (own, knows_caller) = (self.founders.founder(), self.founders.knows(from));
        Ok(Standing { from: own, stage, knows_caller, life: self.life })
    }

    /// The phase to write before `Form` is answered; none when nothing is to be done.
    pub(super) fn handle_form(&self, forming: &Forming) -> Result<Option<Phase>, String> {
        self.check_addressee(&forming.to)?;
        let own = self.founders.own_name();
        if !self.founders.agrees(&forming.from) {
            return Err(format!("{own} lists other members than {}", forming.from.name));
        }
        if self.founders.is_first() || forming.from.name != *self.founders.first_name() {
            return Err(format!(
                "{} forms this cluster, not {}",
                self.founders.first_name(),
                forming.from.name
            ));
        }
        if forming.life != self.life {
            return Err(format!("{own} was started again since it was asked"));
        }
        match self.phase {
            Phase::Empty => Ok(Some(Phase::Joined(forming.cluster))),
            Phase::Joined(cluster) if cluster == forming.cluster => Ok(None),
            Phase::Drawn(cluster)
            | Phase::Joined(cluster)
            | Phase::Agreed(cluster)
            | Phase::Formed(cluster) => Err(format!("{own} is of cluster {cluster} already")),
        }
    }

    fn check_addressee(&self, to: &str) -> Result<(), String> {
        let own = self.founders.own_name();
        if own.as_str() == to { Ok(()) } else { Err(format!("this is {own}, not {to}")) }
    }

    fn step_empty(&self) -> Step {
        if let Some(step) = self.ask() {
            return step;
        }
        if let Some(fault) = self.standings().find_map(|standing| self.fault_empty(standing)) {
            return Step::Refuse(fault);
        }
        let mut hindrances = self.hindrances();
        if self.founders.is_first() && hindrances.is_empty() {
            return Step::Draw;
        }
        if !self.founders.is_first() {
            hindrances.push(Hindrance::First { member: self.founders.first_name().clone() });
        }
        Step::Wait(hindrances)
    }

    /// What the standing of another member says about this one, whose directory is empty.
    fn fault_empty(&self, standing: &Standing) -> Option<Fault> {
        let by = standing.from.name.clone();
        match standing.stage {
            Stage::Formed(cluster) if standing.knows_caller => Some(Fault::Lost { by, cluster }),
            Stage::Formed(cluster) => Some(Fault::Taken { by, cluster }),
            // Only this node can have drawn that id.
            Stage::Forming(cluster) if self.founders.is_first() && self.founders.agrees(&standing.from) => {
                Some(Fault::Lost { by, cluster })
            }
            Stage::Forming(cluster) if self.founders.is_first() => Some(Fault::Taken { by, cluster }),
            Stage::Forming(_) | Stage::Empty => None,
        }
    }

    fn step_drawn(&self, cluster: ClusterId) -> Step {
        if let Some(step) = self.ask() {
            return step;
        }
        let fault = self.standings().find_map(|standing| fault_drawn(standing, cluster));
        if let Some(fault) = fault {
            return Step::Refuse(fault);
        }
        let ready = self.answers.iter().filter_map(|(node, answer)| Some((*node, self.formable(answer)?)));
        let ready: Vec<(NodeId, u64)> = ready.collect();
        if !ready.is_empty() {
            return Step::Form(cluster, ready);
        }
        let hindrances = self.hindrances();
        match hindrances.is_empty() {
            true => Step::Write(Phase::Agreed(cluster)),
            false => Step::Wait(hindrances),
        }
    }

    /// The life of a member that is empty and has the same list; every other one is left alone.
    fn formable(&self, answer: &Answer) -> Option<u64> {
        match answer {
            Answer::Standing(standing) => {
                let is_ready = standing.stage == Stage::Empty && self.founders.agrees(&standing.from);
                is_ready.then_some(standing.life)
            }
            Answer::HasId | Answer::None(_) => None,
        }
    }

    /// Who was not asked in this round.
    fn ask(&self) -> Option<Step> {
        let others = self.founders.others().map(|(node, _)| node);
        let unasked: Vec<NodeId> = others.filter(|node| !self.answers.contains_key(node)).collect();
        (!unasked.is_empty()).then_some(Step::Ask(unasked))
    }

    fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.answers.values().filter_map(|answer| match answer {
            Answer::Standing(standing) => Some(standing),
            Answer::HasId | Answer::None(_) => None,
        })
    }

    fn hindrances(&self) -> Vec<Hindrance> {
        let hindrance = |(node, member): (NodeId, &crate::raft::Member)| {
            let member = member.name.clone();
            match self.answers.get(&node)? {
                Answer::None(why) => Some(Hindrance::Missing { member, why: why.clone() }),
                Answer::Standing(standing) if !self.founders.agrees(&standing.from) => {
                    Some(Hindrance::Differs { member })
                }
                Answer::Standing(_) | Answer::HasId => None,
            }
        };
        self.founders.others().filter_map(hindrance).collect()
    }
}

/// What the standing of another member says about this one, which has drawn `own` and given it to whoever has it.
fn fault_drawn(standing: &Standing, own: ClusterId) -> Option<Fault> {
    let by = standing.from.name.clone();
    match standing.stage {
        Stage::Empty => None,
        Stage::Forming(cluster) if cluster == own => None,
        // Nobody forms before this node knows that all have the id: this one knew it once.
        Stage::Formed(cluster) if cluster == own => Some(Fault::Regressed { by, cluster }),
        Stage::Forming(cluster) | Stage::Formed(cluster) => Some(Fault::Taken { by, cluster }),
    }
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hindrance::Missing { member, why } => write!(f, "{member} is missing ({why})"),
            Hindrance::Differs { member } => {
                write!(f, "{member} lists other members, or another cluster name")
            }
            Hindrance::First { member } => write!(f, "{member} forms the cluster and has not done so"),
        }
    }
}
