//! Power cuts: at every step, with everything a disk may do to what was not synced.

use smsgrid::log::{LogId, Record, Step, Writer};
use smsgrid::model::NodeId;

use crate::disk::{Dice, Image, Survival, World};
use crate::model::{Run, Shown, recover, show};

const SURVIVALS: [Survival; 10] = [
    Survival::Nothing,
    Survival::Everything,
    Survival::Prefix(1),
    Survival::Prefix(512),
    Survival::Prefix(4096),
    Survival::Pieces(4096, 4),
    Survival::Pieces(4096, 1),
    Survival::Pieces(512, 4),
    Survival::Pieces(512, 1),
    Survival::Pieces(512, 7),
];

#[test]
fn a_power_cut_at_any_step_loses_nothing_acknowledged() {
    let mut images = 0;
    for seed in 1..=6 {
        let run = loaded(seed, 250);
        let mut dice = Dice(seed ^ 0xD15C);
        for (steps, world) in worlds(&run, &World::default()) {
            for survival in SURVIVALS {
                let image = world.cut(survival, &mut dice);
                assert_intact(&run, steps, &image, &format!("seed {seed} step {steps} {survival:?}"));
                images += 1;
            }
        }
    }
    assert!(images > 10_000, "{images} images");
}

#[test]
fn a_write_torn_at_any_sector_page_or_octet_loses_nothing_acknowledged() {
    for (seed, unit) in [(11, 512), (12, 4096), (13, 1)] {
        let mut run = Run::new(seed);
        run.payload_octets_max = 3000;
        run.load(80);
        let mut dice = Dice(seed);
        for (steps, world) in worlds(&run, &World::default()) {
            let Some(step @ Step::Write { bytes, .. }) = run.steps.get(steps) else { continue };
            let cuts: Vec<usize> = match unit {
                1 => (0..40).map(|_| dice.below(bytes.len() as u64) as usize).collect(),
                unit => (0..bytes.len()).step_by(unit).collect(),
            };
            for octets in cuts {
                let mut torn = world.clone();
                torn.carry_out_torn(step, octets);
                assert_intact(
                    &run,
                    steps,
                    &torn.visible(),
                    &format!("seed {seed} step {steps} octet {octets}"),
                );
            }
        }
    }
}

#[test]
fn a_second_power_cut_inside_recovery_or_soon_after_loses_nothing_acknowledged() {
    let mut images = 0;
    for seed in 21..=24 {
        let run = loaded(seed, 200);
        let mut dice = Dice(seed);
        for (steps, world) in worlds(&run, &World::default()) {
            let first = SURVIVALS[dice.below(SURVIVALS.len() as u64) as usize];
            let image = world.cut(first, &mut dice);
            let shown = assert_intact(&run, steps, &image, &format!("seed {seed} step {steps} {first:?}"));
            let recovered = recover(&image, dice.next()).expect("it was intact a moment ago");

            let mut second = Run::resume(recovered, shown, dice.next());
            second.load(12);
            let base = World::durable(&image);
            for again in 0..=second.steps.len() {
                let survival = SURVIVALS[dice.below(SURVIVALS.len() as u64) as usize];
                let image = second.world(&base, again).cut(survival, &mut dice);
                let what = format!("seed {seed} step {steps} {first:?}, then step {again} {survival:?}");
                assert_intact(&second, again, &image, &what);
                images += 1;
            }
        }
    }
    assert!(images > 5_000, "{images} images");
}

#[test]
fn what_a_log_shows_after_a_killed_process_survives_a_power_cut() {
    for seed in 31..=33 {
        let run = loaded(seed, 200);
        let mut dice = Dice(seed);
        for (steps, mut world) in worlds(&run, &World::default()) {
            let visible = world.visible();
            let shown = assert_intact(&run, steps, &visible, &format!("seed {seed} step {steps} killed"));
            let recovered = recover(&visible, dice.next()).expect("it was intact a moment ago");
            recovered.repairs.iter().for_each(|step| world.carry_out(step));

            let image = world.cut(Survival::Nothing, &mut dice);
            let again = recover(&image, 0).expect("everything accepted was synced");
            assert_eq!(show(&again.writer, &image), shown, "seed {seed} step {steps}");
        }
    }
}

#[test]
fn a_reopened_log_that_writes_nothing_repairs_nothing_the_second_time() {
    let mut run = loaded(41, 120);
    run.close();
    let image = run.world(&World::default(), run.steps.len()).visible();

    let recovered = recover(&image, 7).expect("intact");
    let writes = recovered.repairs.iter().filter(|step| matches!(step, Step::Write { .. }));
    assert_eq!((writes.count(), recovered.cut), (0, None));
    let mut writer = recovered.writer;
    assert!(writer.mark().is_empty(), "an idle log writes nothing");
}

#[test]
fn records_of_a_cut_group_never_come_back_behind_later_ones() {
    let id = |index| LogId { term: 0, node: NodeId(1), index };
    let append = |writer: &mut Writer, index, octet: u8| {
        writer.push(&Record::Entry { id: id(index), payload: &[octet; 1000] }).expect("legal");
    };
    let recovered = recover(&Image::new(), 1).expect("a new log");
    let mut world = World::default();
    recovered.repairs.iter().for_each(|step| world.carry_out(step));
    let mut writer = recovered.writer;
    (1..=4).for_each(|index| append(&mut writer, index, 1));
    writer.flush().iter().for_each(|step| world.carry_out(step));
    let mut image = world.visible();
    image.get_mut(&1).expect("there")[1024..1536].fill(0);

    let recovered = recover(&image, 2).expect("one sector of the last group is lost");
    assert_eq!(recovered.writer.state().last, None);
    let mut world = World::durable(&image);
    recovered.repairs.iter().for_each(|step| world.carry_out(step));
    let mut writer = recovered.writer;
    (1..=2).for_each(|index| append(&mut writer, index, 2));
    writer.flush().iter().for_each(|step| world.carry_out(step));

    let again = recover(&world.visible(), 3).expect("intact");
    assert_eq!(again.writer.state().last, Some(id(2)), "entry 3 stands whole behind it, but was cut");
}

/// Checks that the image opens and shows what the run had acknowledged, or more of what it had handed over.
fn assert_intact(run: &Run, steps: usize, image: &Image, what: &str) -> Shown {
    let mark = run.mark_at(steps);
    let recovered = recover(image, 99).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut world = World::durable(image);
    recovered.repairs.iter().for_each(|step| world.carry_out(step));
    let repaired = world.visible();
    assert_eq!(repaired.len() as u64, recovered.writer.segments(), "{what}: files left over");
    let shown = show(&recovered.writer, &repaired);
    let candidates = &run.shown[mark.acknowledged..=mark.handed_over];
    assert!(candidates.contains(&shown), "{what}: shows {:?} of {mark:?}", shown.state);
    shown
}

/// The disk before every step, and after the last.
fn worlds(run: &Run, base: &World) -> Vec<(usize, World)> {
    let mut world = base.clone();
    let mut worlds = vec![(0, world.clone())];
    for (step, steps) in run.steps.iter().zip(1..) {
        world.carry_out(step);
        worlds.push((steps, world.clone()));
    }
    worlds
}

fn loaded(seed: u64, records: usize) -> Run {
    let mut run = Run::new(seed);
    run.load(records);
    run
}
