//! `ready`: asks the process that listens on this machine, as a container's health check does.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than a readiness check may take, shorter than the health check that waits for it.
const TIMEOUT: Duration = Duration::from_secs(3);
const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const READY: &[u8] = b"HTTP/1.1 200";

/// Whether `/readyz` of the process that was told to listen on `address` answers 200. Blocks; for a process of its own.
///
/// # Errors
/// Why it does not.
pub fn ready(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&reachable(address), TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(REQUEST)?;
    let mut status = [0; READY.len()];
    stream.read_exact(&mut status)?;
    if status == READY {
        Ok(())
    } else {
        Err(io::Error::other("the process is not ready"))
    }
}

/// Who listens on all addresses is asked on the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn answered(answer: &'static [u8]) -> io::Result<()> {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; REQUEST.len()];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(answer).unwrap();
            request
        });
        let outcome = ready(address);
        assert_eq!(server.join().unwrap(), REQUEST);
        outcome
    }

    #[test]
    fn only_200_is_ready() {
        assert!(answered(b"HTTP/1.1 200 OK\r\n\r\n").is_ok());
        assert!(answered(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").is_err());
        assert!(answered(b"").is_err());
    }

    #[test]
    fn nobody_is_not_ready() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        assert!(ready(address.unwrap()).is_err());
    }
}
