//! The extraction process: confined first, then one document after the other as it is asked for.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use extract::{Cancel, Document, Image, Page, Sink, SinkClosed};

use super::confine::{ConfineError, confine};
use super::message::{Reply, ReplyImage, Request};
use super::source::SourceReader;
use crate::cpu::panic_message;
use crate::extraction::found::{FoundDocument, FoundPage};

/// The first argument of a process that is to be one. The second is how many bytes of memory it may use.
pub(super) const ARGUMENT: &str = "extraction-process";

/// Answers go through in pieces of this size.
const BUFFER: usize = 64 << 10;

/// Why there are no more answers.
#[derive(Debug, thiserror::Error)]
enum ChildError {
    #[error("no memory limit was given")]
    NoLimit,
    #[error(transparent)]
    Confine(#[from] ConfineError),
    #[error("no worker: {0}")]
    Worker(#[from] io::Error),
}

/// Serves as extraction process, if this process was started to be one.
///
/// The `main` of every program that runs a worker calls it before anything else: the worker starts its own program
/// with arguments of which nobody else needs to know.
pub fn serve_if_extraction_process() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next()? != ARGUMENT {
        return None;
    }
    let memory = arguments.next().and_then(|bytes| bytes.parse().ok());
    Some(match serve(memory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_listens = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    })
}

fn serve(memory: Option<u64>) -> Result<(), ChildError> {
    // A panic is answered as such; nobody reads a report of it.
    std::panic::set_hook(Box::new(|_| {}));
    let [source, worker] = [rustix::stdio::stdin(), rustix::stdio::stdout()]
        .map(|file| rustix::io::dup(file).map_err(io::Error::from));
    let (source, worker) = (File::from(source?), File::from(worker?));
    confine(memory.ok_or(ChildError::NoLimit)?)?;
    let mut source = SourceReader::new(source);
    let mut requests = BufReader::new(&worker);
    let mut replies = BufWriter::with_capacity(BUFFER, &worker);
    Reply::Ready.write(&mut replies)?;
    while let Some(request) = Request::read(&mut requests)? {
        let source = source.read(request.source_bytes)?;
        answer(&request, source, &mut replies).write(&mut replies)?;
    }
    Ok(())
}

/// Sends what is found and returns the last reply.
fn answer(request: &Request, source: &[u8], replies: &mut impl Write) -> Reply {
    let mut sink = ReplySink { replies, source };
    let (options, limits) = (request.options(), &request.limits);
    let cancel = Cancel::new(); // to cancel it, it is killed
    let read = catch_unwind(AssertUnwindSafe(|| {
        extract::extract(source, &options, limits, &cancel, &mut sink)
    }));
    match read {
        Ok(Ok(summary)) => Reply::End(summary.warnings),
        Ok(Err(error)) => Reply::Failed(error),
        Err(panic) => Reply::Panicked(panic_message(&*panic)),
    }
}

/// Writes what is found as it is found.
struct ReplySink<'a, W> {
    replies: &'a mut W,
    source: &'a [u8],
}

impl<W: Write> ReplySink<'_, W> {
    fn send(&mut self, reply: &Reply) -> Result<(), SinkClosed> {
        reply.write(&mut self.replies).map_err(|_| SinkClosed)
    }
}

impl<W: Write> Sink for ReplySink<'_, W> {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        self.send(&Reply::Document(FoundDocument::from(&document)))
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        self.send(&Reply::Image(ReplyImage::new(image, self.source)))
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        self.send(&Reply::Page(FoundPage::from(page)))
    }
}
