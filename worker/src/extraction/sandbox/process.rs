//! One extraction process as its worker sees it: started, asked, killed, and why it died.

use std::ffi::OsStr;
use std::io::{self, BufReader, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, pidfd_open, pidfd_send_signal};
use thiserror::Error;

use super::child::ARGUMENT;
use super::message::{Reply, Request};
use super::source::SourceMemory;
use crate::extraction::Order;
use crate::extraction::found::FoundSink;
use crate::failure::Failure;

/// Pieces in which answers are taken.
const BUFFER: usize = 64 << 10;
/// mimalloc reserves 1 GiB of address space at once, which a limit on it could not tell from use.
const ARENA: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "64MiB");
/// How long a process may take to be confined; nobody could stop a job that waits for it.
const START: Duration = Duration::from_secs(10);
/// What a process may say about its end.
const LAST_WORDS: u64 = 4096;
/// How the standard library begins to report an allocation that failed, before it aborts.
const OUT_OF_MEMORY: &str = "memory allocation of";

/// A process that reads one document at a time.
#[derive(Debug)]
pub(super) struct ExtractionProcess {
    child: Child,
    source: SourceMemory,
    replies: BufReader<UnixStream>,
    stderr: ChildStderr,
    killer: Killer,
    /// Documents that it was asked for.
    pub(super) documents: u32,
}

/// Ends a process from any thread; the handle never means another process (pidfd_open(2)).
#[derive(Clone, Debug)]
pub(super) struct Killer(Arc<OwnedFd>);

/// A process ended that should not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum Death {
    /// It asked for more memory than `MAX_MEMORY`.
    #[error("the document needs more memory than MAX_MEMORY allows")]
    Memory,
    /// It used more CPU time than `JOB_TIMEOUT`.
    #[error("the document needs more CPU time than JOB_TIMEOUT allows")]
    CpuTime,
    /// It answered what no extraction answers, and was killed for it.
    #[error("it answered nonsense: {0}")]
    Nonsense(String),
    /// A signal or an exit that nobody asked for.
    #[error("{status}{}{words}", if words.is_empty() { "" } else { ": " })]
    Crash {
        /// As the system tells it.
        status: ExitStatus,
        /// What it wrote at last.
        words: String,
    },
}

impl Death {
    /// The label of the metric.
    pub(super) fn cause(&self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::CpuTime => "cpu-time",
            Self::Nonsense(_) => "nonsense",
            Self::Crash { .. } => "crash",
        }
    }
}

/// What a process has used since its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    cpu: Duration,
    pub(super) resident_bytes: u64,
}

impl ExtractionProcess {
    /// Starts `program` as extraction process with at most `memory` bytes, and waits until it is confined.
    pub(super) fn start(program: &Path, memory: u64) -> io::Result<Self> {
        let source = SourceMemory::new()?;
        let (ours, theirs) = UnixStream::pair()?;
        let mut child = Command::new(program)
            .arg0("pdf-ingest-extraction")
            .args([OsStr::new(ARGUMENT), OsStr::new(&memory.to_string())])
            .env_clear()
            .env(ARENA.0, ARENA.1)
            .current_dir("/")
            .process_group(0) // a ctrl-c at the worker's terminal is the worker's affair
            .stdin(source.for_reading()?)
            .stdout(OwnedFd::from(theirs))
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().ok_or(ErrorKind::BrokenPipe)?;
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        let mut process = Self {
            child,
            source,
            replies: BufReader::with_capacity(BUFFER, ours),
            stderr,
            killer: Killer(Arc::new(pidfd)),
            documents: 0,
        };
        if !process.replies_within(START)? {
            return Err(io::Error::new(ErrorKind::TimedOut, "it does not start"));
        }
        match Reply::read(&mut process.replies, u32::MAX) {
            Ok(Reply::Ready) => Ok(process),
            _ => Err(io::Error::other(process.death().to_string())),
        }
    }

    fn replies_within(&self, within: Duration) -> io::Result<bool> {
        let mut replies = [PollFd::new(self.replies.get_ref(), PollFlags::IN)];
        let within = Timespec::try_from(within).ok();
        Ok(poll(&mut replies, within.as_ref())? > 0)
    }

