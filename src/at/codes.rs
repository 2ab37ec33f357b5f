//! What is certain after the answer to a PDU. Success is a `+CMGS: n` that can be read; a refusal is a number
//! that proves it; everything else is uncertain.

use crate::model::{Cause, Disposition, Doubt, PartOutcome, Refusal, UncertainPolicy};

use super::driver::{Driver, Meaning};
use super::exchange::{End, Reply};
use super::response::{FinalResult, after_prefix};
use super::timestamp::service_centre_time;
use super::{SendEnd, SendPart};

/// "SM rejected, duplicate SM" (TS 23.040 section 9.2.3.22).
const DUPLICATE_REJECTED: u16 = 197;
/// Network causes that some firmware also gives when its own timer ran out (TS 24.011 section E.2).
const TIMER_CAUSES: &[u16] = &[38, 41, 42, 47];

/// How the attempt ended, given all that was read after Ctrl-Z.
pub(super) fn end_of_part(reply: &Reply, part: &SendPart, driver: &Driver) -> SendEnd {
    if let Some(sent) = reply.lines.iter().find_map(|line| sent(line)) {
        return SendEnd::Outcome(sent);
    }
    let doubt = match reply.end {
        End::Result(FinalResult::Error(Some(Cause::Cms(code)))) => return end_of_code(code, part, driver),
        End::Result(FinalResult::Error(Some(Cause::Cme(code)))) => {
            return end_of_equipment_code(code, driver);
        }
        End::Result(FinalResult::Error(_)) | End::Numeric(FinalResult::Error(_)) => Doubt::BareError,
        End::Result(FinalResult::Ok) | End::Numeric(FinalResult::Ok) => Doubt::BareOk,
        // A prompt is no answer to a PDU.
        End::Silent | End::Prompt => Doubt::Silent,
        End::Restarted => Doubt::ModemRestarted,
        End::PortLost => Doubt::PortLost,
    };
    SendEnd::Outcome(PartOutcome::Uncertain(doubt))
}

/// `+CMGS: n[,scts or report]`, if it is one that can be read.
pub(super) fn sent(line: &str) -> Option<PartOutcome> {
    let text = after_prefix(line, "+CMGS")?;
    let (reference, rest) = text.split_once(',').unwrap_or((text, ""));
    let message_reference = reference.trim().parse().ok()?;
    Some(PartOutcome::Sent { message_reference, service_centre_time: service_centre_time(rest.trim()) })
}

/// How the attempt ended that was answered with `+CMS ERROR: code` after Ctrl-Z.
pub(super) fn end_of_code(code: u16, part: &SendPart, driver: &Driver) -> SendEnd {
    if code == DUPLICATE_REJECTED && part.resend {
        return SendEnd::EarlierCopyAccepted;
    }
    let never_twice = match part.policy {
        UncertainPolicy::Hold | UncertainPolicy::Fail => true,
        UncertainPolicy::Resend => false,
    };
    let meaning = match never_twice && TIMER_CAUSES.contains(&code) {
        true => Meaning::Unknown,
        false => driver.meaning(code).unwrap_or_else(|| standard_meaning(code)),
    };
    SendEnd::Outcome(match meaning {
        Meaning::Refused(disposition) => {
            PartOutcome::Refused(Refusal { cause: Cause::Cms(code), disposition })
        }
        Meaning::Unknown => PartOutcome::Uncertain(Doubt::Cms(code)),
    })
}

/// How the attempt ended that was answered with `+CME ERROR: code` after Ctrl-Z. The standard gives no such
/// answer to a PDU; some makers give the numbers of their own that way too.
fn end_of_equipment_code(code: u16, driver: &Driver) -> SendEnd {
    SendEnd::Outcome(match driver.meaning(code) {
        Some(Meaning::Refused(disposition)) => {
            PartOutcome::Refused(Refusal { cause: Cause::Cme(code), disposition })
        }
        Some(Meaning::Unknown) | None => PartOutcome::Uncertain(Doubt::BareError),
    })
}

/// The meaning of `+CMS ERROR: code` by TS 27.005 section 3.2.5.
fn standard_meaning(code: u16) -> Meaning {
    match code {
        1..=127 => Meaning::Refused(network_disposition(code)),
        128..=255 => Meaning::Refused(service_centre_disposition(code)),
        // The PDU itself is at fault, so no other modem helps.
        304 | 305 => Meaning::Refused(Disposition::Permanent),
        // Refused inside the device: SIM, memory, service centre address, registration.
        300..=322 | 330 | 331 => Meaning::Refused(Disposition::ModemFault),
        // 332 is the network's silence; 500 some makers' own timer; 512 and up belong to the makers.
        _ => Meaning::Unknown,
    }
}

