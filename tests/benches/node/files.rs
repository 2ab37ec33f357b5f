//! Messages a second through the spool folder: files renamed in, results filed in `sent`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use smsgrid_tests::cost::{self, Cost};
use smsgrid_tests::sim::Simulator;

use crate::load;
use crate::show;
use smsgrid_tests::lines::Lines;

const MODEMS: usize = 32;
const WARM_UP: usize = 200;
const FILES: usize = 3000;
const PATIENCE: Duration = Duration::from_secs(300);
/// How often ledger and folder are looked at, which is all that the ends may be late.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Measures and prints.
pub(crate) async fn measure(folder: &Path) {
    let smsnode = Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"));
    let mut simulator = Simulator::start(smsnode, folder, MODEMS, "fast");
    let mut ledger = Lines::of(simulator.ledger().path());
    let mut gateway = load::gateway(smsnode, folder, simulator.ports()).await;
    let (outgoing, sent) = (gateway.folder("outgoing"), gateway.folder("sent"));
    let filed = || fs::read_dir(&sent).map_or(0, Iterator::count);
    let drafts = folder.join("drafts");
    write(&drafts, &outgoing, "warm-up", WARM_UP)();
    load::until("the warm-up", PATIENCE, LOOK_EVERY, || filed() >= WARM_UP).await;

    let rename = write(&drafts, &outgoing, "file", FILES);
    let pids = [gateway.process().pid(), simulator.process().pid()];
    let (costs, begun) = (pids.map(Cost::of), Instant::now());
    rename();
    let renamed = begun.elapsed();
    load::until("the ledger", PATIENCE, LOOK_EVERY, || ledger.count() >= WARM_UP + FILES).await;
    let aired = begun.elapsed();
    load::until("the results", PATIENCE, LOOK_EVERY, || filed() >= WARM_UP + FILES).await;
    let elapsed = begun.elapsed();
    let [node, simulated] = [0, 1].map(|of| Cost::of(pids[of]).since(costs[of]));

    let doubled = simulator.ledger().copies().values().filter(|copies| **copies != 1).count();
    let rate = |span: Duration| FILES as f64 / span.as_secs_f64();
    println!("\n{MODEMS} modems that take no time, through files of a node in a process of its own:");
    println!(
        "  {:.0} SMS/s from the first rename to the ledger, {:.0} files/s to the results; {FILES} files, renamed in {:.2} s, {doubled} not once",
        rate(aired),
        rate(elapsed),
        renamed.as_secs_f64(),
    );
    show::cost("node", node, FILES, elapsed);
    println!("  node: {:.1} KiB a message written to the disk", node.written as f64 / 1024.0 / FILES as f64);
    show::cost("simulator", simulated, FILES, elapsed);
    let (resident, _) = cost::memory(pids[0]);
    println!("  node: {:.1} MiB of memory after it", resident as f64 / f64::from(1 << 20));
    gateway.stop();
}

/// Writes files beside the spool; what is returned renames them in, as fast as it can.
fn write(drafts: &Path, outgoing: &Path, name: &str, count: usize) -> impl FnOnce() + use<> {
    fs::create_dir_all(drafts).expect("the temporary folder is writable");
    let pairs: Vec<_> = (0..count)
        .map(|number| {
            let name = format!("{name}-{number}");
            let draft = drafts.join(&name);
            fs::write(&draft, load::file(&name)).expect("the temporary folder is writable");
            (draft, outgoing.join(name))
        })
        .collect();
    move || {
        for (draft, file) in &pairs {
            fs::rename(draft, file).expect("the same file system");
        }
    }
}
