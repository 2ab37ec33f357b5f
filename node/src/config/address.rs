//! Addresses of the network as the file writes them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use toml::de::DeValue;

use super::value::{Value, Wrong};

/// Where something is listened on: an address of this host, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listener(pub(super) SocketAddr);

/// Where something is reached: a name or an address, and a port. A name is resolved at each connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    host: String,
    port: u16,
}

/// Longest name of a host, in octets (RFC 1035 section 2.3.4).
const HOST_OCTETS_MAX: usize = 253;
/// Longest part of a name between two dots (RFC 1035 section 2.3.4).
const LABEL_OCTETS_MAX: usize = 63;

impl HostPort {
    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, where the host is one and no name.
    pub fn ip(&self) -> Option<IpAddr> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.parse().ok()
    }

    /// Whether only this very host reaches it.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Value for Listener {
    const KIND: &'static str = "an address to listen on";
    const HOW: &'static str =
        "write \"127.0.0.1:7170\", \"[::1]:7170\", or \"[::]:7170\" for every address of this host";

    fn read(value: &DeValue<'_>) -> Result<Listener, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        if let Ok(address) = text.parse() {
            return Ok(Listener(address));
        }
        let (host, port) = host_and_port(text).map_err(Wrong::Because)?;
        if host == "localhost" {
            return Ok(Listener(SocketAddr::from(([127, 0, 0, 1], port))));
        }
        Err(Wrong::Because(format!("{host} is a name; this host listens on addresses")))
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl Value for HostPort {
    const KIND: &'static str = "the address of a host";
    const HOW: &'static str = "write \"gw-a.example:7171\", \"10.0.0.1:7171\" or \"[fd00::1]:7171\"";

    fn read(value: &DeValue<'_>) -> Result<HostPort, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        let (host, port) = host_and_port(text).map_err(Wrong::Because)?;
        if port == 0 {
            return Err(Wrong::Because("nobody can be reached at port 0".to_owned()));
        }
        let address = HostPort { host, port };
        if address.ip().is_some_and(|ip| ip.is_unspecified()) {
            return Err(Wrong::Because(format!("nobody can be reached at {}", address.host)));
        }
        Ok(address)
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

/// The two halves of `host:port`, the host in lower case.
fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let (host, port) = text.rsplit_once(':').ok_or("it has no port")?;
    let port = port.parse().map_err(|_| format!("`{}` is no port", port.escape_debug()))?;
    if let Some(inside) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let ip: Ipv6Addr =
            inside.parse().map_err(|_| format!("`{}` is no IPv6 address", inside.escape_debug()))?;
        return Ok((format!("[{ip}]"), port));
    }
    if host.contains(':') {
        return Err("an IPv6 address stands in brackets".to_owned());
    }
    check_name(host)?;
    Ok((host.to_ascii_lowercase(), port))
}

/// A name of a host, or an IPv4 address (RFC 1123 section 2.1; `_` because container networks use it).
fn check_name(host: &str) -> Result<(), String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        let fits = (1..=LABEL_OCTETS_MAX).contains(&label.len());
        let chars = label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
        fits && chars && !label.starts_with('-') && !label.ends_with('-')
    };
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    if host.len() > HOST_OCTETS_MAX || !host.split('.').all(is_label) {
        return Err(format!("`{}` is no name of a host", host.escape_debug()));
    }
    // What looks like numbers with dots is an IPv4 address or a slip of the pen.
    let is_numeric = host.split('.').next_back().is_some_and(|last| last.bytes().all(|o| o.is_ascii_digit()));
    if is_numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        return Err(format!("`{host}` is no IPv4 address"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(wrong: Wrong) -> String {
        match wrong {
            Wrong::Kind => "kind".to_owned(),
            Wrong::Because(why) => why,
        }
    }

    fn host(text: &str) -> Result<String, String> {
        HostPort::read(&DeValue::String(text.into())).map(|address| address.to_string()).map_err(why)
    }

    fn listener(text: &str) -> Result<String, String> {
        Listener::read(&DeValue::String(text.into())).map(|listener| listener.0.to_string()).map_err(why)
    }

    #[test]
    fn names_and_addresses_of_both_kinds_are_taken() {
        for text in ["gw-a:7171", "10.0.0.1:7171", "[fd00::1]:65535", "gw_a.example.net:1", "a.b.c.:7171"] {
            assert_eq!(host(text).as_deref(), Ok(text));
        }
        assert_eq!(host("GW-A.Example:7171").as_deref(), Ok("gw-a.example:7171"));
        assert_eq!(host("[FD00:0:0:0::1]:7171").as_deref(), Ok("[fd00::1]:7171"));
        for text in ["127.0.0.1:7170", "[::]:7170", "0.0.0.0:0"] {
            assert_eq!(listener(text).as_deref(), Ok(text));
        }
        assert_eq!(listener("localhost:7170").as_deref(), Ok("127.0.0.1:7170"));
    }

    #[test]
    fn what_cannot_be_reached_or_listened_on_is_told_why() {
        let long = format!("{}:1", ["a"; 128].join("."));
        for (text, words) in [
            ("", "no port"),
            ("gw-a", "no port"),
            ("gw-a:", "`` is no port"),
            ("gw-a:65536", "`65536` is no port"),
            ("gw-a:+1x", "is no port"),
            (":7171", "no host"),
            ("gw a:7171", "no name of a host"),
            ("-a:7171", "no name of a host"),
            ("a..b:7171", "no name of a host"),
            ("http://gw-a:7171", "in brackets"),
            ("fd00::1:7171", "in brackets"),
            ("[fd00::x]:7171", "no IPv6 address"),
            ("300.0.0.1:7171", "no IPv4 address"),
            ("10.0.1:7171", "no IPv4 address"),
            ("gw-a:0", "port 0"),
            ("0.0.0.0:7171", "nobody can be reached"),
            ("[::]:7171", "nobody can be reached"),
            (&long, "no name of a host"),
        ] {
            let told = host(text).expect_err(text);
            assert!(told.contains(words), "{text}: {told}");
        }
        assert!(listener("gw-a:7170").expect_err("a name").contains("listens on addresses"));
        assert!(listener("7170").expect_err("no host").contains("no port"));
    }

    #[test]
    fn a_loopback_address_is_known_as_one() {
        let is_loopback = |text: &str| {
            HostPort::read(&DeValue::String(text.into())).is_ok_and(|address| address.is_loopback())
        };

        assert!(["127.9.9.9:1", "[::1]:1", "localhost:1", "LOCALHOST:1"].into_iter().all(is_loopback));
        assert!(!["10.0.0.1:1", "[fd00::1]:1", "gw-a:1"].into_iter().any(is_loopback));
    }
}