    pub(super) fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// Whether it can be asked. An idle process may have been killed by the system or by hand.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Has it read a document into `sink`.
    ///
    /// After an error other than [`Failure::Extract`] it must not be used again.
    pub(super) fn read(
        &mut self,
        order: &Order,
        longest: u32,
        sink: &FoundSink,
    ) -> Result<(), Failure> {
        self.documents += 1;
        self.source.write(&order.source)?;
        let request = Request::new(&order.options, &order.limits, order.source.len());
        if request.write(self.replies.get_mut()).is_err() {
            return Err(Failure::Died(self.death()));
        }
        loop {
            match Reply::read(&mut self.replies, longest) {
                Ok(Reply::Document(document)) => sink.found_document(document)?,
                Ok(Reply::Image(image)) => match image.found_in(&order.source) {
                    Ok(image) => sink.found_image(image)?,
                    Err(error) => return Err(nonsense(&error)),
                },
                Ok(Reply::Page(page)) => sink.found_page(page)?,
                Ok(Reply::End(warnings)) => return Ok(sink.end(&warnings)?),
                Ok(Reply::Failed(error)) => return Err(error.into()),
                Ok(Reply::Panicked(message)) => return Err(Failure::Panicked(message)),
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    return Err(nonsense(&error));
                }
                Ok(Reply::Ready) | Err(_) => return Err(Failure::Died(self.death())),
            }
        }
    }

    /// To be called between two documents.
    pub(super) fn forget_source(&self) -> io::Result<()> {
        self.source.shrink()
    }

    /// Lets it use at most `more` CPU time from now on; then it gets SIGXCPU.
    pub(super) fn limit_cpu(&self, more: Duration) -> io::Result<()> {
        let until = self.usage()?.cpu.saturating_add(more).as_secs() + 1;
        let limit = Rlimit {
            current: Some(until),
            maximum: None,
        };
        let pid = Pid::from_child(&self.child);
        rustix::process::prlimit(Some(pid), Resource::Cpu, limit)?;
        Ok(())
    }

    /// From `stat`: fields 14 and 15 are clock ticks in user and kernel mode, 24 resident pages (proc_pid_stat(5)).
    pub(super) fn usage(&self) -> io::Result<Usage> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after_name.split(' ').collect();
        let field = |number: usize| -> io::Result<u64> {
            let text = fields.get(number - 3);
            let value = text.and_then(|text| text.parse().ok());
            value.ok_or_else(|| ErrorKind::InvalidData.into())
        };
        let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
        let cpu_ms = (field(14)? + field(15)?).saturating_mul(1000) / ticks_per_second;
        let page = rustix::param::page_size() as u64;
        Ok(Usage {
            cpu: Duration::from_millis(cpu_ms),
            resident_bytes: field(24)?.saturating_mul(page),
        })
    }

    /// Ends it and tells what it died of.
    fn death(&mut self) -> Death {
        self.killer.kill_unless_dead();
        let Ok(status) = self.child.wait() else {
            return Death::Crash {
                status: ExitStatus::default(),
                words: "it cannot be waited for".to_owned(),
            };
        };
        let mut words = Vec::new();
        let _as_far_as_it_goes = (&mut self.stderr).take(LAST_WORDS).read_to_end(&mut words);
        let words = String::from_utf8_lossy(&words).trim().to_owned();
        if status.signal() == Some(Signal::XCPU.as_raw()) {
            Death::CpuTime
        } else if words.starts_with(OUT_OF_MEMORY) {
            Death::Memory
        } else {
            Death::Crash { status, words }
        }
    }
}

fn nonsense(error: &io::Error) -> Failure {
    Failure::Died(Death::Nonsense(error.to_string()))
}

impl Drop for ExtractionProcess {
    fn drop(&mut self) {
        self.killer.kill_unless_dead();
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "an extraction process could not be waited for");
        }
    }
}

impl Killer {
    /// SIGKILL: nothing in the process can stop it, and nothing in it needs to be told.
    pub(super) fn kill_unless_dead(&self) {
        let _dead_already = pidfd_send_signal(&*self.0, Signal::KILL);
    }
}
