//! Segmentation of any text: nothing is lost, nothing is cut, nothing is too long, nothing could be cheaper.

use proptest::prelude::*;
use smsgrid::model::{Alphabet, Language};
use smsgrid::text::{self, Header, Reference, SegmentError, SegmentOptions, Segmented};

use super::arbitrary;

proptest! {
    #![proptest_config(super::cases(500))]

    #[test]
    fn the_parts_of_any_text_join_to_it(text in any_text(), options in options()) {
        let segmented = text::segment(&text, &options).expect("up to 255 parts are allowed");

        prop_assert_eq!(text::join(&segmented.parts), Some(text));
    }

    #[test]
    fn every_part_fits_and_reads_alone(text in any_text(), options in options()) {
        let segmented = text::segment(&text, &options).expect("up to 255 parts are allowed");

        for part in &segmented.parts {
            prop_assert!(octets(part) <= 140);
            let alone = text::join([part]).expect("text");
            prop_assert!(!alone.contains('\u{FFFD}') || text.contains('\u{FFFD}'), "{:?}", alone);
        }
        numbered(&segmented, options.reference)?;
    }

    #[test]
    fn no_part_has_room_for_what_the_next_one_starts_with(text in any_text(), options in options()) {
        let segmented = text::segment(&text, &options).expect("up to 255 parts are allowed");

        for pair in segmented.parts.windows(2) {
            let next = text::join([&pair[1]]).expect("text").chars().next().expect("a character");
            let next = text::encode(&next.to_string(), segmented.alphabet).expect("it came from there").units();
            let mut fuller = pair[0].clone();
            let (smsgrid::model::Payload::Septets(units) | smsgrid::model::Payload::Octets(units)) =
                &mut fuller.payload;
            units.extend(vec![0; next]);
            prop_assert!(octets(&fuller) > 140);
        }
    }

    #[test]
    fn no_permitted_alphabet_takes_fewer_parts_or_fewer_octets(text in any_text(), languages in languages()) {
        let parts_max = text::PARTS_LIMIT;
        let options = SegmentOptions { languages: languages.clone(), parts_max, ..SegmentOptions::default() };
        let chosen = text::segment(&text, &options).expect("up to 255 parts are allowed");

        let tables = || std::iter::once(None).chain(languages.iter().copied().map(Some));
        let pairs = tables().flat_map(|locking| tables().map(move |single| Alphabet::Gsm7 { locking, single }));
        for alphabet in pairs.chain([Alphabet::Ucs2]) {
            let demanded = SegmentOptions { alphabet: Some(alphabet), parts_max, ..SegmentOptions::default() };
            if let Ok(other) = text::segment(&text, &demanded) {
                prop_assert!(cost(&chosen) <= cost(&other), "{:?} beats {:?}", alphabet, chosen.alphabet);
            }
        }
    }

    #[test]
    fn a_refusal_says_how_many_parts_would_do(text in any_text(), parts_max in 1..5_usize) {
        let options = SegmentOptions { parts_max, ..SegmentOptions::default() };

        if let Err(SegmentError::TooManyParts { needed, limit, forcing }) = text::segment(&text, &options) {
            prop_assert_eq!(limit, parts_max);
            prop_assert!(needed > limit);
            let enough = SegmentOptions { parts_max: needed, ..options };
            let segmented = text::segment(&text, &enough).expect("as many as were said to be needed");
            prop_assert_eq!((segmented.parts.len(), segmented.forcing), (needed, forcing));
        }
    }

    #[test]
    fn substitution_stays_in_gsm_7_bit_or_replaces_nothing(text in any_text()) {
        let options =
            SegmentOptions { substitute: true, parts_max: text::PARTS_LIMIT, ..SegmentOptions::default() };
        let segmented = text::segment(&text, &options).expect("up to 255 parts are allowed");

        if segmented.alphabet == Alphabet::Ucs2 {
            prop_assert!(segmented.replaced.is_empty());
            prop_assert_eq!(text::join(&segmented.parts), Some(text));
        } else {
            for replaced in &segmented.replaced {
                prop_assert_eq!(text.chars().nth(replaced.position - 1), Some(replaced.character));
                prop_assert!(text::gsm7_septets(replaced.character).is_none());
            }
        }
    }

    #[test]
    fn the_parts_of_any_data_are_the_data(data in prop::collection::vec(any::<u8>(), 0..600), options in options()) {
        let segmented = text::segment_octets(&data, &options).expect("up to 255 parts are allowed");

        let joined: Vec<u8> = segmented.parts.iter().flat_map(payload).collect();
        prop_assert_eq!(joined, data);
        prop_assert!(segmented.parts.iter().all(|part| octets(part) <= 140));
        numbered(&segmented, options.reference)?;
    }
}

/// Texts of one alphabet or a few, with the characters that make trouble.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9 .,@Δ]{0,500}",
        "[a-z€\\[\\]{}~^|\\\\\u{C}]{0,400}",
        "[a-zğışçĞİŞ€]{0,300}",
        "[\u{0915}-\u{0939}a-z0-9 ]{0,300}",
        "[а-я😀🚀 ]{0,300}",
        "[a-z“”–…éèłčß]{0,200}",
        "\\PC{0,200}",
    ]
}

fn options() -> impl Strategy<Value = SegmentOptions> {
    let reference =
        prop_oneof![any::<u8>().prop_map(Reference::Bits8), any::<u16>().prop_map(Reference::Bits16)];
    (reference, languages()).prop_map(|(reference, languages)| SegmentOptions {
        reference,
        languages,
        parts_max: text::PARTS_LIMIT,
        ..SegmentOptions::default()
    })
}

fn languages() -> impl Strategy<Value = Vec<Language>> {
    prop::collection::vec(arbitrary::language(), 0..4)
}

/// Parts, and octets of user data of them all.
fn cost(segmented: &Segmented) -> (usize, usize) {
    (segmented.parts.len(), segmented.parts.iter().map(octets).sum())
}

/// Octets of user data the part takes on the air.
fn octets(part: &smsgrid::model::UserData) -> usize {
    let header = if part.header.is_empty() { 0 } else { part.header.len() + 1 };
    match &part.payload {
        smsgrid::model::Payload::Septets(septets) => {
            ((header * 8).div_ceil(7) * 7 + septets.len() * 7).div_ceil(8)
        }
        smsgrid::model::Payload::Octets(octets) => header + octets.len(),
    }
}

fn payload(part: &smsgrid::model::UserData) -> Vec<u8> {
    let (smsgrid::model::Payload::Septets(units) | smsgrid::model::Payload::Octets(units)) = &part.payload;
    units.clone()
}

/// Every part says its number, the total and the reference; a single part says nothing.
fn numbered(segmented: &Segmented, reference: Reference) -> Result<(), TestCaseError> {
    let total = segmented.parts.len();
    for (index, part) in segmented.parts.iter().enumerate() {
        let concatenation = Header::decode(&part.header).expect("a header of our own").concatenation();
        let said =
            concatenation.map(|part| (usize::from(part.number), usize::from(part.total), part.reference));
        prop_assert_eq!(said, Some((index + 1, total, reference)).filter(|_| total > 1));
    }
    Ok(())
}
