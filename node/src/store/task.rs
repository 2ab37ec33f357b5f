//! The task that owns the rows: opens them, brings them up to date, and begins anew when they fail.
//!
//! ```text
//!            opened and believed                 cancelled
//! opening ──────────────────────────▶ writing ───────────────▶ closed in order
//!    ▲  │                                │
//!    │  │ failed, or not believed        │ sled, the disk or a row failed; a reader met a damaged row
//!    │  ▼                                ▼
//!    └─ waiting ◀────────────────────────┘   rows that are not believed are set aside first
//! ```
//!
//! When a round is due is said in [`Pace`](super::pace::Pace); it is written on a thread that gives way to whoever is
//! waited for. Without changes the task sleeps, and nothing is written.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use smsgrid::model::{MessageId, Position};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::calm::Calm;
use super::opening::{self, Opened};
use super::round;
use super::rows::{Rows, RowsError};
use super::writer::Writer;
use super::{Completeness, Inner, Source};

/// With more unwritten messages than this that have ended the writer gives way no longer: they must be written before
/// they leave memory, which keeps twice as many. Messages that wait stay there, however many they are.
const BEHIND_MAX: usize = 100_000;
/// How often changes are counted while there are any and a round is waited for: before so many have happened that they
/// are no longer kept.
const COUNT_EVERY: Duration = Duration::from_millis(100);
/// First and longest wait before the rows are opened again.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(600);
/// After this time without a failure the wait is short again.
const HEALTHY_AFTER: Duration = Duration::from_secs(3600);
/// Wait while sled's file is still held by the threads of an earlier handle, and most such waits.
const HELD_WAIT: Duration = Duration::from_millis(100);
const HELD_WAITS_MAX: u32 = 100;
/// How long the last round may take when the node stops, and readers to finish.
const LAST_ROUND: Duration = Duration::from_secs(2);
const READERS_END: Duration = Duration::from_secs(1);
/// Rows asked of another node at once.
const PAGE_ROWS: usize = 1000;
/// How long another node may take for a page, and when it is asked again after it gave none.
const PAGE_WITHIN: Duration = Duration::from_secs(10);
const PAGE_AGAIN: Duration = Duration::from_secs(5);
/// Longer than any node runs.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Somebody waits for what is applied now to be durable.
pub(super) type Ask = oneshot::Sender<bool>;

/// The rows and who writes them, while both are sound.
struct Desk {
    rows: Arc<Rows>,
    writer: Writer,
    calm: Calm,
}

/// What ends a wait.
enum Due {
    Round,
    Asked(Ask),
    Stop,
    Failed,
}

