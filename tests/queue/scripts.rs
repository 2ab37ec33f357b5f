//! Stories: commands and the replies they must get, one file of `data/` for each row of the protocol.
//!
//! A line is `what is said or asked => the answer`. `m1` is a message, `A:1` the device A with the SIM 1, `5/2` the
//! attempt at part 2 under claim 5. `+90s` lets time pass (and says `Tick`). `#` begins a comment. Between any two
//! lines the invariants hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid::model::{
    Address, Alphabet, Attempt, Call, CallEnd, Cause, Content, Disposition, Doubt, Epoch, Imei, Imsi,
    MessageId, MessageState, ModemIdentity, Name, NodeId, NotWrittenReason, OpenNumber, Origin, Part,
    PartNumber, PartOutcome, Payload, Position, Priority, ReadyNumber, Refusal, RegistrationId, ResendLimit,
    SendOptions, SessionId, StartNumber, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::{
    Body, CancelReply, Command, DiscardReply, Event, Failure, HoldReply, IdempotencyKey, PinLost, Policy,
    Queue, ReadyReply, Rearm, RegisterReply, Reply, RetryReply, Route, SessionReply, StartReply, StateCause,
    Step, Submit, Verdict, WaitingFor, digest, invariants,
};

#[test]
fn every_story_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queue/data");
    let entries = std::fs::read_dir(&folder).expect("the stories are there");
    let mut stories: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    stories.sort();
    assert!(stories.len() >= 20, "only {} stories", stories.len());

    let mut faults = Vec::new();
    for path in stories {
        let text = std::fs::read_to_string(&path).expect("a story is text");
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        faults.extend(Story::new().tell(&text).err().map(|fault| format!("{file}:{fault}")));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

struct Story {
    queue: Queue,
    now: Timestamp,
    index: u64,
    claimed: Vec<String>,
    /// Where dead letters stood when they were last listed, as text.
    places: BTreeMap<String, String>,
}

/// The words of a line: those without `=` in order, the others by name.
struct Words<'a> {
    plain: Vec<&'a str>,
    named: BTreeMap<&'a str, &'a str>,
}

