//! Starts extraction processes, all from one thread: the kernel kills them when the thread that started them ends, and
//! threads of the blocking pool come and go (PR_SET_PDEATHSIG(2const)).

use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use super::process::ExtractionProcess;

type Started = io::Result<ExtractionProcess>;

/// Asks the thread for processes; the last clone that goes takes the thread and all processes along.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    wanted: mpsc::Sender<mpsc::Sender<Started>>,
}

impl Starter {
    /// A thread that starts `program` with at most `memory` bytes for each process.
    pub(super) fn new(program: PathBuf, memory: u64) -> io::Result<Self> {
        let (wanted, requests) = mpsc::channel::<mpsc::Sender<Started>>();
        thread::Builder::new()
            .name("sandbox-starter".to_owned())
            .spawn(move || {
                for answer in requests {
                    let _waited_for = answer.send(ExtractionProcess::start(&program, memory));
                }
            })?;
        Ok(Self { wanted })
    }

    /// A new process, confined and ready. Blocks for as long as that takes.
    pub(super) fn start(&self) -> Started {
        let gone = || io::Error::other("the thread that starts processes is gone");
        let (answer, started) = mpsc::channel();
        self.wanted.send(answer).map_err(|_| gone())?;
        started.recv().map_err(|_| gone())?
    }
}
