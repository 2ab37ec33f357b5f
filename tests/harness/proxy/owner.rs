//! Who opened a connection: the kernel's table of sockets gives its inode, and a process that holds the inode owns it.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::Pids;

/// How often it is looked: a row or a descriptor can be missing from one reading of a table that changes meanwhile.
const LOOKS: usize = 5;

/// Tells the node behind the far end of a connection.
#[derive(Clone, Debug)]
pub struct Owners {
    pids: Pids,
}

impl Owners {
    /// Looks among the processes `pids`, by number of node.
    pub fn among(pids: Pids) -> Owners {
        Owners { pids }
    }

    /// The node that opened the connection whose own address is `address`; nothing when none of them did.
    pub(super) fn of(&self, address: SocketAddr) -> Option<usize> {
        (0..LOOKS).find_map(|_| self.look(address))
    }

    fn look(&self, address: SocketAddr) -> Option<usize> {
        let inode = inode(&fs::read_to_string("/proc/net/tcp").ok()?, address)?;
        let socket = format!("socket:[{inode}]");
        let pids = self.pids.lock().expect("no holder panics").clone();
        pids.iter().position(|pid| pid.is_some_and(|pid| holds(pid, &socket)))
    }
}

/// The inode of the socket whose local address is `address`, in a table like `/proc/net/tcp`.
fn inode(table: &str, address: SocketAddr) -> Option<u64> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    // The kernel prints the address as the number it holds in memory, so in the order of the machine.
    let wanted = format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port());
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.get(1) == Some(&wanted.as_str()))?;
    row.get(9)?.parse().ok().filter(|inode| *inode != 0)
}

fn holds(pid: u32, socket: &str) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.into_iter().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == Path::new(socket)))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_connection_of_this_process_is_found_and_one_that_is_gone_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let address = stream.local_addr().expect("connected");
        let owners =
            Owners::among(Arc::new(Mutex::new(vec![None, Some(u32::MAX), Some(std::process::id())])));

        assert_eq!(owners.of(address), Some(2));
        assert_eq!(owners.of("127.1.2.3:9".parse().expect("an address")), None);
        assert_eq!(Owners::among(Arc::new(Mutex::new(vec![Some(u32::MAX)]))).of(address), None);
    }
}
