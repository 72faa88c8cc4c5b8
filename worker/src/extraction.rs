//! One document through `extract`: on a thread of this process, or in a process that can do nothing else.

pub(crate) mod found; // what extraction hands over, and the sink that does it
#[cfg(target_os = "linux")]
pub(crate) mod sandbox; // processes that read documents and can do nothing else

use bytes::Bytes;
use extract::{Limits, Options, Sha256};
use shared::checksum::Checksum;

use crate::config::{ExtractOn, WorkerArgs};
use crate::cpu::Cpu;
use crate::failure::Failure;
use crate::stop::Stop;
use found::{FoundSink, SinkOf};

/// A document, and what is wanted of it.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) source: Bytes,
    /// Of what was uploaded.
    pub(crate) expected: Expected,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
}

/// How to tell that a source is what was uploaded.
#[derive(Debug)]
pub(crate) enum Expected {
    /// Damage is what there is to find: a checksum finds it, and costs little.
    Checksum(Checksum),
    /// In hexadecimal digits.
    Sha256(String),
}

/// Where documents are read.
#[derive(Clone, Debug)]
pub(crate) enum Extraction {
    /// In this process. A document that crashes it takes the worker and its other jobs along.
    Thread,
    /// In a confined process per slot.
    #[cfg(target_os = "linux")]
    Process(sandbox::Sandbox),
}

/// Documents cannot be read as the configuration asks.
#[derive(Debug, thiserror::Error)]
#[error("ISOLATION=process does not work here, ISOLATION=thread would: {0}")]
pub(crate) struct NoIsolation(String);

impl Extraction {
    /// As `args` say; starts a first process to see that it can.
    #[cfg(target_os = "linux")]
    pub(crate) async fn start(args: &WorkerArgs, cpu: &Cpu) -> Result<Self, NoIsolation> {
        use crate::config::Isolation;

        if args.work.isolation == Isolation::Thread || args.work.extract_on == ExtractOn::EventLoop
        {
            return Ok(Self::Thread);
        }
        let args = args.clone();
        let never = Stop::default();
        let started = cpu.run(&never, move |_| sandbox::Sandbox::start(&args));
        match started.await {
            Ok(Ok(sandbox)) => Ok(Self::Process(sandbox)),
            Ok(Err(error)) => Err(NoIsolation(error.to_string())),
            Err(failure) => Err(NoIsolation(failure.to_string())),
        }
    }

    /// As `args` say: only Linux has the means to confine a process.
    #[cfg(not(target_os = "linux"))]
    pub(crate) async fn start(args: &WorkerArgs, _cpu: &Cpu) -> Result<Self, NoIsolation> {
        use crate::config::Isolation;

        match args.work.isolation {
            Isolation::Thread => Ok(Self::Thread),
            Isolation::Process => Err(NoIsolation("it needs Linux".to_owned())),
        }
    }

    /// Ends the processes that wait for a document.
    pub(crate) async fn close(&self, cpu: &Cpu) {
        match self {
            Self::Thread => {}
            #[cfg(target_os = "linux")]
            Self::Process(sandbox) => sandbox.close(cpu).await,
        }
    }

    /// Reads a document into `sink` until its end, a failure, or `stop`.
    pub(crate) async fn run(
        &self,
        cpu: &Cpu,
        stop: &Stop,
        order: Order,
        sink: FoundSink,
    ) -> Result<(), Failure> {
        match self {
            Self::Thread => {
                let reading = cpu.run(stop, move |cancel| {
                    order.verify()?;
                    let (options, limits) = (&order.options, &order.limits);
                    let mut found = SinkOf {
                        found: &sink,
                        source: &order.source,
                    };
                    let summary =
                        extract::extract(&order.source, options, limits, cancel, &mut found)?;
                    Ok(sink.end(&summary.warnings)?)
                });
                reading.await?
            }
            #[cfg(target_os = "linux")]
            Self::Process(sandbox) => sandbox.run(cpu, stop, order, sink).await,
        }
    }
}

impl Expected {
    /// By what a job's record has: not every one has a checksum.
    pub(crate) fn of(checksum: Option<Checksum>, sha256: &str) -> Self {
        match checksum {
            Some(checksum) => Self::Checksum(checksum),
            None => Self::Sha256(sha256.to_owned()),
        }
    }
}

impl Order {
    /// An object store that answers with other bytes than it was given is an outage, not a bad PDF.
    fn verify(&self) -> Result<(), Failure> {
        let (expected, found) = match &self.expected {
            Expected::Checksum(expected) => {
                (expected.to_string(), Checksum::of(&self.source).to_string())
            }
            Expected::Sha256(expected) => (expected.clone(), Sha256::of(&self.source).to_string()),
        };
        match found == expected {
            true => Ok(()),
            false => Err(Failure::SourceChanged { expected, found }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(expected: Expected) -> Result<(), Failure> {
        let order = Order {
            source: Bytes::from_static(b"%PDF-1.7"),
            expected,
            options: Options::default(),
            limits: Limits::default(),
        };
        order.verify()
    }

    #[test]
    fn a_source_is_verified_by_its_checksum_and_without_one_by_its_sha_256() {
        let (checksum, sha256) = (Checksum::of(b"%PDF-1.7"), Sha256::of(b"%PDF-1.7"));
        let (other_checksum, other_sha256) = (Checksum::of(b"%PDF-1.6"), Sha256::of(b"%PDF-1.6"));
        let verified_by =
            |checksum, sha256: &Sha256| verified(Expected::of(checksum, &sha256.to_string()));
        assert!(verified_by(Some(checksum), &other_sha256).is_ok());
        assert!(verified_by(None, &sha256).is_ok());
        for refused in [
            verified_by(Some(other_checksum), &sha256),
            verified_by(None, &other_sha256),
        ] {
            assert!(
                matches!(refused, Err(Failure::SourceChanged { .. })),
                "{refused:?}"
            );
        }
    }
}
