//! Damage to what was durable: detected or harmless, never silently wrong or short.

use smsgrid::log::{Error, Known, Place};

use crate::disk::{Dice, Image, World};
use crate::model::{Run, Shown, recover, recover_knowing, show};

#[test]
fn a_flipped_bit_anywhere_is_detected_or_harmless() {
    let mut dice = Dice(0xB17);
    let (mut detected, mut harmless) = (0, 0);
    for seed in 1..=4 {
        let (image, shown) = closed(seed);
        for segment in image.keys().copied() {
            for _ in 0..200 {
                let bit = dice.below(image[&segment].len() as u64 * 8) as usize;
                let mut flipped = image.clone();
                flip(&mut flipped, segment, bit);
                match assert_refused_or_same(
                    &flipped,
                    &shown,
                    &format!("seed {seed} segment {segment} bit {bit}"),
                ) {
                    true => detected += 1,
                    false => harmless += 1,
                }
            }
        }
    }
    assert!(detected > 2_000 && harmless > 100, "detected {detected}, harmless {harmless}");
}

#[test]
fn every_flipped_bit_of_the_newest_segment_is_detected_or_harmless() {
    let (image, shown) = closed(5);
    let newest = *image.keys().last().expect("not empty");
    let end = recover(&image, 0).expect("intact").writer.end().octet as usize;
    let mut flipped = image;
    for bit in 0..(end + 64) * 8 {
        flip(&mut flipped, newest, bit);
        assert_refused_or_same(&flipped, &shown, &format!("bit {bit}"));
        flip(&mut flipped, newest, bit);
    }
}