impl Story {
    fn new() -> Story {
        let now = Timestamp::from_unix_millis(1_700_000_000_000);
        Story {
            queue: Queue::new(Policy::default()),
            now,
            index: 0,
            claimed: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    fn tell(&mut self, text: &str) -> Result<(), String> {
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let at = |fault: String| format!("{}: {line}: {fault}", number + 1);
            let (said, expected) = line.split_once("=>").unwrap_or((line, ""));
            let answer = self.line(said.trim()).map_err(at)?;
            if line.contains("=>") && answer != expected.trim() {
                return Err(at(format!("it was {answer:?}")));
            }
            invariants::check(&self.queue).map_err(|violation| at(violation.to_string()))?;
        }
        Ok(())
    }

    fn line(&mut self, said: &str) -> Result<String, String> {
        let words = Words::new(said);
        if let Some(wait) = words.plain[0].strip_prefix('+') {
            self.now = self.now + span(wait)?;
            return Ok(self.say("leader", Body::Tick));
        }
        match words.plain[0] {
            "message" => self.message(&words),
            "waits" => self.waits(&words),
            "attempt" => Ok(format!("{:?}", self.queue.attempt(words.attempt(1)?))),
            "modem" => self.modem(&words),
            "node" => self.node(&words),
            "history" => self.history(&words),
            "in_state" => self.in_state(&words),
            "oldest" => Ok(match self.queue.oldest_waiting() {
                Some(since) => format!("{}s", self.queue.now().since(since).as_secs()),
                None => "none".to_owned(),
            }),
            "dead_letters" => self.dead_letters(words.named.get("after").copied()),
            "claimed" => Ok(std::mem::take(&mut self.claimed).join(" ")),
            "policy" => {
                let policy = policy(self.queue.policy().clone(), &words)?;
                Ok(self.say("ops", Body::SetPolicy(policy)))
            }
            _ => {
                let body = self.body(&words)?;
                Ok(self.say(words.named.get("client").unwrap_or(&"client"), body))
            }
        }
    }

    /// From behind where another stood on.
    fn dead_letters(&mut self, after: Option<&str>) -> Result<String, String> {
        let place = |after: &str| self.places.get(after).and_then(|place| place.parse().ok());
        let after = after.map(|after| place(after).ok_or(format!("{after} has no place"))).transpose()?;
        let letters = self.queue.dead_letters_after(after);
        let placed: Vec<_> = letters.map(|(place, record)| (short(record.id), place.to_string())).collect();
        self.places.extend(placed.iter().cloned());
        let names: Vec<_> = placed.into_iter().map(|(name, _)| name).collect();
        Ok(if names.is_empty() { "none".to_owned() } else { names.join(" ") })
    }

    fn say(&mut self, client: &str, body: Body) -> String {
        self.index += 1;
        let command = Command { client: name(client), now: self.now, body };
        let mut events = Vec::new();
        let reply = self.queue.apply(Position { index: self.index, offset: 0 }, &command, &mut events);
        for event in events {
            if let Event::Claimed { registration, epoch, message, .. } = event {
                self.claimed.push(format!("{}@{registration}={epoch}", short(message)));
            }
        }
        answer(reply)
    }

    fn body(&self, words: &Words<'_>) -> Result<Body, String> {
        let registration = || words.number(1).map(RegistrationId);
        Ok(match words.plain[0] {
            "submit" => Body::Submit(Box::new(self.submit(words)?)),
            "register_session" => Body::RegisterSession {
                node: NodeId(words.number(1)?),
                start: StartNumber(words.get("start")?),
            },
            "expire_session" => Body::ExpireSession { session: SessionId(words.number(1)?) },
            "register_modem" => Body::RegisterModem {
                session: SessionId(words.get("session")?),
                open: OpenNumber(words.get("open")?),
                identity: words.identity(1)?,
                name: name(words.named.get("name").copied().unwrap_or_else(|| &words.plain[1][..1])),
                carries: words.tags(),
                prefers: words.names("prefers").collect(),
            },
            "unregister_modem" => {
                Body::UnregisterModem { registration: registration()?, force: words.plain.contains(&"force") }
            }
            "ready" => Body::Ready { registration: registration()?, seq: ReadyNumber(words.get("seq")?) },
            "withdraw" => {
                Body::Withdraw { registration: registration()?, seq: ReadyNumber(words.get("seq")?) }
            }
            "start" => Body::Start { attempt: words.attempt(1)? },
            "outcome" => Body::Outcome {
                attempt: words.attempt(1)?,
                outcome: outcome(words.plain.get(2).copied().unwrap_or_default())?,
                next: words.named.get("next").map(|_| words.get("next")).transpose()?.map(PartNumber),
                rearm: words.rearm()?,
            },
            "not_written" => {
                Body::NotWritten { attempt: words.attempt(1)?, reason: reason(words.plain.get(2).copied())? }
            }
            "resolve" => Body::Resolve {
                message: words.message(1)?,
                part: PartNumber(words.get("part")?),
                verdict: if words.plain.contains(&"sent") { Verdict::Sent } else { Verdict::NotSent },
            },
            "cancel" => Body::Cancel { message: words.message(1)? },
            "hold" => Body::Hold { message: words.message(1)? },
            "release" => Body::Release { message: words.message(1)? },
            "retry" => Body::Retry { message: words.message(1)?, generation: words.get("generation")? },
            "discard" => Body::Discard { message: words.message(1)?, generation: words.get("generation")? },
            "told" => Body::Told {
                node: NodeId(words.number(1)?),
                up_to: Position { index: words.get("up_to")?, offset: 0 },
            },
            "block_modem" => Body::BlockModem { modem: name(words.plain[1]) },
            "unblock_modem" => Body::UnblockModem { modem: name(words.plain[1]) },
            unknown => return Err(format!("no command {unknown}")),
        })
    }

    fn submit(&self, words: &Words<'_>) -> Result<Submit, String> {
        let part = |number, units| Part {
            number: PartNumber(number),
            user_data: UserData {
                data_coding: 0,
                header: Vec::new(),
                payload: Payload::Septets(vec![65; units]),
            },
        };
        let later =
            |name| words.named.get(name).map(|wait| span(wait).map(|wait| self.now + wait)).transpose();
        let priority = match words.named.get("priority").copied() {
            Some("emergency") => Priority::Emergency,
            Some("high") => Priority::High,
            Some("bulk") => Priority::Bulk,
            _ => Priority::Normal,
        };
        let uncertain = match words.named.get("uncertain").copied() {
            Some("hold") => UncertainPolicy::Hold,
            Some("fail") => UncertainPolicy::Fail,
            _ => UncertainPolicy::Resend,
        };
        let call = words
            .named
            .get("call")
            .map(|tones| Box::new(Call { tones: (*tones).to_owned(), rounds: 3, wait_seconds: None }));
        let parts = words.named.get("parts").map_or(Ok(1), |_| words.get("parts"))?;
        let mut submit = Submit {
            id: words.message(1)?,
            key: words.named.get("key").and_then(|key| IdempotencyKey::new(key).ok()),
            digest: smsgrid::queue::Digest([0; 16]),
            content: Content {
                destination: Address::international(words.named.get("to").unwrap_or(&"15550001"))
                    .map_err(|e| e.to_string())?,
                alphabet: Alphabet::GSM7,
                parts: (1..=parts).map(|number| part(number, if call.is_some() { 0 } else { 1 })).collect(),
                options: SendOptions::default(),
                call,
            },
            origin: Origin::Api,
            priority,
            uncertain,
            resend_limit: ResendLimit(words.named.get("resends").map_or(Ok(1), |_| words.get("resends"))?),
            not_before: later("after")?,
            deadline: later("deadline")?,
            route: Route { modem: words.named.get("modem").map(|modem| name(modem)), tags: words.tags() },
            attempts_max: words.named.get("attempts").map(|_| words.get("attempts")).transpose()?,
        };
        submit.digest = digest(&submit);
        Ok(submit)
    }

    fn message(&self, words: &Words<'_>) -> Result<String, String> {
        let Some(record) = self.queue.message(words.message(1)?) else { return Ok("unknown".to_owned()) };
        let cause = match record.cause() {
            Some(StateCause::Failed(failure)) => match failure {
                Failure::Refused(_) => " refused",
                Failure::AttemptsUsed(_) => " attempts_used",
                Failure::Poison => " poison",
                Failure::Partial => " partial",
                Failure::Uncertain => " uncertain",
            },
            Some(_) | None => "",
        };
        let duplicate = if record.possible_duplicate { " possible_duplicate" } else { "" };
        Ok(format!("{}{cause}{duplicate}", record.state()))
    }

    fn waits(&self, words: &Words<'_>) -> Result<String, String> {
        let seconds = |until: Timestamp| until.since(self.queue.now()).as_secs();
        Ok(match self.queue.waiting_for(words.message(1)?) {
            None => "for nothing".to_owned(),
            Some(WaitingFor::Schedule(at)) => format!("schedule {}s", seconds(at)),
            Some(WaitingFor::Retry(_)) => "retry".to_owned(),
            Some(WaitingFor::Person) => "person".to_owned(),
            Some(WaitingFor::Verdict) => "verdict".to_owned(),
            Some(WaitingFor::Evidence(until)) => format!("evidence {}s", seconds(until)),
            Some(WaitingFor::Sim(_)) => "sim".to_owned(),
            Some(WaitingFor::OtherModem(until)) => format!("other modem {}s", seconds(until)),
            Some(WaitingFor::Modem) => "modem".to_owned(),
            Some(WaitingFor::Route) => "route".to_owned(),
        })
    }

    /// The steps of a message: state, node and modem of the claim it is about, why.
    fn history(&self, words: &Words<'_>) -> Result<String, String> {
        let Some(record) = self.queue.message(words.message(1)?) else { return Ok("unknown".to_owned()) };
        let step = |step: Step| {
            let owner = step.node.zip(step.modem).map(|(node, modem)| format!(" {node}/{modem}"));
            let why = step.why.map(|why| format!(" {why:?}"));
            format!("{}{}{}", step.state, owner.unwrap_or_default(), why.unwrap_or_default())
        };
        Ok(record.history().into_iter().map(step).collect::<Vec<_>>().join(", "))
    }

    fn in_state(&self, words: &Words<'_>) -> Result<String, String> {
        let word = words.word(1)?;
        let state =
            MessageState::ALL.into_iter().find(|state| state.word() == word).ok_or("no such state")?;
        Ok(self.queue.in_state(state).map(|record| short(record.id)).collect::<Vec<_>>().join(" "))
    }

    /// What is remembered of a node: how long it has been without a session, and what another one told for it.
    fn node(&self, words: &Words<'_>) -> Result<String, String> {
        let node = self.queue.node(NodeId(words.number(1)?)).ok_or("no such node")?;
        let state = node.lost.map_or_else(
            || "has a session".to_owned(),
            |lost| format!("lost for {}s", self.queue.now().since(lost).as_secs()),
        );
        Ok(format!("{state}, told up to {}", node.told.index))
    }

    fn modem(&self, words: &Words<'_>) -> Result<String, String> {
        let Some(modem) = self.queue.registration(RegistrationId(words.number(1)?)) else {
            return Ok("none".to_owned());
        };
        Ok(match modem.claim {
            Some(epoch) => format!("claim {epoch}"),
            None if modem.armed => "armed".to_owned(),
            None => "unarmed".to_owned(),
        })
    }
}

impl<'a> Words<'a> {
    fn new(said: &'a str) -> Words<'a> {
        let (named, plain): (Vec<&str>, Vec<&str>) =
            said.split_whitespace().partition(|word| word.contains('='));
        Words { plain, named: named.into_iter().filter_map(|word| word.split_once('=')).collect() }
    }

    fn get<T: std::str::FromStr>(&self, key: &str) -> Result<T, String> {
        self.named.get(key).and_then(|value| value.parse().ok()).ok_or(format!("{key}= is wanted"))
    }

    fn word(&self, at: usize) -> Result<&'a str, String> {
        self.plain.get(at).copied().ok_or(format!("word {at} is wanted"))
    }

