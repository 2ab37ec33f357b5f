//! Images: what is restored is the same now and ever after, and hostile octets are refused.

use std::collections::BTreeMap;
use std::path::Path;

use cbor4ii::core::Value;
use smsgrid::model::{
    Address, Alphabet, Attempt, Content, Epoch, Imei, Imsi, MessageId, ModemIdentity, Name, NodeId,
    OpenNumber, Origin, Part, PartNumber, PartOutcome, Payload, Position, Priority, ReadyNumber,
    RegistrationId, ResendLimit, SendOptions, SessionId, StartNumber, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::{Body, Command, Digest, IdempotencyKey, ImageError, Policy, Queue, Route, Submit};

use crate::frames::{HEAD, MESSAGE, put_together, take_apart, written};
use crate::sim::random::Random;
use crate::sim::{ALL_FAULTS, LATE_ANSWERS, Setup, World};

/// Octets of a slot before its value.
const SLOT: usize = 4;

#[test]
fn what_is_restored_goes_on_as_if_it_had_never_stopped() {
    for (seed, faults) in [(1, ALL_FAULTS), (2, LATE_ANSWERS), (3, ALL_FAULTS)] {
        let world = story(seed, faults);
        let mut queue = Queue::new(world.setup.policy.clone());
        let mut replica = queue.clone();
        for (index, command) in world.commands().enumerate() {
            let position = Position { index: index as u64 + 1, offset: 0 };
            if index % 37 == 0 {
                replica = restored(&written(&replica)).expect("just written");
                assert_eq!(replica.fingerprint(), queue.fingerprint(), "seed {seed}, entry {index}");
            }
            let (mut events, mut of_replica) = (Vec::new(), Vec::new());
            let reply = queue.apply(position, command, &mut events);

            assert_eq!(replica.apply(position, command, &mut of_replica), reply, "seed {seed}: {command:?}");
            assert_eq!(of_replica, events, "seed {seed}, entry {index}: {:?}", command.body);
        }
        assert_eq!(replica.fingerprint(), queue.fingerprint(), "seed {seed}");
        assert_eq!(written(&replica), written(&queue), "seed {seed}");
    }
}

#[test]
fn an_image_stays_as_it_was_while_commands_go_on() {
    let world = story(4, ALL_FAULTS);
    let mut queue = Queue::new(world.setup.policy.clone());
    let mut images = Vec::new();
    for (index, command) in world.commands().enumerate() {
        if index % 101 == 0 {
            images.push((queue.image(), written(&queue), queue.fingerprint()));
        }
        queue.apply(Position { index: index as u64 + 1, offset: 0 }, command, &mut Vec::new());
    }

    assert!(images.len() > 5, "a story has many commands");
    for (image, octets, fingerprint) in images {
        let mut late = Vec::new();
        image.write(&mut late).expect("a vector takes all octets");
        assert!(late == octets, "an image has changed with the queue");
        assert_eq!(restored(&late).map(|queue| queue.fingerprint()).ok(), Some(fingerprint));
    }
}

#[test]
fn the_form_of_an_image_is_as_ever() {
    let octets = written(&small());
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("queue/golden/image.hex");
    if std::env::var_os("QUEUE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{hex}\n")).expect("the folder is there");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();

    assert_eq!(hex, golden.trim_end(), "an image on disk is not written like this any more");
    assert_eq!(restored(&octets).map(|queue| queue.fingerprint()).ok(), Some(small().fingerprint()));
}

#[test]
fn an_image_cut_short_anywhere_is_refused() {
    let octets = written(&small());
    for end in 0..octets.len() {
        let fault = restored(&octets[..end]);
        assert!(matches!(fault, Err(ImageError::Truncated { .. })), "{end} octets: {fault:?}");
    }
}

#[test]
fn an_image_damaged_anywhere_is_refused() {
    let octets = written(&small());
    for at in 0..octets.len() {
        for bit in 0..8 {
            let mut damaged = octets.clone();
            damaged[at] ^= 1 << bit;
            assert!(restored(&damaged).is_err(), "bit {bit} of octet {at}");
        }
    }
}

#[test]
fn an_image_of_a_later_form_is_refused_by_that_name() {
    let mut octets = written(&small());
    octets[4] = 2;
    assert!(matches!(restored(&octets), Err(ImageError::Format { found: 2 })));
    octets[0] = b'X';
    assert!(matches!(restored(&octets), Err(ImageError::Magic { found: [b'X', b'M', b'S', b'Q'] })));
}

#[test]
fn octets_after_the_end_are_refused() {
    let mut octets = written(&small());
    octets.push(0);
    assert!(matches!(restored(&octets), Err(ImageError::Trailing { .. })));
}

