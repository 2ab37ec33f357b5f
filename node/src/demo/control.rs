//! Orders to a running demo, through a socket in its folder: a killed node cannot take any.
//!
//! One order a line as JSON, one answer a line:
//!
//! | order | what it does |
//! |---|---|
//! | `{"order":"kill","name":"gw-b"}` | the node is cut off where it stands |
//! | `{"order":"start","name":"gw-b"}` | it starts again, as after a crash |
//! | `{"order":"unplug","name":"GSM3"}` | the modem is pulled out of its port |
//! | `{"order":"plug","name":"GSM3"}` | it is put back |
//!
//! The answer is `{"ok":true,"done":"…"}`, or `{"ok":false,"error":"…","names":["gw-a",…]}` with the names the order takes.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::tasks::TaskResult;

/// Longest line of an order.
const LINE_OCTETS_MAX: u64 = 4096;
/// How long a connection may keep the others waiting for its next line, or for reading its answer.
const LINE_TIMEOUT: Duration = Duration::from_secs(5);

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "order", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Order {
    Kill { name: String },
    Start { name: String },
    Unplug { name: String },
    Plug { name: String },
}

/// An order that waits for its answer.
pub(super) struct Request {
    pub(super) order: Order,
    answer: oneshot::Sender<Value>,
}

/// Why an order is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: String,
    /// The names it could have named.
    pub(super) names: Vec<String>,
}

impl Refusal {
    /// There is no such thing.
    pub(super) fn unknown(what: &str, name: &str, names: Vec<String>) -> Refusal {
        Refusal { error: format!("no {what} of the demo is called {name:?}"), names }
    }

    fn json(&self) -> Value {
        json!({ "ok": false, "error": self.error, "names": self.names })
    }
}

impl Request {
    /// Answers it.
    pub(super) fn answer(self, carried_out: Result<String, Refusal>) {
        let answer = match carried_out {
            Ok(done) => json!({ "ok": true, "done": done }),
            Err(refusal) => refusal.json(),
        };
        // Whoever asked may be gone; the order is carried out all the same.
        let _ = self.answer.send(answer);
    }
}

/// The socket of a demo.
pub(super) struct Control {
    listener: UnixListener,
    requests: mpsc::Sender<Request>,
}

impl Control {
    /// Listens at `path`; a socket that an earlier demo left there is removed.
    pub(super) fn listen(path: &Path, requests: mpsc::Sender<Request>) -> io::Result<Control> {
        match fs::remove_file(path) {
            Err(failure) if failure.kind() != io::ErrorKind::NotFound => return Err(failure),
            Ok(()) | Err(_) => {}
        }
        Ok(Control { listener: UnixListener::bind(path)?, requests })
    }

    /// Serves one connection after the other until it is cancelled.
    pub(super) async fn serve(self, cancel: CancellationToken) -> TaskResult {
        let serving = async {
            loop {
                let (stream, _) = self.listener.accept().await?;
                // A connection that breaks has nobody to be told.
                let _ = self.converse(stream).await;
            }
        };
        cancel.run_until_cancelled(serving).await.unwrap_or(Ok(()))
    }

    async fn converse(&self, stream: UnixStream) -> io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = String::new();
            let read = timeout(LINE_TIMEOUT, (&mut reader).take(LINE_OCTETS_MAX).read_line(&mut line)).await;
            if read.map_err(io::Error::from)?? == 0 {
                return Ok(());
            }
            let answer = self.ask(&line).await;
            timeout(LINE_TIMEOUT, writer.write_all(format!("{answer}\n").as_bytes())).await??;
        }
    }

    async fn ask(&self, line: &str) -> Value {
        let order = match serde_json::from_str(line) {
            Ok(order) => order,
            Err(fault) => return Refusal { error: fault.to_string(), names: Vec::new() }.json(),
        };
        let (answer, answered) = oneshot::channel();
        let ending = || Refusal { error: "the demo is ending".to_owned(), names: Vec::new() }.json();
        if self.requests.send(Request { order, answer }).await.is_err() {
            return ending();
        }
        answered.await.unwrap_or_else(|_| ending())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn say(path: &Path, words: &str) -> String {
        let mut stream = UnixStream::connect(path).await.expect("it listens");
        stream.write_all(words.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await.expect("it answers");
        answer
    }

    #[tokio::test]
    async fn an_order_is_handed_on_and_answered() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("control");
        let (requests, mut orders) = mpsc::channel(1);
        let control = Control::listen(&path, requests).expect("a socket");
        let serving = tokio::spawn(control.serve(CancellationToken::new()));

        let asked = tokio::spawn(async move { say(&path, "{\"order\":\"kill\",\"name\":\"gw-b\"}\n").await });
        let request = orders.recv().await.expect("an order");
        assert_eq!(request.order, Order::Kill { name: "gw-b".to_owned() });
        request.answer(Err(Refusal::unknown("node", "gw-b", vec!["gw-a".to_owned()])));

        let answer: Value = serde_json::from_str(&asked.await.expect("no panic")).expect("JSON");
        assert_eq!((&answer["ok"], &answer["names"]), (&json!(false), &json!(["gw-a"])));
        serving.abort();
    }

    #[tokio::test]
    async fn what_is_no_order_is_refused_and_reaches_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("control");
        let (requests, mut orders) = mpsc::channel(1);
        let control = Control::listen(&path, requests).expect("a socket");
        let serving = tokio::spawn(control.serve(CancellationToken::new()));

        for words in ["\n", "kill gw-b\n", "{\"order\":\"burn\",\"name\":\"x\"}\n", "{\"order\":\"kill\"}\n"]
        {
            let answer: Value = serde_json::from_str(&say(&path, words).await).expect("JSON");
            assert_eq!(answer["ok"], json!(false), "{words}");
        }
        assert!(orders.try_recv().is_err());
        serving.abort();
    }
}
