//! Extraction in processes that can do nothing but read what they are given and answer: a document that crashes its
//! reader, or takes it over, gets neither the worker nor another job.

mod child; // the process: from its start to its last answer
mod confine; // what it gives up before it sees a document
mod message; // what worker and process tell each other
mod process; // one process as its worker sees it
mod source; // the memory in which it finds a document
mod starter; // starts them

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use extract::ExtractError;
use metrics::counter;
use shared::telemetry::names;

use super::Order;
use super::found::FoundSink;
use crate::config::WorkerArgs;
use crate::cpu::Cpu;
use crate::failure::Failure;
use crate::stop::Stop;
pub use child::serve_if_extraction_process;
pub(crate) use process::Death;
use process::{ExtractionProcess, Killer};
use starter::Starter;

/// This program, also after its file was replaced by an upgrade (proc_pid_exe(5)).
const THIS_PROGRAM: &str = "/proc/self/exe";

/// How long a worker that leaves waits for a slot in which its processes can be ended.
const LAST_SLOT: Duration = Duration::from_secs(1);

/// A process per slot, kept between documents.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    idle: Mutex<Vec<ExtractionProcess>>,
    starter: Starter,
    slots: usize,
    most_documents: u32,
    most_resident: u64,
    cpu_time: Duration,
    /// A reply cannot be longer than the memory it was made in.
    longest_reply: u32,
}

impl Sandbox {
    /// Starts the first process, which shows that processes can be confined here.
    pub(crate) fn start(args: &WorkerArgs) -> io::Result<Self> {
        let memory = args.work.max_memory.as_u64();
        let program = args.work.sandbox_program.clone();
        let starter = Starter::new(program.unwrap_or(PathBuf::from(THIS_PROGRAM)), memory)?;
        let first = starter.start()?;
        Ok(Self(Arc::new(Shared {
            idle: Mutex::new(vec![first]),
            starter,
            slots: args.slots(),
            most_documents: args.work.process_documents.get(),
            most_resident: args.work.process_resident.as_u64(),
            cpu_time: args.limits.job_timeout,
            longest_reply: u32::try_from(memory).unwrap_or(u32::MAX),
        })))
    }

    /// Has a process read a document into `sink`. A `stop` kills the process: it needs no time to notice.
    pub(crate) async fn run(
        &self,
        cpu: &Cpu,
        stop: &Stop,
        order: Order,
        sink: FoundSink,
    ) -> Result<(), Failure> {
        let running = Arc::new(OnceLock::new());
        let (sandbox, started) = (self.clone(), Arc::clone(&running));
        let reading = cpu.run(stop, move |cancel| {
            order.verify()?;
            let process = sandbox.process()?;
            // Whoever stops the attempt sets the flag first and looks for a process then: one of the two is seen.
            let _set_once = started.set(process.killer());
            if cancel.is_cancelled() {
                return Err(ExtractError::Cancelled.into());
            }
            sandbox.read(process, &order, &sink)
        });
        tokio::select! {
            read = reading => read?,
            never = kill_when_stopped(stop, &running) => match never {},
        }
    }

    /// Ends the idle processes through the door to blocking work, since each is waited for.
    pub(crate) async fn close(&self, cpu: &Cpu) {
        let idle = std::mem::take(&mut *self.idle());
        let never = Stop::default();
        let ending = cpu.run(&never, move |_| drop(idle));
        if tokio::time::timeout(LAST_SLOT, ending).await.is_err() {
            tracing::warn!("every slot is still held by a document");
        }
    }

    fn read(
        &self,
        mut process: ExtractionProcess,
        order: &Order,
        sink: &FoundSink,
    ) -> Result<(), Failure> {
        process.limit_cpu(self.0.cpu_time)?;
        let read = process.read(order, self.0.longest_reply, sink);
        match &read {
            Ok(()) => self.keep(process),
            Err(Failure::Extract(error)) if *error != ExtractError::SinkClosed => {
                self.keep(process);
            }
            Err(Failure::Died(death)) => {
                counter!(names::SANDBOX_DEATHS_TOTAL, "cause" => death.cause()).increment(1);
            }
            Err(_) => {}
        }
        read
    }

    /// An idle process that still lives, or a new one.
    fn process(&self) -> io::Result<ExtractionProcess> {
        loop {
            let Some(mut idle) = self.idle().pop() else {
                return self.0.starter.start();
            };
            if idle.is_alive() {
                return Ok(idle);
            }
        }
    }

    /// Keeps a process for the next document, unless it is old, grown, or one too many.
    fn keep(&self, process: ExtractionProcess) {
        let usage = process.usage();
        let small = usage.is_ok_and(|usage| usage.resident_bytes <= self.0.most_resident)
            && process.forget_source().is_ok();
        let mut idle = self.idle();
        if small && process.documents < self.0.most_documents && idle.len() < self.0.slots {
            idle.push(process);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<ExtractionProcess>> {
        let idle = self.0.idle.lock();
        idle.unwrap_or_else(PoisonError::into_inner)
    }
}

async fn kill_when_stopped(stop: &Stop, running: &OnceLock<Killer>) -> Infallible {
    stop.triggered().await;
    if let Some(killer) = running.get() {
        killer.kill_unless_dead();
    }
    std::future::pending().await
}
