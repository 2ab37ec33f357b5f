//! Segmentation: the cheapest alphabet of a text and its parts.

use super::candidate::Candidate;
use super::substitute::{self, Replaced};
use super::table::has_locking;
use super::{EncodeError, Header, Reference, encode, gsm7_septets};
use crate::model::{Alphabet, Language, MessageClass, Payload, UserData};

/// Parts a message may have unless the caller says otherwise.
pub const PARTS_MAX: usize = 10;
/// Parts a message can have: the concatenation element counts them in one octet.
pub const PARTS_LIMIT: usize = 255;

/// How to cut a text. The default chooses between GSM 7-bit and UCS-2 and allows ten parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentOptions {
    /// The alphabet demanded; none picks the cheapest. Shift tables that turn out not to be needed are left out.
    pub alphabet: Option<Alphabet>,
    /// National languages whose shift tables may be used. Older handsets show such a text with the default table.
    pub languages: Vec<Language>,
    /// Message class, for TP-DCS.
    pub class: Option<MessageClass>,
    /// Most parts accepted, 1 to [`PARTS_LIMIT`]; values outside count as the nearest of these.
    pub parts_max: usize,
    /// The reference of the concatenation element, should there be several parts.
    pub reference: Reference,
    /// Replace characters by similar ones of GSM 7-bit rather than go to UCS-2.
    pub substitute: bool,
    /// Elements every part carries besides, such as application ports.
    pub header: Header,
}

/// A text cut into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segmented {
    /// The alphabet chosen.
    pub alphabet: Alphabet,
    /// The user data of each part, in order; at least one.
    pub parts: Vec<UserData>,
    /// Septets, UTF-16 units or octets of the whole text.
    pub units: usize,
    /// How many more of them fit into the last part.
    pub units_left: usize,
    /// The first character that ruled the GSM 7-bit default alphabet out, where none was demanded.
    pub forcing: Option<Forcing>,
    /// What was replaced, in order.
    pub replaced: Vec<Replaced>,
}

/// A character outside the GSM 7-bit default alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forcing {
    /// The character.
    pub character: char,
    /// Its position in characters, from 1.
    pub position: usize,
}

/// Why a text cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// It takes more parts than allowed.
    #[error("the text needs {needed} parts, at most {limit} are allowed{}", forced_by(.forcing))]
    TooManyParts {
        /// Parts needed.
        needed: usize,
        /// Parts allowed.
        limit: usize,
        /// The character that made the text so long, if one did.
        forcing: Option<Forcing>,
    },
    /// The demanded alphabet cannot hold the text.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The header leaves no room for a character.
    #[error("a header of {octets} octets leaves no room in a part")]
    HeaderTooLong {
        /// Octets of the header.
        octets: usize,
    },
}

impl Default for SegmentOptions {
    fn default() -> SegmentOptions {
        SegmentOptions {
            alphabet: None,
            languages: Vec::new(),
            class: None,
            parts_max: PARTS_MAX,
            reference: Reference::Bits8(0),
            substitute: false,
            header: Header::default(),
        }
    }
}

/// Cuts `text` into parts: fewest parts first, then fewest octets, then the plainer alphabet. No escape and no
/// surrogate pair is cut. With `substitute` a lossless GSM 7-bit form is preferred to a replaced one, and that to UCS-2.
pub fn segment(text: &str, options: &SegmentOptions) -> Result<Segmented, SegmentError> {
    let forcing = if options.alphabet.is_none() { first_outside_default(text) } else { None };
    let (candidate, replaced) = match options.alphabet {
        Some(alphabet) => demanded(text, alphabet, options)?,
        None => cheapest(text, forcing, options)?,
    };
    finish(candidate, forcing, replaced, options)
}

/// Cuts 8-bit data into parts. Of the options `alphabet`, `languages` and `substitute` mean nothing here.
pub fn segment_octets(octets: &[u8], options: &SegmentOptions) -> Result<Segmented, SegmentError> {
    let candidate = measured(Alphabet::Data8, Payload::Octets(octets.to_vec()), options)?;
    finish(candidate, None, Vec::new(), options)
}

fn finish(
    candidate: Candidate,
    forcing: Option<Forcing>,
    replaced: Vec<Replaced>,
    options: &SegmentOptions,
) -> Result<Segmented, SegmentError> {
    let (needed, limit) = (candidate.parts(), options.parts_max.clamp(1, PARTS_LIMIT));
    if needed > limit {
        return Err(SegmentError::TooManyParts { needed, limit, forcing });
    }
    Ok(Segmented {
        alphabet: candidate.alphabet,
        units: candidate.units(),
        units_left: candidate.units_left(),
        parts: candidate.into_parts(&options.header, options.reference, options.class),
        forcing,
        replaced,
    })
}