#[test]
fn a_sector_or_a_page_of_zeros_or_noise_is_detected_or_harmless() {
    let mut dice = Dice(0x5EC);
    for seed in 11..=14 {
        let (image, shown) = closed(seed);
        for segment in image.keys() {
            for unit in [512, 4096] {
                for at in (0..image[segment].len()).step_by(unit) {
                    for is_noise in [false, true] {
                        let mut damaged = image.clone();
                        let bytes = &mut damaged.get_mut(segment).expect("there")[at..at + unit];
                        bytes.fill_with(|| if is_noise { dice.below(256) as u8 } else { 0 });
                        let what =
                            format!("seed {seed} segment {segment} {unit} octets at {at} noise {is_noise}");
                        assert_refused_or_same(&damaged, &shown, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn damage_in_the_last_group_is_named_by_segment_and_octet_once_the_floor_is_marked() {
    let (image, _) = closed(21);
    let clean = recover(&image, 0).expect("intact");
    let last = clean.writer.state().last.expect("entries");
    let (seed, octet) = clean.writer.index().find(last.index).expect("live");

    let mut damaged = image.clone();
    flip(&mut damaged, seed.segment, (octet as usize + 4) * 8);
    match recover(&damaged, 0) {
        Err(Error::Damaged { segment, octet: at, floor }) => {
            assert_eq!((segment, at), (seed.segment, octet));
            assert!(floor > Place { segment, octet: at });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn damage_below_a_floor_known_from_elsewhere_is_refused_without_any_mark() {
    let mut run = Run::new(31);
    run.load(60);
    let image = run.world(&World::default(), run.steps.len()).visible();
    let clean = recover(&image, 0).expect("intact");
    let (end, last) = (clean.writer.end(), clean.writer.state().last.expect("entries"));
    let known = Known { floor: end, index: last.index };
    assert!(recover_knowing(&image, known, 0).is_ok());

    let further = Place { octet: end.octet + 8, ..end };
    let behind = recover_knowing(&image, Known { floor: further, index: 0 }, 0);
    assert!(matches!(behind, Err(Error::Damaged { .. })), "{behind:?}");
    let behind = recover_knowing(&image, Known { index: last.index + 1, ..Known::default() }, 0);
    assert!(matches!(behind, Err(Error::Behind { .. })), "{behind:?}");
    let next = Place { segment: end.segment + 1, octet: 0 };
    let behind = recover_knowing(&image, Known { floor: next, index: 0 }, 0);
    assert_eq!(behind.map(|_| ()), Err(Error::Missing { segment: next.segment }));
}

#[test]
fn a_missing_emptied_zeroed_or_shortened_segment_is_refused_unless_nothing_in_it_lived() {
    let (mut refused, mut damages) = (0, 0);
    for seed in 41..=50 {
        let (image, shown) = closed(seed);
        assert!(image.len() >= 3, "seed {seed}");
        for segment in image.keys().copied() {
            let octets = image[&segment].len();
            for left in
                [None, Some(vec![]), Some(vec![0; octets]), Some(image[&segment][..octets / 2].to_vec())]
            {
                let mut damaged = image.clone();
                let what = format!("seed {seed} segment {segment} left {:?}", left.as_ref().map(Vec::len));
                match left {
                    Some(bytes) => damaged.insert(segment, bytes),
                    None => damaged.remove(&segment),
                };
                damages += 1;
                refused += usize::from(assert_refused_or_same(&damaged, &shown, &what));
            }
        }
    }
    assert!(refused * 20 > damages * 19, "{refused} of {damages}");
}

#[test]
fn an_emptied_directory_is_refused_when_the_log_is_known_to_exist() {
    let known = Known { floor: Place { segment: 1, octet: 0 }, index: 0 };
    assert!(matches!(recover_knowing(&Image::new(), known, 0), Err(Error::Missing { .. })));
    let zeros = Image::from([(1, vec![0; 12 << 10])]);
    assert!(matches!(recover_knowing(&zeros, known, 0), Err(Error::Missing { .. })));
    assert!(recover(&zeros, 0).is_ok(), "an interrupted creation is begun anew");
}

#[test]
fn a_damaged_header_of_the_only_segment_is_refused_and_not_begun_anew() {
    let mut run = Run::new(55);
    run.load(5);
    let image = run.world(&World::default(), run.steps.len()).visible();
    assert_eq!(image.len(), 1);
    for bit in 0..512 * 8 {
        let mut flipped = image.clone();
        flip(&mut flipped, 1, bit);
        assert_eq!(recover(&flipped, 0).map(|_| ()), Err(Error::Header { segment: 1 }), "bit {bit}");
    }
}

#[test]
fn the_log_of_another_node_is_refused() {
    let (mut image, _) = closed(51);
    let (other, _) = closed(52);
    let newest = *image.keys().last().expect("not empty");
    image.insert(newest + 1, other.into_values().next().expect("not empty"));
    assert!(recover(&image, 0).is_err());
}

#[test]
fn stale_bytes_of_another_segment_are_never_taken_for_records() {
    let (image, shown) = closed(61);
    let newest = *image.keys().last().expect("not empty");
    let end = recover(&image, 0).expect("intact").writer.end().octet as usize;
    for segment in image.keys().copied().filter(|segment| *segment != newest) {
        let mut stale = image.clone();
        stale.get_mut(&newest).expect("there")[end..].copy_from_slice(&image[&segment][end..]);
        assert_refused_or_same(&stale, &shown, &format!("segment {segment} beyond octet {end}"));
        assert!(recover(&stale, 0).is_ok());
    }
}

/// Whether the image is refused; if it is not, it must show exactly what was acknowledged.
fn assert_refused_or_same(image: &Image, shown: &Shown, what: &str) -> bool {
    let Ok(recovered) = recover(image, 1) else { return true };
    let mut world = World::durable(image);
    recovered.repairs.iter().for_each(|step| world.carry_out(step));
    assert!(show(&recovered.writer, &world.visible()) == *shown, "{what}: silently another state");
    false
}

fn flip(image: &mut Image, segment: u64, bit: usize) {
    image.get_mut(&segment).expect("there")[bit / 8] ^= 1 << (bit % 8);
}

/// A log of several segments after an orderly stop, and what it shows.
fn closed(seed: u64) -> (Image, Shown) {
    let mut run = Run::new(seed);
    while run.writer.segments() < 3 || run.shown.len() < 220 {
        run.load(run.shown.len());
    }
    run.close();
    let image = run.world(&World::default(), run.steps.len()).visible();
    (image, run.shown.last().expect("never empty").clone())
}
