//! `smsctl status`: is it working, and what needs me.

use smsgrid_proto::Exit;

use crate::args::StatusArgs;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::{Style, status_line, status_screen};
use crate::view::{Status, Verdict};

/// Shows the cluster.
pub(crate) async fn run(args: &StatusArgs, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let render = if args.line { status_line } else { status_screen };
    show(render, desk).await
}

/// Shows the cluster as `render` does.
pub(super) async fn show(render: fn(&Status, Style) -> String, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let status = desk.client()?.status().await?;
    let text = render(&status, desk.style);
    desk.one(status.verdict.word(), &text, status.json())?;
    Ok(exit(&status))
}

/// How a look at this cluster ends.
fn exit(status: &Status) -> Exit {
    let problem = status.needs.iter().any(|need| need.problem);
    match status.verdict {
        Verdict::NoQuorum | Verdict::Unknown => Exit::Problems,
        Verdict::Healthy | Verdict::Degraded if problem => Exit::Problems,
        Verdict::Degraded => Exit::Warnings,
        Verdict::Healthy if !status.needs.is_empty() => Exit::Warnings,
        Verdict::Healthy => Exit::Done,
    }
}

#[test]
fn the_exit_says_whether_somebody_is_needed() {
    use crate::view::Need;

    let status = |verdict, problem: Option<bool>| Status {
        verdict,
        needs: problem.map(|problem| Need { problem, ..Need::default() }).into_iter().collect(),
        ..Status::default()
    };

    assert_eq!(exit(&status(Verdict::Healthy, None)), Exit::Done);
    assert_eq!(exit(&status(Verdict::Healthy, Some(false))), Exit::Warnings);
    assert_eq!(exit(&status(Verdict::Degraded, None)), Exit::Warnings);
    assert_eq!(exit(&status(Verdict::Degraded, Some(true))), Exit::Problems);
    assert_eq!(exit(&status(Verdict::NoQuorum, None)), Exit::Problems);
    assert_eq!(exit(&status(Verdict::Unknown, None)), Exit::Problems);
}