    fn number(&self, at: usize) -> Result<u64, String> {
        self.word(at)?.parse().map_err(|_| format!("word {at} is to be a number"))
    }

    fn message(&self, at: usize) -> Result<MessageId, String> {
        let number = self.word(at)?.strip_prefix('m').and_then(|number| number.parse().ok());
        number.map(|number: u8| MessageId::from_bytes([number; 16])).ok_or("m1 is a message".to_owned())
    }

    fn attempt(&self, at: usize) -> Result<Attempt, String> {
        let (epoch, part) = self.word(at)?.split_once('/').ok_or("5/2 is an attempt")?;
        let epoch = Epoch(epoch.parse().map_err(|_| "an epoch is a number")?);
        Ok(Attempt { epoch, part: PartNumber(part.parse().map_err(|_| "a part is a number")?) })
    }

    fn identity(&self, at: usize) -> Result<ModemIdentity, String> {
        let (device, sim) = self.word(at)?.split_once(':').ok_or("A:1 is a modem")?;
        let imei = Imei::new(&format!("{:015}", u64::from(device.as_bytes()[0])));
        let imsi = Imsi::new(&format!("{sim:0>15}"));
        imei.zip(imsi).map(|(imei, imsi)| ModemIdentity { imei, imsi }).ok_or("A:1 is a modem".to_owned())
    }

