//! The nearest right word for a wrong one.

/// The candidate a person most likely meant; none when all are far away.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let asked = word.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&candidate.to_lowercase(), &asked);
    let far = (asked.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= far)
        .map(|(_, candidate)| candidate)
}

/// What a beginning of a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meant<'a> {
    /// This one.
    One(&'a str),
    /// One of these.
    Several(Vec<&'a str>),
    /// None; perhaps this one was meant.
    None(Option<&'a str>),
}

/// The name that is `word`, or the only one that begins with it, in any case.
pub(crate) fn meant<'a>(word: &str, names: &[&'a str]) -> Meant<'a> {
    if let Some(name) = names.iter().find(|name| **name == word) {
        return Meant::One(name);
    }
    let asked = word.to_lowercase();
    let begins = |name: &&&str| !asked.is_empty() && name.to_lowercase().starts_with(&asked);
    let candidates: Vec<&'a str> = names.iter().filter(begins).copied().collect();
    let same = candidates.iter().find(|name| name.to_lowercase() == asked);
    match (same, candidates.as_slice()) {
        (Some(name), _) => Meant::One(name),
        (None, [name]) => Meant::One(name),
        (None, []) => Meant::None(nearest(word, names.iter().copied())),
        (None, _) => Meant::Several(candidates),
    }
}

#[test]
fn the_nearest_word_is_near() {
    let words = ["state", "to", "modem", "after"];

    assert_eq!(nearest("staet", words), Some("state"));
    assert_eq!(nearest("MODEN", words), Some("modem"));
    assert_eq!(nearest("elephant", words), None);
    assert_eq!(nearest("x", []), None);
}

#[test]
fn a_beginning_stands_for_one_name_or_for_several() {
    let names = ["GSM1", "GSM10", "SIM2"];

    assert_eq!(meant("GSM1", &names), Meant::One("GSM1"), "a whole name is never ambiguous");
    assert_eq!(meant("gsm1", &names), Meant::One("GSM1"));
    assert_eq!(meant("s", &names), Meant::One("SIM2"));
    assert_eq!(meant("GSM", &names), Meant::Several(vec!["GSM1", "GSM10"]));
    assert_eq!(meant("GMS1", &names), Meant::None(Some("GSM1")));
    assert_eq!(meant("", &names), Meant::None(None));
}
