//! Every order in which three members can form a cluster, crash between any two steps, lose messages, get them late, and
//! lose their directories: explored whole, with the decisions of the product.
//!
//! An action is one atomic step of one node, or one message. A node that crashes keeps its phase and nothing else; one
//! that is wiped keeps nothing. Messages are never taken from the network: any may be delivered late, twice or never.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::decide::{Answer, Begin, Machine, Step};
use super::founders::Founders;
use crate::config::Config;
use crate::identity::{ClusterId, Phase};
use crate::peer::{Forming, Founder, Stage};
use smsgrid::model::NodeId;

#[test]
fn three_members_form_one_cluster_whatever_crashes_or_is_lost_on_the_way() {
    for bounds in
        [Bounds { crashes: 1, ..Bounds::NONE }, Bounds { crashes: 2, only_first_asks: true, ..Bounds::NONE }]
    {
        let explored = explore(&bounds);

        assert_eq!(explored.broken, None);
        assert_eq!((explored.stuck, explored.refused), (0, 0), "{explored:?}");
        assert!(explored.states > 1000 && explored.formed > 0, "{explored:?}");
    }
}

#[test]
fn a_member_that_lost_its_directory_never_serves_a_cluster_that_may_have_its_vote() {
    let explored = explore(&Bounds { crashes: 0, wipes: 2, only_first_asks: true });

    assert_eq!(explored.broken, None);
    assert!(explored.states > 1000 && explored.formed > 0 && explored.refused > 0, "{explored:?}");
}

/// What may go wrong at most.
struct Bounds {
    crashes: u8,
    wipes: u8,
    /// The others only listen. What they would hear can make them refuse to go on and nothing else, so that they do more
    /// without it, never less.
    only_first_asks: bool,
}

impl Bounds {
    const NONE: Bounds = Bounds { crashes: 0, wipes: 0, only_first_asks: false };
}

#[derive(Debug, Default)]
struct Explored {
    states: usize,
    /// States in which every member goes on in the same cluster.
    formed: usize,
    /// States in which a member was refused.
    refused: usize,
    /// States from which no such state can be reached.
    stuck: usize,
    /// What must never be, and was.
    broken: Option<String>,
}

/// Three members, the network between them, and what an outsider who sees everything knows.
#[derive(Clone, Debug)]
struct World {
    nodes: Vec<Node>,
    /// `Form` that was sent: cluster and to whom. From the first member, since nobody else sends it.
    forms: BTreeSet<(ClusterId, NodeId, u64)>,
    drawn: u8,
    crashes: u8,
    wipes: u8,
    /// Clusters whose log was initialised.
    initialised: BTreeSet<ClusterId>,
    /// Members of a cluster with an initialised log whose directory was wiped afterwards: their votes are gone.
    lost: BTreeSet<(ClusterId, NodeId)>,
}

#[derive(Clone, Debug)]
struct Node {
    phase: Phase,
    life: u64,
    /// None while it is down.
    machine: Option<Machine>,
    /// It ended because it must not go on; started again, it would only end again.
    refused: bool,
}

fn explore(bounds: &Bounds) -> Explored {
    let founders = ["gw-a", "gw-b", "gw-c"].map(founders);
    let first = World::new(&founders);
    let mut known = BTreeMap::from([(first.key(), 0)]);
    let mut before: Vec<Vec<usize>> = vec![Vec::new()];
    let mut waiting = VecDeque::from([first]);
    let mut explored = Explored::default();
    let mut formed = Vec::new();
    while let Some(world) = waiting.pop_front() {
        let number = known[&world.key()];
        explored.broken = explored.broken.or_else(|| world.broken());
        explored.refused += usize::from(world.nodes.iter().any(|node| node.refused));
        if world.has_formed() {
            formed.push(number);
        }
        for next in world.followers(&founders, bounds) {
            let index = *known.entry(next.key()).or_insert_with(|| {
                before.push(Vec::new());
                waiting.push_back(next);
                before.len() - 1
            });
            before[index].push(number);
        }
    }
    explored.states = known.len();
    explored.formed = formed.len();
    explored.stuck = known.len() - reached_backwards(&before, formed);
    explored
}

/// How many states lead to one of `ends`.
fn reached_backwards(before: &[Vec<usize>], ends: Vec<usize>) -> usize {
    let mut reached: BTreeSet<usize> = ends.iter().copied().collect();
    let mut waiting = ends;
    while let Some(state) = waiting.pop() {
        waiting.extend(before[state].iter().copied().filter(|earlier| reached.insert(*earlier)));
    }
    reached.len()
}

