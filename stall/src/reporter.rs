//! The reporter: one thread that names the frames of each stall, decides who hears of it, and tells them.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;

use tokio::sync::oneshot;

use crate::capture::{RawStack, Symbols};
use crate::clock::now_ns;
use crate::engine::Engine;
use crate::export::{self, Place};
#[cfg(feature = "json")]
use crate::folded;
use crate::guard::GuardState;
use crate::report::{Capture, Frame, Kind, Phase, StallReport, fingerprint};
use crate::{frames, os};

mod limit;
mod recent;
mod sites;

use limit::Limit;
pub(crate) use recent::Recent;
use sites::Sites;

/// Fingerprints whose occurrences are counted; beyond that the counting starts anew.
const MAX_FINGERPRINTS: usize = 4096;

pub(crate) enum Message {
    Stall(Box<Event>),
    /// Look up these addresses, to have the debug information read; then answer.
    WarmUp(Vec<u64>, SyncSender<()>),
    /// Answer when everything before this is done.
    Question(Question),
}

/// What the program wants to know. Who asked may be gone; then nobody needs the answer.
#[derive(Debug)]
pub(crate) enum Question {
    /// Is everything told?
    Flush(oneshot::Sender<()>),
    /// What was found, as JSON text: of megabytes, if the stacks are deep.
    #[cfg(feature = "json")]
    SnapshotJson(oneshot::Sender<String>),
}

/// One phase of one stall, as the watchdog saw it.
pub(crate) struct Event {
    /// Complete but for what follows from the stack.
    pub(crate) report: StallReport,
    pub(crate) stack: Option<RawStack>,
    pub(crate) for_probe: bool,
    pub(crate) guards: Vec<Arc<GuardState>>,
    /// Tells the watchdog that this is no stall.
    pub(crate) dismissed: Arc<AtomicBool>,
}

pub(crate) fn spawn(engine: Arc<Engine>, inbox: Receiver<Message>) -> io::Result<()> {
    thread::Builder::new()
        .name("stall-reporter".into())
        .spawn(move || {
            let mut reporter = Reporter {
                engine,
                symbols: Symbols::new(),
                open: HashMap::new(),
                counts: HashMap::new(),
                limit: Limit::default(),
                sites: Sites::default(),
                cpu_exported_ns: 0,
            };
            for message in inbox {
                match message {
                    Message::Stall(event) => reporter.handle(*event),
                    Message::WarmUp(addresses, warm) => {
                        reporter.symbols.frames(&addresses);
                        // Nobody waits if the probe runs for a guard only.
                        let _ = warm.send(());
                    }
                    Message::Question(Question::Flush(done)) => drop(done.send(())),
                    #[cfg(feature = "json")]
                    Message::Question(Question::SnapshotJson(answer)) => {
                        drop(answer.send(folded::json(&reporter.engine.snapshot())));
                    }
                }
                reporter.export_cpu();
            }
        })?;
    Ok(())
}

struct Reporter {
    engine: Arc<Engine>,
    symbols: Symbols,
    open: HashMap<u64, Open>,
    counts: HashMap<String, u64>,
    limit: Limit,
    sites: Sites,
    cpu_exported_ns: u64,
}

/// What is kept of a stall until it ends.
struct Open {
    report: StallReport,
    /// Counted for the installed probe.
    counted: bool,
    /// Passed the limit: its later phases are told too.
    told: bool,
}

impl Reporter {
    fn handle(&mut self, mut event: Event) {
        if event.dismissed.load(Relaxed) {
            self.open.remove(&event.report.id);
            return;
        }
        let before = self.open.remove(&event.report.id);
        self.name_frames(&mut event, before.as_ref());
        if frames::show_block_in_place(&event.report.frames) {
            event.dismissed.store(true, Relaxed);
            return;
        }
        for guard in &event.guards {
            guard.record(&event.report);
        }
        let mut open = Open {
            report: event.report,
            counted: before.as_ref().is_some_and(|before| before.counted),
            told: before.as_ref().is_some_and(|before| before.told),
        };
        if event.for_probe {
            self.tell_probe(&mut open);
        }
        if open.report.phase != Phase::Ended {
            self.open.insert(open.report.id, open);
        }
    }