/// Runs until `cancel`.
pub(super) async fn run(
    inner: Arc<Inner>,
    source: Option<Arc<dyn Source>>,
    mut asks: mpsc::Receiver<Ask>,
    cancel: CancellationToken,
) {
    let mut wait = AGAIN_MIN;
    let mut is_doubtful = false;
    while !cancel.is_cancelled() {
        let begun = Instant::now();
        let failure = match open(&inner, is_doubtful, &cancel).await {
            Ok(mut desk) => match work(&inner, &mut desk, source.as_ref(), &mut asks, &cancel).await {
                Ok(()) => return close(&inner, desk).await,
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        inner.withdraw();
        if matches!(failure, RowsError::Stopped) {
            return;
        }
        // A disk that is full or not to be written leaves the rows as they were; they are summed at the next opening.
        is_doubtful = !failure.is_of_the_disk() && !matches!(failure, RowsError::Held);
        if begun.elapsed() > HEALTHY_AFTER {
            wait = AGAIN_MIN;
        }
        error!(%failure, ?wait, rebuild = is_doubtful, "the message store failed and begins anew; no message is lost");
        cancel.run_until_cancelled(refuse_for(wait, &mut asks)).await;
        wait = (wait * 2).min(AGAIN_MAX);
    }
}

async fn open(inner: &Arc<Inner>, is_doubtful: bool, cancel: &CancellationToken) -> Result<Desk, RowsError> {
    inner.completeness.send_replace(Completeness::Opening);
    let mut held = 0;
    let begun = Instant::now();
    let opened = loop {
        let (inner, stop) = (inner.clone(), cancel.clone());
        let opened = on_thread(move || open_rows(&inner, is_doubtful && held == 0, &stop)).await;
        match opened {
            Err(RowsError::Held) if held < HELD_WAITS_MAX && !cancel.is_cancelled() => {
                held += 1;
                sleep(HELD_WAIT).await;
            }
            other => break other?,
        }
    };
    let (rows, mark) = (Arc::new(opened.rows), opened.mark);
    info!(
        rows = mark.content.rows,
        applied = %mark.applied,
        verified = opened.verified,
        took = ?begun.elapsed(),
        "the message store is open"
    );
    let writer = Writer::new(mark);
    inner.publish(&rows, writer.mark());
    Ok(Desk { rows, writer, calm: Calm::start()? })
}

fn open_rows(inner: &Inner, is_doubtful: bool, stop: &CancellationToken) -> Result<Opened, RowsError> {
    if is_doubtful {
        set_aside(inner)?;
    }
    let mut forgotten = 0;
    inner.applied.read(&mut |queue| forgotten = queue.forgotten_count());
    let open = || opening::open(&inner.directory, inner.owner, forgotten, &|| !stop.is_cancelled());
    // sled panics where a page that its file speaks of is not there.
    let opened = catch_unwind(AssertUnwindSafe(open)).unwrap_or(Err(RowsError::Panicked));
    match opened {
        Err(failure) if failure.is_damage() || matches!(failure, RowsError::Panicked) => {
            warn!(%failure, "the rows of the message store are not believed");
            set_aside(inner)?;
            open()
        }
        other => other,
    }
}

fn set_aside(inner: &Inner) -> Result<(), RowsError> {
    let aside = opening::set_aside(&inner.directory)
        .map_err(|source| RowsError::File { deed: "set aside", source })?;
    if let Some(path) = aside {
        inner.rebuilds.fetch_add(1, Ordering::Relaxed);
        error!(path = %path.display(), "the rows of the message store were set aside; they are rebuilt");
    }
    inner.dirty().suspect_all(inner.applied.as_ref());
    Ok(())
}

async fn work(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    source: Option<&Arc<dyn Source>>,
    asks: &mut mpsc::Receiver<Ask>,
    cancel: &CancellationToken,
) -> Result<(), RowsError> {
    let mut page_at = Instant::now();
    let mut wakes = inner.applied.wakes();
    loop {
        let (stop, gives_way) = (cancel.clone(), !is_behind(inner));
        let all_dropped = desk_work(inner, desk, !gives_way, move |inner, rows, writer| {
            // A round that falls behind while it gives way is ended and gone on with by one that does not.
            // Whatever the answer, what has happened meanwhile is taken in.
            let goes_on = || {
                let may_go_on = goes_on(inner);
                !stop.is_cancelled() && (may_go_on || !gives_way)
            };
            round::write_changes(inner, rows, writer, &goes_on)?;
            if goes_on() { round::drop_over(inner, rows, writer) } else { Ok(true) }
        })
        .await?;
        inner.tell(desk.writer.mark().missing);
        let due = match desk.writer.mark().missing {
            Some(missing) => match source {
                Some(source) if Instant::now() >= page_at => {
                    page_at = fetch(inner, desk, source, missing.after, cancel).await?;
                    Due::Round
                }
                Some(_) => wait(inner, &mut wakes, asks, cancel, page_at).await,
                None => {
                    warn!(
                        "messages that memory no longer holds are lost from the history: no other node has it"
                    );
                    desk_work(inner, desk, false, |inner, rows, writer| {
                        writer.note(|mark| mark.missing = None);
                        writer.commit(rows, || inner.alone())
                    })
                    .await?;
                    Due::Round
                }
            },
            None if !all_dropped => Due::Round,
            None => wait(inner, &mut wakes, asks, cancel, Instant::now() + FOREVER).await,
        };
        match due {
            Due::Round if cancel.is_cancelled() => return Ok(()),
            Due::Round => {}
            Due::Stop => return Ok(()),
            Due::Failed => return Err(inner.take_failure()),
            Due::Asked(ask) => {
                desk_work(inner, desk, true, |inner, rows, writer| {
                    round::write_changes(inner, rows, writer, &|| true)
                })
                .await?;
                // Who no longer waits needs no answer.
                let _ = ask.send(true);
            }
        }
    }
}

/// Fetches a page of what is missing. When to ask again.
async fn fetch(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    source: &Arc<dyn Source>,
    after: Option<MessageId>,
    cancel: &CancellationToken,
) -> Result<Instant, RowsError> {
    let asked = timeout(PAGE_WITHIN, source.page(after, PAGE_ROWS));
    let Some(answer) = cancel.run_until_cancelled(asked).await else { return Ok(Instant::now()) };
    match answer {
        Ok(Ok(page)) => {
            let rows = page.len();
            desk_work(inner, desk, false, move |inner, rows, writer| {
                round::take_page(inner, rows, writer, page)
            })
            .await?;
            tracing::debug!(rows, "a page of history came from another node");
            Ok(Instant::now())
        }
        Ok(Err(failure)) => {
            tracing::debug!(%failure, "no history from another node yet");
            Ok(Instant::now() + PAGE_AGAIN)
        }
        Err(_) => Ok(Instant::now() + PAGE_AGAIN),
    }
}

/// Waits until something is due.
async fn wait(
    inner: &Inner,
    wakes: &mut watch::Receiver<Position>,
    asks: &mut mpsc::Receiver<Ask>,
    cancel: &CancellationToken,
    until: Instant,
) -> Due {
    let mut failure = inner.failure.subscribe();
    let changed = async {
        if inner.dirty().len() == 0 {
            // A closed channel means that nothing is applied any more.
            if wakes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        while let Some(at) = due_at(inner) {
            let counted = Instant::now();
            tokio::select! {
                () = sleep_until(at) => {}
                Ok(()) = wakes.changed() => sleep_until(at.min(counted + COUNT_EVERY)).await,
            }
        }
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Due::Stop,
        failed = failure.wait_for(Option::is_some) => match failed {
            Ok(_) => Due::Failed,
            Err(_) => Due::Stop,
        },
        Some(ask) = asks.recv() => Due::Asked(ask),
        () = changed => Due::Round,
        () = sleep_until(until) => Due::Round,
    }
}

/// Writes what is left, as far as there is time, and closes the rows so that the next opening need not sum them.
async fn close(inner: &Arc<Inner>, mut desk: Desk) {
    let begun = Instant::now();
    let last = desk_work(inner, &mut desk, true, move |inner, rows, writer| {
        round::write_changes(inner, rows, writer, &|| begun.elapsed() < LAST_ROUND)
    });
    if let Err(failure) = last.await {
        warn!(%failure, "the message store was not closed in order; it is checked at the next start");
        return inner.withdraw();
    }
    inner.withdraw();
    let Desk { rows, writer, calm: _ } = desk;
    let Some(rows) = alone(rows).await else {
        return warn!("the message store is still read; it is checked at the next start");
    };
    let (inner, mark) = (inner.clone(), writer.into_mark());
    let closed = on_thread(move || {
        if !rows.has_mark(&mark)? {
            return Ok(());
        }
        rows.close()?;
        opening::leave_clean(&inner.directory, &mark)
            .map_err(|source| RowsError::File { deed: "leave the mark of", source })
    });
    if let Err(failure) = closed.await {
        warn!(%failure, "the message store was not closed in order; it is checked at the next start");
    }
}

/// The rows once nobody reads them.
async fn alone(mut rows: Arc<Rows>) -> Option<Rows> {
    let deadline = Instant::now() + READERS_END;
    loop {
        rows = match Arc::try_unwrap(rows) {
            Ok(rows) => return Some(rows),
            Err(shared) => shared,
        };
        if Instant::now() >= deadline {
            return None;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Nobody's rows become durable while there are none.
async fn refuse_for(wait: Duration, asks: &mut mpsc::Receiver<Ask>) {
    let refused = async {
        while let Some(ask) = asks.recv().await {
            let _ = ask.send(false);
        }
        std::future::pending::<()>().await;
    };
    // The wait is over, whether somebody asked or not.
    let _ = timeout(wait, refused).await;
}

/// Whether messages might leave memory before they are written.
fn is_behind(inner: &Inner) -> bool {
    inner.load().ended > BEHIND_MAX
}

/// When a round is due if nothing happens until then; none when it is due now.
fn due_at(inner: &Inner) -> Option<Instant> {
    let (load, now) = (inner.load(), Instant::now());
    let mut pace = inner.pace();
    if pace.is_due(now, load) { None } else { Some(pace.due_at(now)) }
}

/// Whether a round that gives way should go on.
fn goes_on(inner: &Inner) -> bool {
    let load = inner.load();
    load.ended <= BEHIND_MAX && inner.pace().goes_on(Instant::now(), load)
}

/// Lets the writer work on a thread that may wait for the disk, and that gives way to others unless it is urgent.
async fn desk_work<T: Send + 'static>(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    is_urgent: bool,
    act: impl FnOnce(&Inner, &Rows, &mut Writer) -> Result<T, RowsError> + Send + 'static,
) -> Result<T, RowsError> {
    let (inner, rows, mut writer) = (inner.clone(), desk.rows.clone(), desk.writer.take_over());
    let act = move || {
        let done = act(&inner, &rows, &mut writer);
        if done.is_err() {
            inner.dirty().put_back();
        }
        inner.count(&writer, &rows);
        Ok((writer, done))
    };
    let (writer, done) = if is_urgent { on_thread(act).await? } else { desk.calm.run(act).await? };
    desk.writer = writer;
    done
}

/// sled may panic where it meets what cannot be.
async fn on_thread<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, RowsError> + Send + 'static,
) -> Result<T, RowsError> {
    tokio::task::spawn_blocking(act).await.unwrap_or(Err(RowsError::Panicked))
}
