//! The way to a modem: a serial device, a TCP address, or a simulated modem in this process.
//!
//! The only file that names tokio-serial. A port is opened by one worker and dropped to close it.

use std::fs::OpenOptions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use smsgrid::at::telnet::Words;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_serial::{FlowControl, SerialPortBuilderExt};

use super::holder;
use super::telnet::TelnetStream;

/// Longest wait for a TCP modem to accept the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence of the peer's TCP stack before the connection counts as lost.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes to and from a modem.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Where a modem is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A serial device.
    Serial {
        /// Path of the device; links are followed at each opening.
        device: PathBuf,
        /// Speed in bits per second.
        baudrate: u32,
        /// Whether RTS/CTS flow control is used.
        rtscts: bool,
    },
    /// A modem behind a TCP address.
    Tcp {
        /// `host:port`, resolved at each opening.
        address: String,
        /// How to sign in at a telnet host in front of it.
        words: Box<Words>,
    },
}

impl Location {
    /// Whether both lead to one port, however it is set.
    pub fn is_same_port(&self, other: &Location) -> bool {
        match (self, other) {
            (Location::Serial { device, .. }, Location::Serial { device: others, .. }) => device == others,
            (Location::Tcp { address, .. }, Location::Tcp { address: others, .. }) => address == others,
            (Location::Serial { .. }, Location::Tcp { .. })
            | (Location::Tcp { .. }, Location::Serial { .. }) => false,
        }
    }
}

/// An open port. Dropping it closes the connection and lets others have the device, which is locked for as long as it is
/// open, against processes of root too.
pub struct Port {
    way: Way,
}

enum Way {
    Plain(Box<dyn Stream>),
    Telnet(TelnetStream),
}

/// Why a port could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// There is no such device now.
    #[error("{location} is not there")]
    Missing {
        /// The device.
        location: String,
    },
    /// The user of this process may not open it.
    #[error("cannot open {location}: permission denied")]
    Forbidden {
        /// The device.
        location: String,
        /// Owner and mode of the device, as far as they can be seen.
        evidence: String,
    },
    /// Another process has it.
    #[error("{location} is in use by {holder}")]
    Busy {
        /// The device.
        location: String,
        /// Name and pid of the process that has it.
        holder: String,
    },
    /// The host of a TCP modem did not answer, or refused.
    #[error("no connection to {location}: {why}")]
    Unreachable {
        /// The address.
        location: String,
        /// What the system said.
        why: String,
    },
    /// The host in front of a modem does not let us in.
    #[error("cannot sign in at {location}: {why}")]
    NotSignedIn {
        /// The address.
        location: String,
        /// What went wrong.
        why: String,
    },
    /// The device cannot be set up as a serial line.
    #[error("{location} is no serial line that can be set up: {why}")]
    NotSerial {
        /// The device.
        location: String,
        /// What the system said.
        why: String,
    },
}

impl Location {
    /// Opens the port: exclusive, raw, 8N1.
    pub async fn open(&self) -> Result<Port, PortError> {
        match self {
            Location::Serial { device, baudrate, rtscts } => {
                let (device, baudrate, rtscts) = (device.clone(), *baudrate, *rtscts);
                let location = self.to_string();
                // Opening a line, and looking for who has it, may take long: other modems must not wait for it.
                let opening = tokio::task::spawn_blocking(move || open_serial(&device, baudrate, rtscts));
                opening.await.unwrap_or_else(|failure| {
                    Err(PortError::NotSerial { location, why: failure.to_string() })
                })
            }
            Location::Tcp { address, words } => open_tcp(address, words).await,
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Serial { device, .. } => write!(f, "{}", device.display()),
            Location::Tcp { address, .. } => write!(f, "tcp:{address}"),
        }
    }
}

impl Port {
    /// A port on a connection that is already there.
    pub fn new(stream: Box<dyn Stream>) -> Port {
        Port { way: Way::Plain(stream) }
    }

    /// Waits for bytes from the modem. Safe to drop.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.way {
            Way::Plain(stream) => stream.read(buffer).await,
            Way::Telnet(stream) => stream.read(buffer).await,
        }
    }

    /// Hands all bytes to the system. It does not wait until they are on the wire: on a serial line that is `tcdrain`,
    /// which holds the thread, and with it other modems, for as long as a slow or stopped line takes.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.way {
            Way::Plain(stream) => stream.write_all(bytes).await,
            Way::Telnet(stream) => stream.write(bytes).await,
        }
    }
}

fn open_serial(device: &Path, baudrate: u32, rtscts: bool) -> Result<Port, PortError> {
    probe(device)?;
    let flow = if rtscts { FlowControl::Hardware } else { FlowControl::None };
    let stream = tokio_serial::new(device.to_string_lossy(), baudrate)
        .flow_control(flow)
        .open_native_async()
        .map_err(|error| serial_error(device, &error))?;
    Ok(Port::new(Box::new(stream)))
}

/// Opens and closes the device once: the plain error tells why it cannot be opened, where the serial library only says
/// that there is no device.
fn probe(device: &Path) -> Result<(), PortError> {
    let flags = OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let opened = OpenOptions::new().read(true).write(true).custom_flags(flags).open(device);
    opened.map(drop).map_err(|error| open_error(device, &error))
}

fn open_error(device: &Path, error: &io::Error) -> PortError {
    let location = device.display().to_string();
    // The driver says ENODEV or ENXIO for a stick that was pulled while its device file still stands.
    let gone = [Errno::NOENT, Errno::NODEV, Errno::NXIO];
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound
        || gone.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
    {
        PortError::Missing { location }
    } else if kind == io::ErrorKind::PermissionDenied {
        PortError::Forbidden { location, evidence: evidence(device) }
    } else if kind == io::ErrorKind::ResourceBusy {
        busy(device)
    } else {
        PortError::NotSerial { location, why: error.to_string() }
    }
}

