//! A report as text for people: one line of facts, then the stack.

use std::fmt;

use super::{Class, Frame, Kind, Phase, StallReport};

/// Frames between the innermost and the first of the program's own that are worth a line.
const LEADING_FRAMES: usize = 8;
/// So much time without a CPU makes a stall look longer than it is.
const WORTH_TELLING_US: u64 = 1_000;

impl fmt::Display for StallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.phase {
            Phase::Started | Phase::Ongoing => "stalled for ",
            Phase::Ended => "stalled ",
        })?;
        write!(f, "{:.1} ms", self.wall_us as f64 / 1e3)?;
        if self.wall_us.saturating_sub(self.net_us) >= WORTH_TELLING_US {
            // What it is blamed for is this.
            write!(f, " ({:.1} ms net)", self.net_us as f64 / 1e3)?;
        }
        match (self.class, &self.syscall) {
            (Class::Blocked, Some(syscall)) => write!(f, ", blocked in {syscall}")?,
            (Class::Blocked, None) => write!(f, ", blocked")?,
            (Class::Cpu, _) => write!(f, ", computing")?,
            (Class::Unknown, _) => {}
        }
        if self.kind == Kind::Hang {
            f.write_str(", a hang")?;
        }
        write!(f, "; runtime {}", self.runtime)?;
        if let Some(worker) = self.worker {
            write!(f, ", worker {worker}")?;
        }
        for (key, value) in &self.fields {
            write!(f, ", {key}={value}")?;
        }
        self.write_stack(f)
    }
}

impl StallReport {
    /// The way from the innermost frame to the program's own code, then the program's own frames.
    fn write_stack(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leading = self
            .frames
            .iter()
            .position(|frame| Some(frame) == self.user_frames.first());
        let leading = leading.unwrap_or(self.frames.len()).min(LEADING_FRAMES);
        for frame in self.frames.iter().take(leading) {
            write!(f, "\n       {frame}")?;
        }
        for (index, frame) in self.user_frames.iter().enumerate() {
            write!(f, "\n    {} {frame}", if index == 0 { "->" } else { "  " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (&self.file, self.line, &self.module) {
            (Some(file), Some(line), _) => write!(f, " at {file}:{line}"),
            (_, _, Some(module)) => write!(f, " in {module}+{:#x}", self.address),
            _ => Ok(()),
        }
    }
}