    fn tags(&self) -> smsgrid::queue::Tags {
        self.names("tags").collect()
    }

    fn names(&self, word: &str) -> impl Iterator<Item = Name> {
        self.named.get(word).into_iter().flat_map(|names| names.split(',')).map(name)
    }

    fn rearm(&self) -> Result<Option<Rearm>, String> {
        let Some(rearm) = self.named.get("rearm") else { return Ok(None) };
        let (registration, seq) = rearm.split_once(':').ok_or("rearm=registration:seq")?;
        let number = |text: &str| text.parse().map_err(|_| "rearm has two numbers".to_owned());
        Ok(Some(Rearm {
            registration: RegistrationId(number(registration)?),
            seq: ReadyNumber(number(seq)?),
            start: self.named.contains_key("start"),
        }))
    }
}

fn answer(reply: Reply) -> String {
    match reply {
        Reply::Accepted { id, state, replayed } => {
            format!("{} {} {state}", if replayed { "replayed" } else { "accepted" }, short(id))
        }
        Reply::KeyReused { id } => format!("key_reused {}", short(id)),
        Reply::Full => "full".to_owned(),
        Reply::Rejected { reason } => format!("rejected {reason:?}"),
        Reply::Session(SessionReply::Registered(id)) => format!("session {id}"),
        Reply::Session(SessionReply::Used) => "used".to_owned(),
        Reply::Modem(RegisterReply::Registered(id)) => format!("registered {id}"),
        Reply::Modem(RegisterReply::Held(node)) => format!("held {node}"),
        Reply::Modem(RegisterReply::Stale) | Reply::Ready(ReadyReply::Stale) => "stale".to_owned(),
        Reply::Ready(ReadyReply::Done) | Reply::Done => "done".to_owned(),
        Reply::Withdrawn(None) => "withdrawn".to_owned(),
        Reply::Withdrawn(Some(epoch)) => format!("withdrawn claim {epoch}"),
        Reply::Start(StartReply::Go) => "go".to_owned(),
        Reply::Start(StartReply::PartSent) => "part_sent".to_owned(),
        Reply::Start(StartReply::Closed) => "closed".to_owned(),
        Reply::Outcome { next_started, armed, .. } => {
            let told = [(true, "recorded"), (next_started, "next_started"), (armed, "armed")];
            told.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
        }
        Reply::Busy => "busy".to_owned(),
        Reply::Cancel(CancelReply::Canceled) => "canceled".to_owned(),
        Reply::Cancel(CancelReply::TooLate(state)) | Reply::Hold(HoldReply::TooLate(state)) => {
            format!("too_late {state}")
        }
        Reply::Hold(HoldReply::Held) => "held".to_owned(),
        Reply::Retry(RetryReply::Retried) => "retried".to_owned(),
        Reply::Discard(DiscardReply::Discarded) => "discarded".to_owned(),
        Reply::Retry(RetryReply::Refused(state)) | Reply::Discard(DiscardReply::Refused(state)) => {
            format!("refused {state}")
        }
        Reply::NoMessage => "no_message".to_owned(),
    }
}

fn outcome(word: &str) -> Result<PartOutcome, String> {
    let refused = |disposition| PartOutcome::Refused(Refusal { cause: Cause::Cms(42), disposition });
    Ok(match word {
        "sent" => PartOutcome::Sent { message_reference: 7, service_centre_time: None },
        "called" => PartOutcome::Called(CallEnd::Busy),
        "temporary" => refused(Disposition::Temporary),
        "permanent" => refused(Disposition::Permanent),
        "fault" => refused(Disposition::ModemFault),
        "silent" => PartOutcome::Uncertain(Doubt::Silent),
        unknown => return Err(format!("no outcome {unknown}")),
    })
}

fn reason(word: Option<&str>) -> Result<NotWrittenReason, String> {
    Ok(match word {
        None | Some("lease") => NotWrittenReason::LeaseLost,
        Some("prompt") => NotWrittenReason::NoPrompt,
        Some("draining") => NotWrittenReason::Draining,
        Some(unknown) => return Err(format!("no reason {unknown}")),
    })
}

fn policy(mut policy: Policy, words: &Words<'_>) -> Result<Policy, String> {
    for (key, value) in &words.named {
        let number = || value.parse().map_err(|_| format!("{key} is a number"));
        match *key {
            "messages_max" => policy.messages_max = number()?,
            "routes_max" => policy.routes_max = number()?,
            "retained_max" => policy.retained_max = number()?,
            "keys_max" => policy.keys_max = number()?,
            "keys_per_client_max" => policy.keys_per_client_max = number()?,
            "parts_max" => policy.parts_max = value.parse().map_err(|_| "a number")?,
            "faults_max" => policy.faults_max = value.parse().map_err(|_| "a number")?,
            "attempts_max" => policy.attempts_max = value.parse().map_err(|_| "a number")?,
            "ageing_interval" => policy.ageing_interval = span(value)?,
            "retention" => policy.retention = span(value)?,
            "keys_retention" => policy.keys_retention = span(value)?,
            "pin_timeout" => policy.pin_timeout = span(value)?,
            "pin_lost" if *value == "restart" => policy.pin_lost = PinLost::RestartWhole,
            unknown => return Err(format!("no policy {unknown}")),
        }
    }
    Ok(policy)
}

fn span(text: &str) -> Result<Duration, String> {
    let number = |text: &str| text.parse().map_err(|_| format!("{text} is no number"));
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(ms), _) => number(ms).map(Duration::from_millis),
        (None, Some(seconds)) => number(seconds).map(Duration::from_secs),
        (None, None) => Err(format!("{text} is no span")),
    }
}

fn short(message: MessageId) -> String {
    format!("m{}", message.to_bytes()[0])
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}
