//! The address of a server, and the connection to it.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

/// The port of `listen.api`.
const PORT: u16 = 7170;
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection without an answer for this long is asked whether it lives.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(2);
/// And is given up after this long without an answer to that.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// A server that may be asked.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// `http://host:port`.
    url: String,
    channel: Option<Channel>,
}

impl Server {
    /// The server at `host`, `host:port` or `http://host:port`.
    pub(crate) fn parse(text: &str) -> Result<Server, String> {
        let text = text.trim();
        let address = match text.split_once("://") {
            Some(("http", address)) => address.trim_end_matches('/'),
            Some((scheme, _)) => {
                return Err(format!("it begins with {scheme}://, and only http:// can be asked"));
            }
            None => text,
        };
        let url = format!("http://{}", with_port(address));
        let is_plain = |endpoint: &Endpoint| {
            let uri = endpoint.uri();
            uri.path() == "/" && uri.port_u16().is_some() && uri.host().is_some_and(|host| !host.is_empty())
        };
        match Endpoint::from_shared(url.clone()) {
            Ok(endpoint) if is_plain(&endpoint) => Ok(Server { url, channel: None }),
            Ok(_) | Err(_) => Err("write host:port or http://host:port".to_owned()),
        }
    }

    /// Its address in full.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How it is named to people.
    pub(crate) fn name(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The connection, made now if there is none.
    pub(super) async fn channel(&mut self) -> Result<Channel, String> {
        if let Some(channel) = &self.channel {
            return Ok(channel.clone());
        }
        let endpoint = Endpoint::from_shared(self.url.clone()).map_err(|error| cause(&error))?;
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let channel = endpoint.connect().await.map_err(|error| cause(&error))?;
        self.channel = Some(channel.clone());
        Ok(channel)
    }

    /// Gives the connection up: the next question makes a new one.
    pub(super) fn forget(&mut self) {
        self.channel = None;
    }
}

fn with_port(address: &str) -> String {
    let after_host = address.rsplit_once(']').map_or(address, |(_, after)| after);
    if after_host.contains(':') { address.to_owned() } else { format!("{address}:{PORT}") }
}

/// The deepest cause of an error, which says what happened.
pub(super) fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(next) = deepest.source() {
        deepest = next;
    }
    deepest.to_string()
}

#[test]
fn an_address_is_read_in_every_form() {
    let url = |text| Server::parse(text).map(|server| server.url);

    assert_eq!(url("gw-a").as_deref(), Ok("http://gw-a:7170"));
    assert_eq!(url("gw-a:7172").as_deref(), Ok("http://gw-a:7172"));
    assert_eq!(url(" http://127.0.0.1:7170/ ").as_deref(), Ok("http://127.0.0.1:7170"));
    assert_eq!(url("[::1]").as_deref(), Ok("http://[::1]:7170"));
    assert_eq!(url("[::1]:9").as_deref(), Ok("http://[::1]:9"));
}

#[test]
fn what_is_no_address_is_refused() {
    for text in ["", "https://gw-a", "http://", "gw a:7170", "gw-a:70000", "http://gw-a:7170/api"] {
        assert!(Server::parse(text).is_err(), "{text}");
    }
}