impl World {
    fn new(founders: &[Founders]) -> World {
        let node = |founders: &Founders| Node {
            phase: Phase::Empty,
            life: 1,
            refused: false,
            machine: Some(Machine::new(founders.clone(), Phase::Empty, 1)),
        };
        World {
            nodes: founders.iter().map(node).collect(),
            forms: BTreeSet::new(),
            drawn: 0,
            crashes: 0,
            wipes: 0,
            initialised: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    /// All that tells this world from another one, in few octets: clusters are numbered in their octets, lists are equal.
    fn key(&self) -> Vec<u8> {
        let id = |cluster: ClusterId| cluster.octets()[0];
        let phase = |phase: Phase| match phase {
            Phase::Empty => [0, 0],
            Phase::Drawn(cluster) => [1, id(cluster)],
            Phase::Joined(cluster) => [2, id(cluster)],
            Phase::Agreed(cluster) => [3, id(cluster)],
            Phase::Formed(cluster) => [4, id(cluster)],
        };
        let answer = |answer: &Answer| match answer {
            Answer::None(_) => [1, 0],
            Answer::HasId => [2, 0],
            Answer::Standing(standing) => match standing.stage {
                Stage::Empty => [3, standing.life as u8],
                Stage::Forming(cluster) => [4, id(cluster)],
                Stage::Formed(cluster) => [5, id(cluster)],
            },
        };
        let mut key = vec![self.drawn, self.crashes, self.wipes];
        for node in &self.nodes {
            key.extend(phase(node.phase));
            key.extend([node.life as u8, u8::from(node.refused)]);
            let answers = node.machine.as_ref().map(Machine::answers);
            let of = |node: u64| answers?.get(&NodeId(node)).map(answer);
            key.extend((1..=3).flat_map(|node| of(node).unwrap_or([0, u8::from(answers.is_none())])));
        }
        key.extend(self.forms.iter().flat_map(|(cluster, to, life)| [id(*cluster), to.0 as u8, *life as u8]));
        key.push(u8::MAX);
        key.extend(self.initialised.iter().map(|cluster| id(*cluster)));
        key.push(u8::MAX);
        key.extend(self.lost.iter().flat_map(|(cluster, node)| [id(*cluster), node.0 as u8]));
        key
    }

    fn followers(&self, founders: &[Founders], bounds: &Bounds) -> Vec<World> {
        let mut followers = Vec::new();
        for (index, founders) in founders.iter().enumerate() {
            match &self.nodes[index].machine {
                None if self.nodes[index].refused => {}
                None => followers.push(self.after(|world| world.restart(index, founders))),
                Some(machine) => {
                    if index == 0 || !bounds.only_first_asks || machine.phase() != Phase::Empty {
                        followers.extend(self.steps(index, &machine.step()));
                    }
                    if self.crashes < bounds.crashes {
                        followers.push(self.after(|world| {
                            world.crashes += 1;
                            world.nodes[index].machine = None;
                        }));
                    }
                    if self.wipes < bounds.wipes {
                        followers.push(self.after(|world| world.wipe(index)));
                    }
                }
            }
        }
        for (cluster, to, life) in &self.forms {
            followers.push(self.after(|world| {
                world.deliver(*cluster, *to, *life);
            }));
        }
        followers
    }

    /// What becomes of the node's own step: each answer, or none, is a world of its own.
    fn steps(&self, index: usize, step: &Step) -> Vec<World> {
        match step {
            Step::Ask(nodes) => self.asked(index, nodes),
            Step::Form(cluster, nodes) => self.formed_by(index, *cluster, nodes),
            Step::Draw => {
                let cluster = ClusterId::from_octets([self.drawn + 1; 16]);
                vec![self.after(|world| {
                    world.drawn += 1;
                    world.write(index, Phase::Drawn(cluster));
                })]
            }
            Step::Write(phase) => vec![self.after(|world| world.write(index, *phase))],
            Step::Wait(_) => vec![self.after(|world| world.machine(index, Machine::begin_round))],
            Step::Begin(begin) => vec![self.after(|world| world.begin(index, *begin))],
            Step::Refuse(_) => vec![self.after(|world| {
                world.nodes[index].refused = true;
                world.nodes[index].machine = None;
            })],
        }
    }

    /// One of `nodes` answers, or does not.
    fn asked(&self, index: usize, nodes: &[NodeId]) -> Vec<World> {
        let mut worlds = Vec::new();
        for node in nodes {
            let asking = self.nodes[index].machine.as_ref().expect("it asks").founders().founder();
            let asked = &self.nodes[place(*node)].machine;
            worlds.push(self.answered(index, *node, Answer::None("silent".to_owned())));
            if let Some(asked) = asked {
                let standing = asked.handle_probe(&asking, asked.founders().own_name().as_str());
                let standing = standing.expect("it is the one that is asked");
                worlds.push(self.answered(index, *node, Answer::Standing(standing)));
            }
        }
        worlds
    }

    /// `Form` goes to one of `nodes`: it is lost, or it comes and the answer is lost, or the answer comes too.
    fn formed_by(&self, index: usize, cluster: ClusterId, nodes: &[(NodeId, u64)]) -> Vec<World> {
        let mut worlds = Vec::new();
        for (node, life) in nodes {
            let sent = self.after(|world| {
                world.forms.insert((cluster, *node, *life));
            });
            worlds.push(sent.answered(index, *node, Answer::None("silent".to_owned())));
            let mut delivered = sent.clone();
            if delivered.deliver(cluster, *node, *life) {
                worlds.push(delivered.answered(index, *node, Answer::HasId));
            }
        }
        worlds
    }

    fn answered(&self, index: usize, from: NodeId, answer: Answer) -> World {
        self.after(|world| world.machine(index, |machine| machine.handle_answer(from, answer)))
    }

    /// Whether it was taken.
    fn deliver(&mut self, cluster: ClusterId, to: NodeId, life: u64) -> bool {
        let Some(machine) = &self.nodes[place(to)].machine else { return false };
        let to_name = machine.founders().own_name().to_string();
        let from = Founder { name: machine.founders().first_name().clone(), ..machine.founders().founder() };
        match machine.handle_form(&Forming { from, to: to_name, cluster, life }) {
            Ok(Some(phase)) => {
                self.write(place(to), phase);
                true
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    fn begin(&mut self, index: usize, begin: Begin) {
        let phase = self.nodes[index].phase;
        let cluster = phase.cluster().expect("who begins has a cluster");
        if begin == Begin::Initialise {
            self.initialised.insert(cluster);
        }
        if self.initialised.contains(&cluster) && !matches!(phase, Phase::Formed(_)) {
            self.write(index, Phase::Formed(cluster));
        }
    }

    fn write(&mut self, index: usize, phase: Phase) {
        self.nodes[index].phase = phase;
        self.machine(index, |machine| machine.handle_written(phase));
    }

    fn wipe(&mut self, index: usize) {
        self.wipes += 1;
        if let Some(cluster) = self.nodes[index].phase.cluster()
            && self.initialised.contains(&cluster)
        {
            self.lost.insert((cluster, node(index)));
        }
        let node = &mut self.nodes[index];
        (node.phase, node.machine) = (Phase::Empty, None);
    }

    fn restart(&mut self, index: usize, founders: &Founders) {
        let node = &mut self.nodes[index];
        node.life += 1;
        node.machine = Some(Machine::new(founders.clone(), node.phase, node.life));
    }

    fn has_formed(&self) -> bool {
        let Some(cluster) = self.initialised.first() else { return false };
        self.nodes.iter().all(|node| node.phase == Phase::Formed(*cluster))
    }

    /// What must never be.
    fn broken(&self) -> Option<String> {
        if self.initialised.len() > 1 {
            return Some(format!("two clusters have formed: {self:#?}"));
        }
        for (index, member) in self.nodes.iter().enumerate() {
            if let Some(cluster) = member.phase.cluster()
                && self.lost.contains(&(cluster, node(index)))
            {
                return Some(format!("a member without its votes is back: {self:#?}"));
            }
        }
        let elsewhere = |phase: Phase| matches!(phase, Phase::Agreed(cluster) | Phase::Formed(cluster) if !self.ids_held(cluster));
        let alone = self.wipes == 0 && self.nodes.iter().any(|node| elsewhere(node.phase));
        alone.then(|| format!("a cluster has formed without all of its members: {self:#?}"))
    }

    fn ids_held(&self, cluster: ClusterId) -> bool {
        self.nodes.iter().all(|node| node.phase.cluster() == Some(cluster))
    }

    fn machine(&mut self, index: usize, change: impl FnOnce(&mut Machine)) {
        if let Some(machine) = &mut self.nodes[index].machine {
            change(machine);
        }
    }

    fn after(&self, change: impl FnOnce(&mut World)) -> World {
        let mut world = self.clone();
        change(&mut world);
        world
    }
}

fn founders(own: &str) -> Founders {
    let text = format!(
        "[node]\nname = \"{own}\"\ndata_dir = \"/d\"\n[cluster]\nname = \"prod-sms\"\nmembers = [\
         {{ name = \"gw-a\", peer = \"a:1\", api = \"a:2\" }}, {{ name = \"gw-b\", peer = \"b:1\", api = \"b:2\" }},\
         {{ name = \"gw-c\", peer = \"c:1\", api = \"c:2\" }}]\n"
    );
    Founders::of(&Config::parse("f", &text).unwrap_or_else(|problems| panic!("{problems:?}")))
}

fn place(node: NodeId) -> usize {
    usize::try_from(node.0).expect("small") - 1
}

fn node(place: usize) -> NodeId {
    NodeId(place as u64 + 1)
}
