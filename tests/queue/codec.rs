//! The form of a log entry: golden octets, what is skipped and refused, and hostile octets.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use smsgrid::model::{
    Address, Alphabet, Attempt, Call, CallEnd, Cause, Content, Disposition, Doubt, Epoch, Imei, Imsi,
    Language, MessageClass, MessageId, ModemIdentity, Name, NodeId, NotWrittenReason, OpenNumber, Origin,
    Part, PartNumber, PartOutcome, Payload, Position, Priority, ProtocolIdentifier, ReadyNumber, Refusal,
    RegistrationId, ResendLimit, SendOptions, SessionId, StartNumber, Timestamp, UncertainPolicy, UserData,
    ValidityPeriod,
};
use smsgrid::queue::codec::{CodecError, Decoded, decode_entry, encode_entry, stamp};
use smsgrid::queue::{Body, Command, IdempotencyKey, PinLost, Policy, Rearm, Route, Submit, Verdict, digest};

/// Octets of an entry before its first command, and of a command before its flags and its client's length.
const ENTRY_HEADER: usize = 5;
const FLAGS: usize = ENTRY_HEADER + 3;

#[test]
fn every_command_is_written_as_ever() {
    for (name, command) in commands() {
        let hex: String = encode_entry(&[command]).iter().map(|octet| format!("{octet:02x}")).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("queue/golden/{name}.hex"));
        if std::env::var_os("QUEUE_GOLDEN").is_some() {
            std::fs::write(&path, format!("{hex}\n")).expect("the folder is there");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();

        assert_eq!(hex, golden.trim_end(), "{name}: an entry on disk is not written like this any more");
    }
}

#[test]
fn every_command_reads_back_as_it_was() {
    let all: Vec<Command> = commands().into_iter().map(|(_, command)| command).collect();

    let decoded = decode_entry(&encode_entry(&all)).expect("just written");

    let expected: Vec<Decoded> = all.into_iter().map(Decoded::Command).collect();
    assert_eq!(decoded, expected);
}

#[test]
fn an_unknown_kind_that_must_be_understood_stops_the_node() {
    let mut entry = encode_entry(&[tick()]);
    entry[ENTRY_HEADER..ENTRY_HEADER + 2].copy_from_slice(&999u16.to_be_bytes());

    assert_eq!(decode_entry(&entry), Err(CodecError::Unknown { offset: 0, kind: 999, version: 1 }));
    entry[FLAGS] = 0;
    assert_eq!(decode_entry(&entry), Ok(vec![Decoded::Skipped { kind: 999, version: 1 }]));
}

#[test]
fn an_unknown_version_of_a_known_kind_is_no_known_command() {
    let mut entry = encode_entry(&[tick(), tick()]);
    entry[ENTRY_HEADER + 2] = 2;

    assert_eq!(decode_entry(&entry), Err(CodecError::Unknown { offset: 0, kind: 18, version: 2 }));
    entry[FLAGS] = 0;
    let decoded = decode_entry(&entry).expect("the first is skipped");
    assert_eq!(decoded[0], Decoded::Skipped { kind: 18, version: 2 });
    assert_eq!(decoded[1], Decoded::Command(tick()), "a skipped command takes its place");
}

#[test]
fn preferences_are_nothing_a_reader_of_the_first_version_may_overlook() {
    let version = |named: &str| {
        let (_, command) = commands().into_iter().find(|(name, _)| *name == named).expect("one of each");
        encode_entry(&[command])[ENTRY_HEADER + 2]
    };

    assert_eq!((version("register_modem"), version("register_modem_in_order")), (1, 2));
}

#[test]
fn fields_of_a_later_version_are_ignored() {
    // {"message": h'07..07', "why": {"in": [1, "x"]}} as a body of Cancel.
    let mut body = vec![0xA2, 0x67];
    body.extend(b"message");
    body.push(0x50);
    body.extend([7; 16]);
    body.extend([0x63, b'w', b'h', b'y', 0xA1, 0x62, b'i', b'n', 0x82, 0x01, 0x61, b'x']);

    let decoded = decode_entry(&entry_with(12, &body)).expect("a later field is no fault");

    let body = Body::Cancel { message: MessageId::from_bytes([7; 16]) };
    assert_eq!(decoded, [Decoded::Command(Command { client: name("ops"), now: Timestamp::ZERO, body })]);
}