#[test]
fn frames_left_out_repeated_or_moved_are_refused() {
    let frames = take_apart(&written(&small()));
    assert_eq!(put_together(&frames), written(&small()), "taken apart and put together");
    for at in 0..frames.len() {
        let mut fewer = frames.clone();
        let frame = fewer.remove(at);
        let mut more = frames.clone();
        more.insert(at, frame);
        let mut moved = frames.clone();
        moved.swap(at, (at + 1) % frames.len());

        for (what, wrong) in [("left out", fewer), ("repeated", more), ("moved", moved)] {
            assert!(restored(&put_together(&wrong)).is_err(), "frame {at} {what}");
        }
    }
}

#[test]
fn a_length_that_promises_more_than_there_is_is_refused() {
    let octets = written(&small());
    for length in [u32::MAX, 1 << 26, 1 << 25] {
        let mut promising = octets.clone();
        promising[6..10].copy_from_slice(&length.to_be_bytes());
        let fault = restored(&promising);
        let refused = matches!(fault, Err(ImageError::Truncated { .. } | ImageError::Frame { .. }));
        assert!(refused, "{length}: {fault:?}");
    }
}

#[test]
fn a_message_in_a_slot_far_away_is_refused() {
    let mut frames = take_apart(&written(&small()));
    let last = frames.iter_mut().rfind(|(kind, _)| *kind == MESSAGE).expect("there is a message");
    last.1[..SLOT].copy_from_slice(&0xFFFF_FFF0u32.to_be_bytes());

    assert!(matches!(restored(&put_together(&frames)), Err(ImageError::Contradiction { .. })));
}

#[test]
fn a_counter_at_its_end_is_refused() {
    for counter in
        ["last_session", "last_registration", "last_epoch", "last_order", "last_armed", "last_lane"]
    {
        let mut frames = take_apart(&written(&small()));
        let (_, body) = frames.iter_mut().find(|(kind, _)| *kind == HEAD).expect("there is a head");
        let mut head: Value = cbor4ii::serde::from_slice(body).expect("just written");
        let Value::Map(entries) = &mut head else { panic!("a map") };
        for (name, value) in entries.iter_mut().filter(|(name, _)| *name == Value::Text(counter.to_owned())) {
            assert!(matches!(value, Value::Integer(_)), "{name:?}");
            *value = Value::Integer(i128::from(u64::MAX));
        }
        *body = cbor4ii::serde::to_vec(Vec::new(), &head).expect("a value has a written form");

        let fault = restored(&put_together(&frames));
        assert!(matches!(fault, Err(ImageError::Contradiction { .. })), "{counter}: {fault:?}");
    }
}

/// Checksums are right, everything else is as an enemy likes it. What is taken after all is a state that can be, with
/// another past, and no command panics in it.
#[test]
fn a_forged_image_is_refused_or_harmless() {
    let world = story(5, ALL_FAULTS);
    let commands: Vec<&Command> = world.commands().collect();
    let mut queue = Queue::new(world.setup.policy.clone());
    let half = commands.len() / 2;
    let at = |index: usize| Position { index: index as u64 + 1, offset: 0 };
    for (index, command) in commands[..half].iter().enumerate() {
        queue.apply(at(index), command, &mut Vec::new());
    }
    let frames = take_apart(&written(&queue));
    let mut random = Random::new(7);
    let mut told: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..1500 {
        let mut forged = frames.clone();
        for _ in 0..=random.below(2) {
            let frame = random.below(forged.len());
            forge(&mut random, &mut forged[frame].1, usize::from(frames[frame].0 != HEAD) * SLOT);
        }
        let taken = restored(&put_together(&forged));
        *told.entry(name_of(&taken)).or_insert(0) += 1;
        let Ok(mut queue) = taken else { continue };
        for (index, command) in commands[half..].iter().enumerate().take(60) {
            queue.apply(at(half + index), command, &mut Vec::new());
        }
    }
    let wanted = ["taken", "body", "contradiction", "violated"];
    assert!(wanted.iter().all(|what| told.contains_key(what)), "{told:?}");
}

/// Changes one value somewhere, or one octet.
fn forge(random: &mut Random, body: &mut Vec<u8>, offset: usize) {
    let value = body.get(offset..).and_then(|octets| cbor4ii::serde::from_slice::<Value>(octets).ok());
    let Some(mut value) = value.filter(|_| random.chance(85)) else {
        let at = random.below(body.len());
        body[at] = random.next() as u8;
        return;
    };
    forge_value(random, &mut value);
    body.truncate(offset);
    body.extend(cbor4ii::serde::to_vec(Vec::new(), &value).expect("a value has a written form"));
}