    /// Puts names to the addresses; a phase without a stack of its own keeps the last one.
    fn name_frames(&mut self, event: &mut Event, before: Option<&Open>) {
        let report = &mut event.report;
        let stack = event
            .stack
            .take()
            .filter(|stack| !stack.addresses.is_empty());
        let stack = stack.and_then(|stack| {
            let frames = self.symbols.frames(&stack.addresses);
            let user_frames = user_frames(&frames);
            // A worker that is done with the task, but not with the turn, is not what the stall was about.
            let knew_better = before.is_some_and(|before| !before.report.user_frames.is_empty());
            let is_news = !user_frames.is_empty() || !knew_better;
            is_news.then_some((stack, frames, user_frames))
        });
        if let Some((stack, frames, user_frames)) = stack {
            (report.frames, report.user_frames) = (frames, user_frames);
            report.capture = Capture {
                method: stack.method,
                complete: stack.complete,
            };
            report.build_id = self.symbols.build_id();
        } else if let Some(Open { report: before, .. }) = before {
            report.frames.clone_from(&before.frames);
            report.user_frames.clone_from(&before.user_frames);
            report.capture = before.capture;
            report.build_id.clone_from(&before.build_id);
        }
        match before {
            Some(Open { report: before, .. }) if !before.fingerprint.is_empty() => {
                report.fingerprint.clone_from(&before.fingerprint);
                report.count = before.count;
            }
            _ => {
                report.fingerprint = fingerprint(&report.user_frames, &report.frames);
                report.count = self.occurrence(&report.fingerprint);
            }
        }
    }

    fn occurrence(&mut self, fingerprint: &str) -> u64 {
        if fingerprint.is_empty() {
            return 1; // stalls without a stack cannot be told apart
        }
        if self.counts.len() >= MAX_FINGERPRINTS && !self.counts.contains_key(fingerprint) {
            self.counts.clear();
        }
        let count = self.counts.entry(fingerprint.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Counts, keeps and, within the limit, reports a stall for the installed probe.
    fn tell_probe(&mut self, open: &mut Open) {
        let Some(settings) = self.engine.settings() else {
            return;
        };
        let report = &open.report;
        let place = Place {
            runtime: &report.runtime,
            worker: report.worker,
        };
        if !open.counted {
            open.counted = true;
            self.engine.stalls.fetch_add(1, Relaxed);
            export::stall_started(place);
            export::stall_at(self.sites.label(report));
            open.told =
                self.limit
                    .admit(&report.fingerprint, settings.reports_per_minute, now_ns());
            if !open.told {
                export::suppressed();
            }
        }
        if report.phase == Phase::Ended {
            export::stall_ended(place, report.class, report.net_us);
        }
        open.told |= report.kind == Kind::Hang;
        self.engine.recent.put(report);
        if open.told {
            log(report);
            if let Some(on_stall) = &settings.on_stall {
                // A panic in the program's callback must not end the reporter; the panic hook has shown it.
                drop(catch_unwind(AssertUnwindSafe(|| on_stall(report))));
            }
        }
    }

    fn export_cpu(&mut self) {
        let cpu_ns = os::own_cpu_time_ns();
        export::probe_cpu(cpu_ns.saturating_sub(self.cpu_exported_ns));
        self.cpu_exported_ns = cpu_ns;
    }
}

fn user_frames(frames: &[Frame]) -> Vec<Frame> {
    let user = frames.iter().filter(|frame| frames::is_user(frame));
    user.cloned().collect()
}

#[cfg(feature = "tracing")]
pub(crate) fn log(report: &StallReport) {
    tracing::warn!(
        target: "stall",
        phase = report.phase.as_str(),
        kind = report.kind.as_str(),
        class = report.class.as_str(),
        runtime = report.runtime,
        worker = report.worker,
        wall_us = report.wall_us,
        net_us = report.net_us,
        fingerprint = report.fingerprint,
        count = report.count,
        fields = ?report.fields,
        "{report}"
    );
}

#[cfg(not(feature = "tracing"))]
fn log(_report: &StallReport) {}