/// RP-Cause (TS 24.011 section 8.2.5.4). Causes that are no verdict on the message are worth another try.
fn network_disposition(cause: u16) -> Disposition {
    match cause {
        1 | 8 | 10 | 21 | 28 | 29 | 30 | 50 | 69 | 81 | 95..=99 | 111 => Disposition::Permanent,
        _ => Disposition::Temporary,
    }
}

/// TP-FCS (TS 23.040 section 9.2.3.22).
fn service_centre_disposition(cause: u16) -> Disposition {
    match cause {
        // No subscription: this SIM may not send at all.
        193 => Disposition::ModemFault,
        // Busy, system failure, storage full, device busy, unspecified.
        192 | 194 | 208 | 211 | 212 | 255 => Disposition::Temporary,
        _ => Disposition::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attempt, Epoch, PartNumber};

    #[test]
    fn every_number_has_exactly_the_meaning_of_the_table() {
        for code in 0..=1000 {
            let (expected, part) = (by_the_table(code), part(UncertainPolicy::Resend));

            let SendEnd::Outcome(outcome) = end_of_code(code, &part, Driver::generic()) else {
                panic!("{code}");
            };

            match outcome {
                PartOutcome::Refused(refusal) => assert_eq!(expected, "refused", "{code} {refusal:?}"),
                PartOutcome::Uncertain(doubt) => {
                    assert_eq!((expected, doubt), ("uncertain", Doubt::Cms(code)), "{code}");
                }
                PartOutcome::Sent { .. } | PartOutcome::Called(_) => panic!("{code}"),
            }
        }
    }

    #[test]
    fn refusals_of_the_network_are_permanent_or_temporary_by_the_table() {
        let disposition = |code| match standard_meaning(code) {
            Meaning::Refused(disposition) => disposition,
            Meaning::Unknown => panic!("{code}"),
        };

        for code in [1, 8, 10, 21, 28, 29, 30, 50, 69, 81, 95, 96, 97, 98, 99, 111, 195, 196, 304] {
            assert_eq!(disposition(code), Disposition::Permanent, "{code}");
        }
        for code in [22, 27, 38, 41, 42, 47, 192, 194] {
            assert_eq!(disposition(code), Disposition::Temporary, "{code}");
        }
        for code in [310, 313, 318, 322, 330, 331] {
            assert_eq!(disposition(code), Disposition::ModemFault, "{code}");
        }
    }

    #[test]
    fn causes_that_may_be_a_timer_are_uncertain_when_nothing_may_be_sent_twice() {
        for code in [38, 41, 47] {
            let uncertain = SendEnd::Outcome(PartOutcome::Uncertain(Doubt::Cms(code)));
            for policy in [UncertainPolicy::Hold, UncertainPolicy::Fail] {
                assert_eq!(end_of_code(code, &part(policy), Driver::generic()), uncertain);
            }
            assert_ne!(end_of_code(code, &part(UncertainPolicy::Resend), Driver::generic()), uncertain);
        }
    }

    #[test]
    fn a_rejected_duplicate_proves_the_earlier_copy_only_on_a_resend() {
        let resend = SendPart { resend: true, ..part(UncertainPolicy::Resend) };

        assert_eq!(end_of_code(197, &resend, Driver::generic()), SendEnd::EarlierCopyAccepted);
        let first = end_of_code(197, &part(UncertainPolicy::Resend), Driver::generic());
        assert!(matches!(first, SendEnd::Outcome(PartOutcome::Refused(_))));
    }

    #[test]
    fn only_a_reference_that_can_be_read_is_a_success() {
        assert!(sent("+CMGS: 0").is_some());
        assert!(sent("+CMGS:255").is_some());
        for line in ["+CMGS:", "+CMGS: ", "+CMGS: 256", "+CMGS: -1", "+CMGS: x", "+CMGS: 1 2", "+CMGW: 1"] {
            assert_eq!(sent(line), None, "{line}");
        }
    }

    /// Column "Truth" of the table, written down a second time.
    fn by_the_table(code: u16) -> &'static str {
        let refused = (1..=127).contains(&code)
            || (128..=255).contains(&code)
            || (300..=322).contains(&code)
            || code == 330
            || code == 331;
        if refused { "refused" } else { "uncertain" }
    }

    fn part(policy: UncertainPolicy) -> SendPart {
        SendPart {
            attempt: Attempt { epoch: Epoch(1), part: PartNumber::FIRST },
            tpdu_length: 1,
            pdu_hex: "0000".to_owned(),
            policy,
            resend: false,
        }
    }
}
