//! One connection through the proxy: two flows, each under the rule of its own direction.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{broadcast, watch};

use super::{Links, Rule};

/// Octets of one read; what is between the sides is never more than this in each direction.
const CHUNK_OCTETS: usize = 64 * 1024;

/// Carries the connection that node `from` opened to node `to`, until a side or a rule ends it.
pub(super) async fn carry(stream: TcpStream, target: SocketAddr, links: &Links, from: usize, to: usize) {
    let mut half_open = links.half_open.subscribe();
    let (mut there, mut back) = (links.rule(from, to), links.rule(to, from));
    // A link that is held lets no connection come about; whoever connects believes it is open, as behind a dead router.
    if !passes(&mut there).await || !passes(&mut back).await {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    // Without it small frames would wait for each other; a socket that cannot is closed already.
    let _ = (stream.set_nodelay(true), far.set_nodelay(true));
    let (mut near_read, mut near_write) = stream.into_split();
    let (mut far_read, mut far_write) = far.into_split();
    let (refused_there, refused_back) = (there.clone(), back.clone());
    let is_half_open = tokio::select! {
        _ = both(flow(&mut near_read, &mut far_write, there), flow(&mut far_read, &mut near_write, back)) => false,
        () = refused(refused_there) => false,
        () = refused(refused_back) => false,
        () = told(&mut half_open, (from, to)) => true,
    };
    drop((far_read, far_write));
    if is_half_open {
        swallow(near_read, links.rule(from, to)).await;
    }
    drop(near_write);
}

/// Both directions, until each has ended: one may be closed long before the other.
async fn both(there: impl Future<Output = ()>, back: impl Future<Output = ()>) {
    tokio::join!(there, back);
}

/// Moves octets one way until the reader ends or a side breaks.
async fn flow(read: &mut OwnedReadHalf, write: &mut OwnedWriteHalf, mut rule: watch::Receiver<Rule>) {
    let mut chunk = vec![0; CHUNK_OCTETS];
    while passes(&mut rule).await {
        let octets = match read.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(octets) => octets,
        };
        let now = *rule.borrow();
        if let Rule::Delay(span) = now {
            be_late(span).await;
        }
        // What was read when the link was cut arrives after it is healed.
        if !passes(&mut rule).await || write.write_all(&chunk[..octets]).await.is_err() {
            break;
        }
    }
    // The end of one direction travels like its octets.
    let _ = write.shutdown().await;
}

#[allow(clippy::disallowed_methods, reason = "a slow link is what is wanted")]
async fn be_late(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Keeps a connection whose other side is gone: what is written vanishes and nothing answers.
async fn swallow(mut near: OwnedReadHalf, rule: watch::Receiver<Rule>) {
    let mut chunk = vec![0; CHUNK_OCTETS];
    let emptied = async { while near.read(&mut chunk).await.is_ok_and(|octets| octets > 0) {} };
    tokio::select! {
        () = emptied => {}
        () = refused(rule) => {}
    }
}

async fn told(orders: &mut broadcast::Receiver<(usize, usize)>, link: (usize, usize)) {
    loop {
        match orders.recv().await {
            Ok(ordered) if ordered == link => return,
            // A receiver that lagged has missed an order among many; the next one counts.
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Waits while the link is held; whether it passes.
async fn passes(rule: &mut watch::Receiver<Rule>) -> bool {
    let settled = rule.wait_for(|rule| *rule != Rule::Hold).await;
    settled.is_ok_and(|rule| *rule != Rule::Refuse)
}

async fn refused(mut rule: watch::Receiver<Rule>) {
    // The sender lives as long as the network, which ends this task with it.
    let _ = rule.wait_for(|rule| *rule == Rule::Refuse).await;
}
