//! However the octets of a modem are cut into reads, the conversation is the same.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

use crate::conversations::files;
use crate::script::play_in_reads;

#[test]
fn octets_that_come_one_by_one_change_nothing() {
    for path in files() {
        let script = fs::read_to_string(&path).expect("a conversation");

        assert_eq!(play_in_reads(&script, || 1), script, "{}", path.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_any_conversation_changes_nothing(lengths in vec(1_usize..40, 1..50)) {
        for path in files() {
            let script = fs::read_to_string(&path).expect("a conversation");
            let mut lengths = lengths.clone().into_iter().cycle();

            let played = play_in_reads(&script, move || lengths.next().unwrap_or(1));

            prop_assert_eq!(played, script, "{}", path.display());
        }
    }
}