#[test]
fn a_policy_that_leaves_numbers_out_has_their_defaults() {
    let decoded = decode_entry(&entry_with(17, &[0xA0])).expect("an entry of an earlier version");

    let body = Body::SetPolicy(Policy::default());
    assert_eq!(decoded, [Decoded::Command(Command { client: name("ops"), now: Timestamp::ZERO, body })]);
}

#[test]
fn octets_after_the_fields_or_after_the_last_command_are_refused() {
    let mut entry = encode_entry(&[tick()]);
    entry.push(0);
    assert_eq!(decode_entry(&entry), Err(CodecError::Trailing { octets: 1 }));

    let fault = decode_entry(&entry_with(18, &[0xA0, 0x00]));
    assert!(matches!(fault, Err(CodecError::Body { offset: 0, kind: 18, .. })), "{fault:?}");
}

#[test]
fn a_length_that_promises_more_than_there_is_costs_nothing() {
    let mut entry = encode_entry(&[tick()]);
    entry[1..ENTRY_HEADER].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(matches!(decode_entry(&entry), Err(CodecError::Truncated { .. })));

    // Byte string, text, array and map of 2^62 elements where a field should be.
    for major in [0x5B, 0x7B, 0x9B, 0xBB] {
        let mut body = vec![0xA1, 0x67];
        body.extend(b"message");
        body.push(major);
        body.extend((1u64 << 62).to_be_bytes());
        let fault = decode_entry(&entry_with(12, &body));
        assert!(matches!(fault, Err(CodecError::Body { .. })), "{major:x}: {fault:?}");
    }
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let body = [vec![0xA1, 0x61, b'x'], vec![0x81; 200_000], vec![0x00]].concat();

    assert!(matches!(decode_entry(&entry_with(18, &body)), Err(CodecError::Body { .. })));
}

#[test]
fn a_client_without_a_legal_name_is_refused() {
    let mut entry = encode_entry(&[tick()]);
    let at = entry.windows(3).position(|octets| octets == b"ops").expect("the client is in there");
    entry[at] = b' ';

    assert_eq!(decode_entry(&entry), Err(CodecError::Client { offset: 0 }));
}

#[test]
fn the_leader_stamps_every_command() {
    let mut entry = encode_entry(&commands().into_iter().map(|(_, command)| command).collect::<Vec<_>>());
    let now = Timestamp::from_unix_millis(1_900_000_000_123);

    stamp(&mut entry, now).expect("just written");

    let decoded = decode_entry(&entry).expect("only the time has changed");
    assert!(decoded.iter().all(|decoded| matches!(decoded, Decoded::Command(command) if command.now == now)));
    let half = entry.len() / 2;
    assert!(matches!(stamp(&mut entry[..half], now), Err(CodecError::Truncated { .. })));
}

proptest! {
    #[test]
    fn any_octets_are_read_without_a_panic(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_entry(&octets);
        let _ = decode_entry(&[&[1, 0, 0, 0, 1], octets.as_slice()].concat());
    }

    #[test]
    fn a_damaged_entry_is_read_without_a_panic(at in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut entry = encode_entry(&commands().into_iter().map(|(_, command)| command).collect::<Vec<_>>());
        let place = at.index(entry.len());
        entry[place] = octet;
        let _ = decode_entry(&entry);
        entry.truncate(cut.index(entry.len()));
        prop_assert!(decode_entry(&entry).is_err(), "an entry that is cut is no entry");
    }
}

fn entry_with(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut entry = vec![1, 0, 0, 0, 1];
    entry.extend(kind.to_be_bytes());
    entry.extend([1, 1]);
    entry.extend([0; 8]);
    entry.extend([3, b'o', b'p', b's']);
    entry.extend((body.len() as u32).to_be_bytes());
    entry.extend(body);
    entry
}

fn tick() -> Command {
    Command { client: name("ops"), now: Timestamp::from_unix_millis(1), body: Body::Tick }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a legal name")
}