fn demanded(
    text: &str,
    alphabet: Alphabet,
    options: &SegmentOptions,
) -> Result<(Candidate, Vec<Replaced>), SegmentError> {
    match written_with_fewest_tables(text, alphabet, options) {
        Err(SegmentError::Encode(EncodeError::Character { .. })) if options.substitute => {
            let (plain, replaced) = substitute::replace(text, alphabet)?;
            Ok((written_with_fewest_tables(&plain, alphabet, options)?, replaced))
        }
        tried => Ok((tried?, Vec::new())),
    }
}

/// `text` in `alphabet`, or in one with fewer of its shift tables where that costs no more.
fn written_with_fewest_tables(
    text: &str,
    alphabet: Alphabet,
    options: &SegmentOptions,
) -> Result<Candidate, SegmentError> {
    let Alphabet::Gsm7 { locking, single } = alphabet else { return written(text, alphabet, options) };
    let locking = locking.filter(|language| has_locking(*language));
    let mut best = written(text, Alphabet::GSM7, options);
    for (locking, single) in [(None, single), (locking, None), (locking, single)] {
        let candidate = written(text, Alphabet::Gsm7 { locking, single }, options);
        best = match (best, candidate) {
            (Ok(best), Ok(candidate)) if candidate.cost() < best.cost() => Ok(candidate),
            (Ok(best), _) => Ok(best),
            (Err(_), candidate) => candidate,
        };
    }
    best
}

fn cheapest(
    text: &str,
    forcing: Option<Forcing>,
    options: &SegmentOptions,
) -> Result<(Candidate, Vec<Replaced>), SegmentError> {
    if let Some(best) = cheapest_lossless_gsm7(text, forcing, options)? {
        if forcing.is_none() || options.substitute {
            return Ok((best, Vec::new()));
        }
        let ucs2 = written(text, Alphabet::Ucs2, options)?;
        return Ok((if ucs2.cost() < best.cost() { ucs2 } else { best }, Vec::new()));
    }
    if options.substitute
        && let Ok((plain, replaced)) = substitute::replace(text, Alphabet::GSM7)
    {
        return Ok((written(&plain, Alphabet::GSM7, options)?, replaced));
    }
    Ok((written(text, Alphabet::Ucs2, options)?, Vec::new()))
}

/// The cheapest GSM 7-bit form that keeps every character, if there is one.
fn cheapest_lossless_gsm7(
    text: &str,
    forcing: Option<Forcing>,
    options: &SegmentOptions,
) -> Result<Option<Candidate>, SegmentError> {
    let mut best = match forcing {
        None => Some(written(text, Alphabet::GSM7, options)?),
        Some(_) => None,
    };
    // One septet a character and no header: no table can do better.
    if best.as_ref().is_some_and(|best| best.units() == text.chars().count()) {
        return Ok(best);
    }
    for alphabet in national_alphabets(&options.languages) {
        let candidate = match written(text, alphabet, options) {
            Err(SegmentError::Encode(_)) => continue,
            candidate => candidate?,
        };
        if best.as_ref().is_none_or(|best| candidate.cost() < best.cost()) {
            best = Some(candidate);
        }
    }
    Ok(best)
}

/// Every pair of the permitted tables but the two default ones, those with one table first.
fn national_alphabets(languages: &[Language]) -> impl Iterator<Item = Alphabet> {
    let singles = languages.iter().map(|single| (None, Some(*single)));
    let lockings = || languages.iter().copied().filter(|language| has_locking(*language));
    let alone = lockings().map(|locking| (Some(locking), None));
    let both =
        lockings().flat_map(|locking| languages.iter().map(move |single| (Some(locking), Some(*single))));
    singles.chain(alone).chain(both).map(|(locking, single)| Alphabet::Gsm7 { locking, single })
}

fn written(text: &str, alphabet: Alphabet, options: &SegmentOptions) -> Result<Candidate, SegmentError> {
    measured(alphabet, encode(text, alphabet)?, options)
}

fn measured(
    alphabet: Alphabet,
    payload: Payload,
    options: &SegmentOptions,
) -> Result<Candidate, SegmentError> {
    Candidate::new(alphabet, payload, &options.header, options.reference)
}