fn forge_value(random: &mut Random, value: &mut Value) {
    match value {
        Value::Map(entries) if !entries.is_empty() && random.chance(95) => {
            let entry = random.below(entries.len());
            match random.below(12) {
                0 => drop(entries.remove(entry)),
                1 => forge_value(random, &mut entries[entry].0),
                _ => forge_value(random, &mut entries[entry].1),
            }
        }
        Value::Array(elements) if !elements.is_empty() && random.chance(95) => {
            let element = random.below(elements.len());
            match random.below(12) {
                0 => drop(elements.remove(element)),
                1 => elements.push(elements[element].clone()),
                _ => forge_value(random, &mut elements[element]),
            }
        }
        Value::Integer(number) => {
            let other = [*number + 1, *number - 1, 0, 1, 255, i128::from(u32::MAX), i128::from(u64::MAX)];
            *number = other[random.below(other.len())];
        }
        Value::Bool(flag) => *flag = !*flag,
        Value::Bytes(octets) if !octets.is_empty() => octets[0] = random.next() as u8,
        Value::Text(text) => {
            let other = ["Sent", "Queued", "Claimed", "Uncertain", "InFlight", "NotAired", "failed", "x"];
            *text = other[random.below(other.len())].to_owned();
        }
        Value::Null => *value = Value::Integer(i128::from(random.below(3) as u64)),
        other => *other = Value::Null,
    }
}

fn name_of(taken: &Result<Queue, ImageError>) -> &'static str {
    match taken {
        Ok(_) => "taken",
        Err(ImageError::Read(_)) => "read",
        Err(ImageError::Magic { .. } | ImageError::Format { .. }) => "form",
        Err(ImageError::Truncated { .. } | ImageError::Trailing { .. }) => "length",
        Err(ImageError::Checksum { .. } | ImageError::Frame { .. }) => "frame",
        Err(ImageError::Body { .. }) => "body",
        Err(ImageError::Contradiction { .. }) => "contradiction",
        Err(ImageError::Violated(_)) => "violated",
    }
}

fn restored(octets: &[u8]) -> Result<Queue, ImageError> {
    let mut input = octets;
    Queue::restore(&mut input)
}

fn story(seed: u64, faults: crate::sim::Faults) -> World {
    Setup::new(seed, faults).run().unwrap_or_else(|broken| panic!("{broken}"))
}

/// A state with something of everything: a claim with a part in flight, a waiting message, a forgotten one, keys, and
/// empty slots.
fn small() -> Queue {
    let mut queue = Queue::new(Policy { retained_max: 1, ..Policy::default() });
    let name = |text: &str| Name::new(text).expect("a legal name");
    let now = Timestamp::from_unix_millis(1_700_000_000_000);
    let identity = ModemIdentity {
        imei: Imei::new("490154203237518").expect("15 digits"),
        imsi: Imsi::new("262011234567890").expect("15 digits"),
    };
    let attempt = |epoch| Attempt { epoch: Epoch(epoch), part: PartNumber(1) };
    let sent = PartOutcome::Sent { message_reference: 9, service_centre_time: Some(now) };
    let ready = |seq| Body::Ready { registration: RegistrationId(1), seq: ReadyNumber(seq) };
    let said = |epoch| Body::Outcome { attempt: attempt(epoch), outcome: sent, next: None, rearm: None };
    let bodies = vec![
        Body::RegisterSession { node: NodeId(1), start: StartNumber(3) },
        Body::RegisterModem {
            session: SessionId(1),
            open: OpenNumber(1),
            identity,
            name: name("gsm1"),
            carries: [name("mass")].into(),
            prefers: Vec::new(),
        },
        submit(1, 1, None),
        submit(2, 1, None),
        submit(3, 2, Some(now + std::time::Duration::from_secs(60))),
        submit(4, 1, None),
        ready(1),
        Body::Start { attempt: attempt(1) },
        said(1),
        ready(2),
        Body::Start { attempt: attempt(2) },
        said(2),
        ready(3),
        Body::Start { attempt: attempt(3) },
        submit(5, 2, None),
        Body::Cancel { message: MessageId::from_bytes([3; 16]) },
        Body::BlockModem { modem: name("gsm7") },
    ];
    for (index, body) in bodies.into_iter().enumerate() {
        let command = Command { client: name("shop"), now, body };
        queue.apply(Position { index: index as u64 + 1, offset: 0 }, &command, &mut Vec::new());
    }
    queue.apply(
        Position { index: 99, offset: 0 },
        &Command { client: name("leader"), now, body: Body::Tick },
        &mut Vec::new(),
    );
    queue
}

fn submit(number: u8, parts: u8, not_before: Option<Timestamp>) -> Body {
    let part = |number| Part {
        number: PartNumber(number),
        user_data: UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(vec![65; 3]) },
    };
    Body::Submit(Box::new(Submit {
        id: MessageId::from_bytes([number; 16]),
        key: IdempotencyKey::new(&format!("order {number}")).ok(),
        digest: Digest([number; 16]),
        content: Content {
            destination: Address::international("358401234567").expect("12 digits"),
            alphabet: Alphabet::GSM7,
            parts: (1..=parts).map(part).collect(),
            options: SendOptions::default(),
            call: None,
        },
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: UncertainPolicy::Resend,
        resend_limit: ResendLimit(1),
        not_before,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    }))
}