/// One of each, with every field set.
fn commands() -> Vec<(&'static str, Command)> {
    let message = MessageId::from_bytes([0x01, 0x93, 0, 0, 0, 0, 0xFF, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    let attempt = Attempt { epoch: Epoch(70_000), part: PartNumber(2) };
    let (registration, seq) = (RegistrationId(300), ReadyNumber(17));
    let imei = Imei::new("490154203237518").expect("15 digits");
    let imsi = Imsi::new("262011234567890").expect("15 digits");
    let identity = ModemIdentity { imei, imsi };
    let refusal = Refusal { cause: Cause::Cms(38), disposition: Disposition::Temporary };
    let sent = PartOutcome::Sent {
        message_reference: 201,
        service_centre_time: Some(Timestamp::from_unix_millis(1_700_000_000_000)),
    };
    let outcome = |outcome, next, rearm| Body::Outcome { attempt, outcome, next, rearm };
    let rearm = Some(Rearm { registration, seq, start: false });
    let start = Some(Rearm { registration, seq, start: true });
    let policy = policy();
    let bodies = vec![
        ("submit", Body::Submit(Box::new(submit(message)))),
        ("submit_call", Body::Submit(Box::new(call(message)))),
        ("register_session", Body::RegisterSession { node: NodeId(3), start: StartNumber(12) }),
        ("expire_session", Body::ExpireSession { session: SessionId(41) }),
        (
            "register_modem",
            Body::RegisterModem {
                session: SessionId(41),
                open: OpenNumber(5),
                identity: identity.clone(),
                name: name("gsm1"),
                carries: [name("alarms"), name("mass")].into(),
                prefers: Vec::new(),
            },
        ),
        (
            "register_modem_in_order",
            Body::RegisterModem {
                session: SessionId(41),
                open: OpenNumber(5),
                identity,
                name: name("gsm1"),
                carries: [name("alarms"), name("mass")].into(),
                prefers: vec![name("mass"), name("alarms")],
            },
        ),
        ("unregister_modem", Body::UnregisterModem { registration, force: true }),
        ("ready", Body::Ready { registration, seq }),
        ("withdraw", Body::Withdraw { registration, seq }),
        ("start", Body::Start { attempt }),
        ("outcome_sent", outcome(sent, Some(PartNumber(3)), rearm)),
        ("outcome_that_starts", outcome(sent, None, start)),
        ("outcome_refused", outcome(PartOutcome::Refused(refusal), None, rearm)),
        ("outcome_called", outcome(PartOutcome::Called(CallEnd::NoAnswer), None, rearm)),
        (
            "outcome_call_refused",
            outcome(PartOutcome::Called(CallEnd::Error(Some(Cause::Cme(30)))), None, None),
        ),
        ("outcome_uncertain", outcome(PartOutcome::Uncertain(Doubt::Cms(332)), None, None)),
        ("not_written", Body::NotWritten { attempt, reason: NotWrittenReason::SimChanged }),
        ("resolve", Body::Resolve { message, part: PartNumber(2), verdict: Verdict::NotSent }),
        ("cancel", Body::Cancel { message }),
        ("hold", Body::Hold { message }),
        ("release", Body::Release { message }),
        ("block_modem", Body::BlockModem { modem: name("gsm1") }),
        ("unblock_modem", Body::UnblockModem { modem: name("gsm1") }),
        ("retry", Body::Retry { message, generation: 2 }),
        ("discard", Body::Discard { message, generation: 1 }),
        ("told", Body::Told { node: NodeId(3), up_to: Position { index: 70_000, offset: 2 } }),
        ("set_policy", Body::SetPolicy(policy)),
        ("tick", Body::Tick),
    ];
    let now = Timestamp::from_unix_millis(1_700_000_000_500);
    bodies.into_iter().map(|(kind, body)| (kind, Command { client: name("ops"), now, body })).collect()
}

/// Every field by itself: the form on disk is no matter of defaults.
fn policy() -> Policy {
    let seconds = Duration::from_secs;
    Policy {
        messages_max: 2_000_000,
        routes_max: 1024,
        parts_max: 10,
        attempts_max: 5,
        faults_max: 5,
        backoff_min: seconds(30),
        backoff_factor: 2,
        backoff_max: seconds(3600),
        fault_rest: seconds(60),
        evidence_window: seconds(120),
        pin_timeout: seconds(600),
        pin_lost: PinLost::RestartWhole,
        ageing_interval: seconds(600),
        retention: seconds(604_800),
        retained_max: 1_000_000,
        history_retention: seconds(7_776_000),
        keys_retention: seconds(604_800),
        keys_max: 2_000_000,
        keys_per_client_max: 200_000,
    }
}

fn submit(id: MessageId) -> Submit {
    let part = |number: u8, payload| Part {
        number: PartNumber(number),
        user_data: UserData { data_coding: 0x10, header: vec![0x00, 3, 0x2A, 2, number], payload },
    };
    let parts = vec![
        part(1, Payload::Septets(vec![0x48, 0x69, 0x1B, 0x65])),
        part(2, Payload::Octets(vec![0xFF, 0x00])),
    ];
    let mut submit = Submit {
        id,
        key: IdempotencyKey::new("order 4711/ä").ok(),
        digest: smsgrid::queue::Digest([0; 16]),
        content: Content {
            destination: Address::international("358401234567").expect("12 digits"),
            alphabet: Alphabet::Gsm7 { locking: Some(Language::Turkish), single: None },
            parts,
            options: SendOptions {
                protocol_identifier: ProtocolIdentifier(0x41),
                validity_period: Some(ValidityPeriod::Enhanced(Duration::from_secs(90))),
                report_unsaid: false,
                status_report: true,
                reject_duplicates: true,
                reply_path: false,
                message_reference: 9,
                service_centre: Address::international("358405202000").ok(),
            },
            call: None,
        },
        origin: Origin::Spool { node: name("node1"), intake: "01HZX".to_owned() },
        priority: Priority::High,
        uncertain: UncertainPolicy::Hold,
        resend_limit: ResendLimit(2),
        not_before: Some(Timestamp::from_unix_millis(1_700_000_100_000)),
        deadline: Some(Timestamp::from_unix_millis(1_700_000_900_000)),
        route: Route { modem: Some(name("gsm1")), tags: [name("alarms")].into() },
        attempts_max: Some(3),
    };
    submit.digest = digest(&submit);
    submit
}

fn call(id: MessageId) -> Submit {
    let mut submit = submit(id);
    let user_data = UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(Vec::new()) };
    submit.content.parts = vec![Part { number: PartNumber(1), user_data }];
    submit.content.call = Some(Box::new(Call { tones: "12#".to_owned(), rounds: 3, wait_seconds: Some(30) }));
    submit.digest = digest(&submit);
    submit
}

#[test]
fn calls_that_differ_are_no_repetition() {
    let first = call(MessageId::from_bytes([1; 16]));
    let differs = |change: fn(&mut Call)| {
        let mut other = first.clone();
        other.content.call.as_deref_mut().into_iter().for_each(change);
        digest(&other) != digest(&first)
    };
    assert!(differs(|call| call.tones = "12*".to_owned()));
    assert!(differs(|call| call.rounds = 4));
    assert!(differs(|call| call.wait_seconds = None));
    let none = Submit { content: Content { call: None, ..first.content.clone() }, ..first.clone() };
    assert_ne!(digest(&none), digest(&first));
}

#[test]
fn a_request_is_known_again_whatever_its_proposer_adds() {
    let first = submit(MessageId::from_bytes([1; 16]));
    let mut again =
        Submit { id: MessageId::from_bytes([2; 16]), not_before: None, deadline: None, ..first.clone() };
    again.content.parts[0].user_data.header[2] = 0x77;

    assert_eq!(digest(&again), digest(&first));

    let differs = |change: fn(&mut Submit)| {
        let mut other = first.clone();
        change(&mut other);
        digest(&other) != digest(&first)
    };
    assert!(differs(|s| s.content.destination = Address::national("358401234567").expect("digits")));
    assert!(differs(|s| s.content.alphabet = Alphabet::GSM7));
    assert!(differs(|s| s.content.parts[1].user_data.payload = Payload::Octets(vec![0xFF, 0x01])));
    assert!(differs(|s| s.content.parts[1].user_data.payload = Payload::Septets(vec![0xFF, 0x00])));
    assert!(differs(|s| s.content.parts[0].user_data.header[4] = 2));
    assert!(differs(|s| s.content.parts[0].user_data.data_coding = class_coding(MessageClass::Class1)));
    assert!(differs(|s| s.content.options.status_report = false));
    assert!(differs(|s| s.content.options.service_centre = None));
    assert!(differs(|s| s.priority = Priority::Normal));
    assert!(differs(|s| s.uncertain = UncertainPolicy::Fail));
    assert!(differs(|s| s.attempts_max = None));
    assert!(differs(|s| s.route.modem = None));
    assert!(differs(|s| s.route.tags = Default::default()));
}

fn class_coding(class: MessageClass) -> u8 {
    0x10 | class as u8
}
