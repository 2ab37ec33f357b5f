//! Each broken rule must be caught: a harness that finds nothing proves nothing.

use std::rc::Rc;

use smsgrid::queue::Queue;

use crate::sim::broken::{Broken, Mutant};
use crate::sim::{ALL_FAULTS, Deviation, Faults, LATE_ANSWERS, NO_FAULTS, Setup};

/// Most stories a mutant may live through.
const SEEDS_MAX: u64 = 150;

/// The first property found broken; panics when none is, or another than those expected.
fn caught(faults: Faults, mutant: Option<Mutant>, deviation: Deviation, expected: &[&str]) {
    for seed in 0..SEEDS_MAX {
        let mut setup = Setup { deviation, ..Setup::new(seed, faults) };
        if let Some(mutant) = mutant {
            setup.machine = Rc::new(move |policy| Box::new(Broken::new(Queue::new(policy), mutant)));
        }
        if let Err(broken) = setup.run() {
            let fits = expected.iter().any(|property| broken.contains(property));
            assert!(fits, "{mutant:?} {deviation:?} broke another property than {expected:?}: {broken}");
            return;
        }
    }
    panic!("{mutant:?} {deviation:?} lived through {SEEDS_MAX} stories");
}

macro_rules! mutants {
    ($($name:ident: $faults:expr, $mutant:expr, $deviation:expr => [$($property:literal),+];)+) => {
        $(#[test]
        fn $name() {
            caught($faults, $mutant, $deviation, &[$($property),+]);
        })+
    };
}

use Deviation as D;
use Mutant as M;

mutants! {
    a_write_without_committed_start_is_caught:
        ALL_FAULTS, None, D::WriteWithoutStart => ["[1]", "[11]", "[2]", "[4]", "[5]"];
    a_start_that_ignores_epoch_and_session_is_caught:
        ALL_FAULTS, Some(M::StartIgnoresEpoch), D::TrustReplies => ["[1]", "[9]", "[13]"];
    an_expiry_that_requeues_a_part_in_flight_is_caught:
        ALL_FAULTS, Some(M::ExpiryRequeuesInFlight), D::None => ["[1]", "[2]", "[4]"];
    a_standing_claim_that_outlives_its_session_is_caught:
        ALL_FAULTS, Some(M::RegistrationOutlivesSession), D::None => ["[8]"];
    an_outcome_that_rearms_twice_is_caught:
        NO_FAULTS, Some(M::SecondOutcomeRearms), D::None => ["[13]"];
    a_modem_taken_over_from_a_live_session_is_caught:
        NO_FAULTS, Some(M::TakeoverFromLiveSession), D::ProbeHeldPorts => ["[7]", "[L]"];
    an_outcome_that_ignores_its_epoch_is_caught:
        LATE_ANSWERS, Some(M::OutcomeIgnoresEpoch), D::None => ["[3]", "[4]", "[9]"];
    a_retry_without_an_attempt_key_is_caught:
        LATE_ANSWERS, Some(M::RetryWithoutAttemptKey), D::None => ["[1]", "[3]", "[4]", "[9]"];
    a_not_written_that_names_no_part_is_caught:
        LATE_ANSWERS, Some(M::NotWrittenWithoutPart), D::None => ["[1]", "[4]", "[9]", "evidence"];
    a_not_written_by_guess_after_a_restart_is_caught:
        ALL_FAULTS, None, D::NotWrittenByGuess => ["[1]", "[2]", "[4]"];
    a_random_boot_nonce_is_caught:
        NO_FAULTS, Some(M::BootNonce), D::None => ["[7]", "[L]"];
    a_ready_without_a_number_is_caught:
        NO_FAULTS, Some(M::ReadyWithoutNumber), D::None => ["[13]"];
    a_modem_ready_right_after_a_silent_part_is_caught:
        ALL_FAULTS, None, D::NoQuiesce => ["[1]", "[2]", "[3]", "[4]", "[6b]"];
    a_port_with_two_connections_is_caught:
        LATE_ANSWERS, None, D::SharedPorts => ["[1]", "[2]", "[3]", "[4]", "[6b]", "[7]"];
    a_held_port_that_is_probed_is_caught:
        NO_FAULTS, None, D::ProbeHeldPorts => ["[7]", "[L]"];
    a_cancel_of_a_part_in_flight_is_caught:
        ALL_FAULTS, Some(M::CancelInFlight), D::None => ["[4]", "[5]"];
    a_deadline_for_a_part_in_flight_is_caught:
        ALL_FAULTS, Some(M::DeadlineInFlight), D::None => ["[4]", "[5]"];
    a_cancel_after_a_resend_was_granted_is_caught:
        LATE_ANSWERS, Some(M::CancelAfterResend), D::None => ["[5]"];
    a_pin_from_sent_parts_only_is_caught:
        LATE_ANSWERS, Some(M::PinFromSentOnly), D::None => ["[10]"];
    a_sim_not_looked_at_before_the_write_is_caught:
        ALL_FAULTS, None, D::SimUnchecked => ["[10]", "[L]"];
    a_late_refusal_that_requeues_is_caught:
        LATE_ANSWERS, Some(M::LateRefusalRequeues), D::None => ["[1]", "[4]", "[9]"];
    a_late_success_that_leaves_the_newer_claim_is_caught:
        LATE_ANSWERS, Some(M::LateSuccessLeavesClaim), D::None => ["[12]", "[13]"];
    a_stale_outcome_that_starts_the_next_part_is_caught:
        LATE_ANSWERS, Some(M::StaleOutcomeStartsNext), D::None => ["[9]"];
    a_resend_of_a_part_in_flight_is_caught:
        NO_FAULTS, Some(M::ResendInFlight), D::None => ["[1]", "[2]", "[4]", "[13]"];
    a_write_after_not_written_is_caught:
        ALL_FAULTS, None, D::WriteAfterNotWritten => ["[1]", "[2]", "[3]", "[4]", "[5]", "[6b]", "[10]", "[11]"];
    a_reregistration_that_keeps_the_old_claim_is_caught:
        ALL_FAULTS, Some(M::ReregistrationKeepsClaim), D::None => ["[4]", "[11]", "[L]"];
    an_early_not_written_that_is_dropped_is_caught:
        ALL_FAULTS, Some(M::EarlyNotWrittenDropped), D::None => ["given back", "[13]", "[L]"];
    negative_proof_that_is_ignored_is_caught:
        ALL_FAULTS, Some(M::NegativeProofIgnored), D::None => ["evidence"];
    a_priority_that_is_ignored_is_caught:
        ALL_FAULTS, Some(M::PriorityIgnored), D::None => ["order"];
    a_deadline_that_is_ignored_is_caught:
        ALL_FAULTS, Some(M::DeadlineIgnored), D::None => ["time"];
    a_retry_that_does_not_mark_what_may_have_been_sent_is_caught:
        ALL_FAULTS, Some(M::RetryUnmarked), D::None => ["[1]"];
    a_retry_that_takes_an_old_attempt_for_certain_is_caught:
        ALL_FAULTS, Some(M::RetryForgetsDoubt), D::None => ["[1]", "[12]"];
    a_retry_under_an_open_claim_is_caught:
        ALL_FAULTS, Some(M::RetryUnderOpenClaim), D::None => ["[1]", "[4]"];
    a_retry_that_names_no_generation_is_caught:
        LATE_ANSWERS, Some(M::RetryWithoutGeneration), D::None => ["[9]"];
    a_schedule_that_is_ignored_is_caught:
        ALL_FAULTS, Some(M::ScheduleIgnored), D::None => ["time"];
}
