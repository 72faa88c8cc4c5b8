//! A gate on the way to a server: connections can be cut, held, and cut short.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// Where a gate leads.
#[derive(Clone, Debug)]
pub(super) enum Server {
    Port(SocketAddr),
    Socket(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Open,
    /// Nothing passes.
    Held,
    /// Every answer ends after so many bytes, and its connection with it.
    Short(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    mode: Mode,
    /// Connections of an earlier generation are cut.
    generation: u64,
}

/// Listens on a free port for as long as it lives.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) address: SocketAddr,
    rule: watch::Sender<Rule>,
}

impl Gate {
    pub(super) async fn before(server: Server) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (rule, watching) = watch::channel(Rule {
            mode: Mode::Open,
            generation: 0,
        });
        tokio::spawn(accept(listener, server, watching));
        Ok(Self { address, rule })
    }

    pub(super) fn open(&self) {
        self.rule.send_modify(|rule| rule.mode = Mode::Open);
    }

    pub(super) fn hold(&self) {
        self.rule.send_modify(|rule| rule.mode = Mode::Held);
    }

    pub(super) fn cut_short_after(&self, bytes: u64) {
        self.rule.send_modify(|rule| rule.mode = Mode::Short(bytes));
    }

    /// Cuts every connection that there is, wherever it is.
    pub(super) fn cut(&self) {
        self.rule.send_modify(|rule| rule.generation += 1);
    }
}

async fn accept(listener: TcpListener, server: Server, rule: watch::Receiver<Rule>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, server.clone(), rule.clone()));
    }
}

/// A server that is away ends the connection, as its own port would.
async fn pass(client: TcpStream, server: Server, mut rule: watch::Receiver<Rule>) {
    let generation = rule.borrow().generation;
    let (asks, answers) = client.into_split();
    let watching = rule.clone();
    let passed = async move {
        match server {
            Server::Port(address) => {
                let (read, write) = TcpStream::connect(address).await?.into_split();
                both(asks, write, read, answers, watching).await
            }
            Server::Socket(path) => {
                let (read, write) = UnixStream::connect(path).await?.into_split();
                both(asks, write, read, answers, watching).await
            }
        }
    };
    let cut = rule.wait_for(|rule| rule.generation != generation);
    tokio::select! {
        _ended_for_whatever_reason = passed => {}
        _ = cut => {}
    }
}

async fn both(
    asks: impl AsyncRead + Unpin,
    to_server: impl AsyncWrite + Unpin,
    from_server: impl AsyncRead + Unpin,
    answers: impl AsyncWrite + Unpin,
    rule: watch::Receiver<Rule>,
) -> io::Result<()> {
    tokio::select! {
        ended = copy(asks, to_server, rule.clone(), false) => ended,
        ended = copy(from_server, answers, rule, true) => ended,
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut rule: watch::Receiver<Rule>,
    is_answer: bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let mut short_passed = 0;
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        let mode = rule
            .wait_for(|rule| rule.mode != Mode::Held)
            .await
            .map_err(gone)?
            .mode;
        let Mode::Short(most) = mode else {
            to.write_all(&buffer[..count]).await?;
            continue;
        };
        if !is_answer {
            to.write_all(&buffer[..count]).await?;
            continue;
        }
        let left = usize::try_from(most.saturating_sub(short_passed)).unwrap_or(usize::MAX);
        to.write_all(&buffer[..count.min(left)]).await?;
        if count >= left {
            return Ok(());
        }
        short_passed += count as u64;
    }
}
