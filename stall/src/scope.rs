//! Attribution: fields that name what is being done, attached to a future and carried by its stall reports.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use crate::slot::{self, ThreadSlot};

/// Scopes in scopes are followed this far out.
const MAX_DEPTH: usize = 16;

/// Ended scopes that are remembered: a stall may be looked at a moment after its future is gone.
const REMEMBERED: usize = 256;

static SCOPES: LazyLock<Mutex<Scopes>> = LazyLock::new(Mutex::default);
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

#[derive(Default)]
struct Scopes {
    fields: HashMap<u64, ScopeFields>,
    ended: VecDeque<u64>,
}

struct ScopeFields {
    fields: Vec<(String, String)>,
    /// The scope around this one at its last poll, 0 for none.
    outer: u64,
}

/// Names what `future` is doing, for instance `[("job.id", id), ("stage", "upload")]`.
///
/// A stall in one of its polls carries these fields in [`crate::StallReport::fields`], together with those of the
/// scopes around it (the inner one wins). They never become metric labels. A poll costs two plain stores more; making
/// and dropping a scope costs a lock each.
///
/// ```
/// # async fn run() {
/// let job_id = 7;
/// stall::scope([("job.id", job_id.to_string())], async { /* ... */ }).await;
/// # }
/// ```
pub fn scope<F, K, V>(fields: impl IntoIterator<Item = (K, V)>, future: F) -> Scoped<F>
where
    F: Future,
    K: Into<String>,
    V: Into<String>,
{
    let id = NEXT_ID.fetch_add(1, Relaxed);
    let fields = fields
        .into_iter()
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    scopes().fields.insert(id, ScopeFields { fields, outer: 0 });
    Scoped {
        entry: ScopeEntry { id, outer: 0 },
        future,
    }
}

/// The fields of the scope `id` and of those around it.
pub(crate) fn fields_of(id: u64) -> BTreeMap<String, String> {
    let scopes = scopes();
    let mut fields = BTreeMap::new();
    let mut next = id;
    for _ in 0..MAX_DEPTH {
        let Some(scope) = scopes.fields.get(&next) else {
            break;
        };
        for (key, value) in &scope.fields {
            fields.entry(key.clone()).or_insert_with(|| value.clone());
        }
        next = scope.outer;
    }
    fields
}

/// A future with fields, see [`scope`].
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct Scoped<F> {
    entry: ScopeEntry,
    future: F,
}

#[derive(Debug)]
struct ScopeEntry {
    id: u64,
    outer: u64,
}

impl Drop for ScopeEntry {
    fn drop(&mut self) {
        let mut scopes = scopes();
        scopes.ended.push_back(self.id);
        if scopes.ended.len() > REMEMBERED
            && let Some(oldest) = scopes.ended.pop_front()
        {
            scopes.fields.remove(&oldest);
        }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: `future` is never moved out of `self`; `entry` is not pinned by anyone.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: `this` came out of a `Pin`, so the future inside stays where it is.
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        let Some(slot) = slot::current() else {
            return future.poll(context);
        };
        let restore = Restore {
            slot,
            outer: slot.swap_scope(this.entry.id),
        };
        this.entry.lie_in(restore.outer);
        future.poll(context)
    }
}

impl ScopeEntry {
    fn lie_in(&mut self, outer: u64) {
        if self.outer != outer {
            self.outer = outer;
            if let Some(scope) = scopes().fields.get_mut(&self.id) {
                scope.outer = outer;
            }
        }
    }
}

/// Puts the outer scope back, also when the poll unwinds.
struct Restore {
    slot: &'static ThreadSlot,
    outer: u64,
}

impl Drop for Restore {
    fn drop(&mut self) {
        self.slot.swap_scope(self.outer);
    }
}

fn scopes() -> MutexGuard<'static, Scopes> {
    SCOPES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    /// The field `stage` of what this thread polls now.
    fn stage() -> Option<String> {
        let slot = slot::current().expect("this thread lives");
        fields_of(slot.scope()).remove("stage")
    }

    #[test]
    fn the_inner_scope_holds_for_its_polls_only() {
        let mut context = Context::from_waker(Waker::noop());
        let mut outer = pin!(scope([("stage", "outer"), ("job", "7")], async {
            let mut inner = pin!(scope([("stage", "inner")], async {
                tokio::task::yield_now().await;
                stage()
            }));
            let first = std::future::poll_fn(|context| Poll::Ready(inner.as_mut().poll(context)));
            assert!(first.await.is_pending());
            assert_eq!(stage().as_deref(), Some("outer"));
            assert_eq!(inner.await.as_deref(), Some("inner"));
        }));
        assert!(outer.as_mut().poll(&mut context).is_ready());
        assert_eq!(stage(), None);
    }

    #[test]
    fn a_poll_that_panics_leaves_its_scope() {
        let mut context = Context::from_waker(Waker::noop());
        let mut scoped = Box::pin(scope([("stage", "inner")], async {
            // Not a panic, whose hook would print.
            std::panic::resume_unwind(Box::new(()));
        }));
        let poll = AssertUnwindSafe(|| scoped.as_mut().poll(&mut context));
        assert!(catch_unwind(poll).is_err());
        assert_eq!(stage(), None);
    }
}