fn first_outside_default(text: &str) -> Option<Forcing> {
    text.chars()
        .enumerate()
        .find(|(_, character)| gsm7_septets(*character).is_none())
        .map(|(index, character)| Forcing { character, position: index + 1 })
}

fn forced_by(forcing: &Option<Forcing>) -> String {
    match forcing {
        Some(Forcing { character, position }) => format!(", because of character {position} ({character:?})"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Concatenation, Element, join};
    use super::*;

    #[test]
    fn one_hundred_and_sixty_septets_are_one_part_and_one_more_are_two() {
        let (whole, over) = (cut(&"a".repeat(160)), cut(&"a".repeat(161)));

        assert_eq!((lengths(&whole), whole.units_left), (vec![160], 0));
        assert_eq!((lengths(&over), over.units_left), (vec![153, 8], 145));
        assert_eq!(over.parts[1].header, [0x00, 0x03, 0x00, 0x02, 0x02]);
    }

    #[test]
    fn seventy_units_are_one_part_and_one_more_are_two() {
        let (whole, over) = (cut(&"щ".repeat(70)), cut(&"щ".repeat(71)));

        assert_eq!((lengths(&whole), whole.units), (vec![140], 70));
        assert_eq!((lengths(&over), over.units_left), (vec![134, 8], 63));
        assert_eq!(over.forcing, Some(Forcing { character: 'щ', position: 1 }));
        assert!(over.parts.iter().all(|part| part.data_coding == 0x08));
    }

    #[test]
    fn an_escape_stays_with_its_character() {
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(20));
        let segmented = cut(&text);

        assert_eq!(lengths(&segmented), [152, 22]);
        assert_eq!(join(&segmented.parts), Some(text));
    }

    #[test]
    fn a_surrogate_pair_stays_whole() {
        let text = format!("{}😀{}", "щ".repeat(66), "щ".repeat(20));
        let segmented = cut(&text);

        assert_eq!(lengths(&segmented), [132, 44]);
        assert!(
            segmented.parts.iter().all(|part| join([part]).is_some_and(|text| !text.contains('\u{FFFD}')))
        );
    }

    #[test]
    fn a_wide_reference_costs_a_septet_a_part() {
        let options = SegmentOptions { reference: Reference::Bits16(0x1234), ..SegmentOptions::default() };
        let septets = segment(&"a".repeat(161), &options).expect("two parts");
        let units = segment(&"щ".repeat(71), &options).expect("two parts");

        assert_eq!(lengths(&septets), [152, 9]);
        assert_eq!(lengths(&units), [132, 10]);
        assert_eq!(septets.parts[0].header, [0x08, 0x04, 0x12, 0x34, 0x02, 0x01]);
    }

    #[test]
    fn too_many_parts_are_refused_with_the_count_the_limit_and_the_culprit() {
        let options = SegmentOptions { parts_max: 2, ..SegmentOptions::default() };
        let long = segment(&"a".repeat(307), &options);
        let forced = segment(&format!("{}č", "a".repeat(150)), &options);

        assert_eq!(long, Err(SegmentError::TooManyParts { needed: 3, limit: 2, forcing: None }));
        let forcing = Some(Forcing { character: 'č', position: 151 });
        assert_eq!(forced, Err(SegmentError::TooManyParts { needed: 3, limit: 2, forcing }));
        let hard = SegmentOptions { parts_max: 1000, ..SegmentOptions::default() };
        let refused = segment(&"a".repeat(153 * 255 + 1), &hard);
        assert_eq!(refused, Err(SegmentError::TooManyParts { needed: 256, limit: 255, forcing: None }));
        assert_eq!(segment(&"a".repeat(153 * 255), &hard).map(|whole| whole.parts.len()), Ok(255));
    }

    #[test]
    fn a_permitted_shift_table_is_used_where_it_is_cheaper_than_ucs2() {
        let languages = vec![Language::Turkish, Language::Spanish];
        let options = SegmentOptions { languages, ..SegmentOptions::default() };
        let text = "Ağaçların gölgesinde şarkı söyleyen çocuklar".repeat(3);
        let segmented = segment(&text, &options).expect("in the Turkish tables");

        let turkish = Alphabet::Gsm7 { locking: Some(Language::Turkish), single: None };
        assert_eq!((segmented.alphabet, segmented.parts.len()), (turkish, 1));
        assert_eq!(segmented.parts[0].header, [0x25, 0x01, 0x01]);
        assert_eq!(segmented.forcing, Some(Forcing { character: 'ğ', position: 2 }));
        assert_eq!(cut(&text).alphabet, Alphabet::Ucs2);
    }

    #[test]
    fn a_demanded_table_that_is_not_needed_is_left_out() {
        let turkish = Some(Language::Turkish);
        let alphabet = Some(Alphabet::Gsm7 { locking: turkish, single: turkish });
        let options = SegmentOptions { alphabet, ..SegmentOptions::default() };
        let alphabet_of = |text| segment(text, &options).map(|segmented| segmented.alphabet);

        assert_eq!(alphabet_of("plain [text]"), Ok(Alphabet::GSM7));
        assert_eq!(alphabet_of("ışık"), Ok(Alphabet::Gsm7 { locking: turkish, single: None }));
        let bengali = Some(Language::Bengali);
        let alphabet = Some(Alphabet::Gsm7 { locking: bengali, single: bengali });
        let capitals = segment("VK", &SegmentOptions { alphabet, ..SegmentOptions::default() });
        assert_eq!(capitals.map(|segmented| (segmented.alphabet, segmented.units)), Ok((Alphabet::GSM7, 2)));
        let missing = EncodeError::Character { character: 'щ', position: 1 };
        assert_eq!(alphabet_of("щ"), Err(SegmentError::Encode(missing)));
    }

    #[test]
    fn substitution_keeps_a_text_in_gsm_7_bit_and_says_what_it_replaced() {
        let options = SegmentOptions { substitute: true, ..SegmentOptions::default() };
        let segmented = segment("“Hej” – č", &options).expect("every character has a likeness");
        let hopeless = segment("“привет”", &options).expect("one part of UCS-2");

        assert_eq!(segmented.alphabet, Alphabet::GSM7);
        assert_eq!(join(&segmented.parts).as_deref(), Some("\"Hej\" - c"));
        assert_eq!(segmented.replaced.len(), 4);
        assert_eq!((hopeless.alphabet, hopeless.replaced), (Alphabet::Ucs2, vec![]));
    }

    #[test]
    fn elements_of_the_caller_are_in_every_part() {
        let ports = Element::Ports16 { destination: 2948, source: 9200 };
        let header = Header { elements: vec![ports.clone()] };
        let options = SegmentOptions { header, ..SegmentOptions::default() };
        let segmented = segment_octets(&[7; 134], &options).expect("two parts");

        assert_eq!(lengths(&segmented), [128, 6]);
        for (part, number) in segmented.parts.iter().zip(1..) {
            let place = Concatenation { reference: Reference::Bits8(0), total: 2, number };
            let elements = Header::decode(&part.header).map(|header| header.elements);
            assert_eq!(elements, Ok(vec![Element::Concatenation(place), ports.clone()]));
        }
        assert_eq!(lengths(&segment_octets(&[7; 133], &options).expect("one part")), [133]);
    }

    #[test]
    fn a_header_without_room_beside_it_is_refused() {
        let data = vec![0; 133];
        let header = Header { elements: vec![Element::Other { identifier: 0x70, data }] };
        let options = SegmentOptions { header, ..SegmentOptions::default() };

        assert_eq!(segment("four", &options).map(|segmented| segmented.parts.len()), Ok(1));
        let too_long = Err(SegmentError::HeaderTooLong { octets: 141 });
        assert_eq!(segment("fifth", &options).map(|segmented| segmented.parts.len()), too_long);
    }

    #[test]
    fn an_empty_text_is_one_empty_part() {
        assert_eq!((lengths(&cut("")), cut("").units_left), (vec![0], 160));
    }

    #[test]
    fn the_class_is_in_the_data_coding() {
        let options = SegmentOptions { class: Some(MessageClass::Class0), ..SegmentOptions::default() };

        assert_eq!(segment("now", &options).expect("one part").parts[0].data_coding, 0x10);
        assert_eq!(segment("щ", &options).expect("one part").parts[0].data_coding, 0x18);
        assert_eq!(segment_octets(&[1], &options).expect("one part").parts[0].data_coding, 0x14);
    }

    fn cut(text: &str) -> Segmented {
        segment(text, &SegmentOptions::default()).expect("within ten parts")
    }

    fn lengths(segmented: &Segmented) -> Vec<usize> {
        segmented.parts.iter().map(|part| part.payload.units()).collect()
    }
}
