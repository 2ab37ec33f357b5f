//! The table of figures: printed, and written to `tests/RESULTS.md` with date, commit and machine.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use smsgrid_tests::disk;

/// One line of the table.
#[derive(Clone, Debug)]
struct Line {
    what: String,
    figure: String,
    target: String,
    met: Option<bool>,
}

/// What was measured so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    lines: Vec<Line>,
}

impl Results {
    /// A figure that is to be at least `target`.
    pub(crate) fn at_least(&mut self, what: impl Into<String>, figure: f64, target: f64, unit: &str) {
        self.judged(
            what.into(),
            figure,
            format!("at least {} {unit}", plain(target)),
            figure >= target,
            unit,
        );
    }

    /// A figure that is to be at most `target`.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, figure: f64, target: f64, unit: &str) {
        self.judged(what.into(), figure, format!("at most {} {unit}", plain(target)), figure <= target, unit);
    }

    /// A figure that stands beside another and has no target of its own.
    pub(crate) fn note(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        self.push(Line { what: what.into(), figure: figure.into(), target: String::new(), met: None });
    }

    /// The whole page.
    pub(crate) fn page(&self, folder: &Path) -> String {
        let mut page = String::from(
            "# Results\n\nWritten by `cargo bench -p smsgrid-tests --bench cluster -- --write`; no figure is typed by hand.\n\n",
        );
        for (name, value) in circumstances(folder) {
            let _ = writeln!(page, "- {name}: {value}");
        }
        page.push_str("\n| what | figure | target | met |\n|---|---|---|---|\n");
        for Line { what, figure, target, met } in &self.lines {
            let met = met.map_or("", |met| if met { "yes" } else { "**no**" });
            let _ = writeln!(page, "| {what} | {figure} | {target} | {met} |");
        }
        page
    }

    fn judged(&mut self, what: String, figure: f64, target: String, met: bool, unit: &str) {
        self.push(Line { what, figure: format!("{} {unit}", plain(figure)), target, met: Some(met) });
    }

    #[allow(clippy::print_stdout, reason = "the figures are what it is for")]
    fn push(&mut self, line: Line) {
        let met = line.met.map_or("", |met| if met { "" } else { "  MISSED" });
        println!("{:<78} {:>24}   {}{met}", line.what, line.figure, line.target);
        self.lines.push(line);
    }
}

/// As many digits as say something.
fn plain(figure: f64) -> String {
    match figure.abs() {
        small if small < 10.0 => format!("{figure:.2}"),
        middle if middle < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// What every figure depends on.
fn circumstances(folder: &Path) -> Vec<(&'static str, String)> {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: String, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        line.trim_start_matches([' ', '\t', ':']).to_owned()
    };
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    vec![
        ("date", said("date", &["--utc", "+%Y-%m-%d %H:%M UTC"])),
        ("commit", said("git", &["describe", "--always", "--dirty", "--abbrev=12"])),
        ("processor", format!("{processors} of {}", after(file("/proc/cpuinfo"), "model name"))),
        ("memory", after(file("/proc/meminfo"), "MemTotal")),
        ("kernel", said("uname", &["-sr"])),
        ("load at the end", file("/proc/loadavg").split_whitespace().next().unwrap_or("?").to_owned()),
        ("write and fdatasync", disk::sync_times(folder).to_string()),
    ]
}
