//! One HTTP request, as a probe makes it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Most octets of an answer that are read.
const ANSWER_OCTETS_MAX: u64 = 4 << 20;

/// Status and body of `GET path` at `address`; nothing when there is no answer within `patience`.
pub fn get(address: SocketAddr, path: &str, patience: Duration) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    stream.set_write_timeout(Some(patience)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_OCTETS_MAX).read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// The value of the metric `name`, its labels included, in a text of `/metrics`.
pub fn metric(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# HELP a_total x\na_total_more 7\na_total 3\nb{node=\"x\"} 1.5\n";

        assert_eq!(metric(text, "a_total"), Some(3.0));
        assert_eq!(metric(text, "b{node=\"x\"}"), Some(1.5));
        assert_eq!(metric(text, "a"), None);
    }

    #[test]
    fn a_listener_that_says_nothing_is_given_up() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback");
        let address = listener.local_addr().expect("bound");

        assert_eq!(get(address, "/readyz", Duration::from_millis(50)), None);
    }
}