fn serial_error(device: &Path, error: &tokio_serial::Error) -> PortError {
    match error.kind {
        tokio_serial::ErrorKind::Io(kind) => open_error(device, &io::Error::from(kind)),
        // What could be opened a moment ago and is no device now is locked by another process.
        tokio_serial::ErrorKind::NoDevice => busy(device),
        tokio_serial::ErrorKind::InvalidInput | tokio_serial::ErrorKind::Unknown => {
            PortError::NotSerial { location: device.display().to_string(), why: error.to_string() }
        }
    }
}

fn busy(device: &Path) -> PortError {
    let holder = holder::find(device).unwrap_or_else(|| "another process".to_owned());
    PortError::Busy { location: device.display().to_string(), holder }
}

fn evidence(device: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata(device) {
        Ok(meta) => format!("it belongs to {}:{}, mode {:04o}", meta.uid(), meta.gid(), meta.mode() & 0o7777),
        Err(error) => format!("its owner cannot be seen: {error}"),
    }
}

async fn open_tcp(address: &str, words: &Words) -> Result<Port, PortError> {
    let location = || format!("tcp:{address}");
    let unreachable = |why: String| PortError::Unreachable { location: location(), why };
    let connecting = async {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.collect();
        TcpStream::connect(addresses.as_slice()).await
    };
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
        .await
        .map_err(|_| unreachable(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())))?
        .map_err(|error| unreachable(error.to_string()))?;
    watch_peer(&stream).map_err(|error| unreachable(error.to_string()))?;
    let mut stream = TelnetStream::new(Box::new(stream));
    let signed_in = stream.sign_in(words.clone()).await;
    signed_in.map_err(|why| PortError::NotSignedIn { location: location(), why })?;
    Ok(Port { way: Way::Telnet(stream) })
}

/// A peer that vanished without a word must not look like a silent modem for hours.
fn watch_peer(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, PEER_TIMEOUT)?;
    sockopt::set_tcp_keepintvl(stream, PEER_TIMEOUT / 3)?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    let timeout_ms = u32::try_from(PEER_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(stream, timeout_ms)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{ControlModes, InputModes, LocalModes, OutputModes, tcgetattr};
    use tokio::io::ReadBuf;

    use super::*;

    fn serial(device: &Path) -> Location {
        Location::Serial { device: device.to_owned(), baudrate: 115_200, rtscts: false }
    }

    #[tokio::test]
    async fn a_device_that_is_not_there_is_missing() {
        let error = serial(Path::new("/dev/no-such-modem")).open().await.err().expect("refused");

        assert_eq!(error.to_string(), "/dev/no-such-modem is not there");
    }

    #[tokio::test]
    async fn a_plain_file_is_no_serial_line() {
        let file = tempfile::NamedTempFile::new().expect("a file");

        let error = serial(file.path()).open().await.err().expect("refused");

        assert!(matches!(error, PortError::NotSerial { .. }), "{error}");
    }

    /// A pty: the modem's end, and the device of the other.
    fn pty() -> (OwnedFd, PathBuf) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("its other end");
        let device = ptsname(&master, Vec::new()).expect("its name").into_string().expect("ASCII");
        (master, PathBuf::from(device))
    }

    #[tokio::test]
    async fn a_line_has_the_speed_and_the_handshake_it_is_opened_with() {
        let (master, device) = pty();
        for (baudrate, rtscts) in
            [(300, false), (9600, true), (19_200, false), (57_600, false), (115_200, true), (4_000_000, true)]
        {
            let location = Location::Serial { device: device.clone(), baudrate, rtscts };

            let _port = location.open().await.expect("free");

            // The modem's end of a pty shows how the other one is set.
            let line = tcgetattr(&master).expect("a terminal");
            let control = line.control_modes;
            assert_eq!((line.output_speed(), line.input_speed()), (baudrate, baudrate));
            assert_eq!(control.contains(ControlModes::CRTSCTS), rtscts, "{baudrate}");
            assert!(control.contains(ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL));
            assert!(
                !control.intersects(ControlModes::PARENB | ControlModes::CSTOPB),
                "no parity, one stop bit"
            );
            assert!(!line.input_modes.intersects(InputModes::IXON | InputModes::IXOFF | InputModes::ICRNL));
            assert!(!line.local_modes.intersects(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
            assert!(!line.output_modes.contains(OutputModes::OPOST), "octets pass as they are");
        }
    }

    #[tokio::test]
    async fn a_device_locked_by_another_is_busy() {
        let (_master, device) = pty();
        let _first = serial(&device).open().await.expect("free until now");

        let error = serial(&device).open().await.err().expect("refused");

        assert!(matches!(error, PortError::Busy { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_closed_tcp_port_is_unreachable() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = free.local_addr().expect("bound").to_string();
        drop(free);

        let error = Location::Tcp { address, words: Box::default() }.open().await.err().expect("refused");

        assert!(matches!(error, PortError::Unreachable { .. }), "{error}");
    }

    #[tokio::test]
    async fn bytes_that_stay_on_a_stopped_line_hold_nobody() {
        let mut port = Port::new(Box::new(Stopped));

        let written = tokio::time::timeout(Duration::from_secs(1), port.write(b"AT\r")).await;

        assert!(written.is_ok_and(|written| written.is_ok()));
    }

    /// Takes bytes and never gets them out.
    struct Stopped;

    impl AsyncRead for Stopped {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Stopped {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
}
