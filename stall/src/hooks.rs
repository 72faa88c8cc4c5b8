//! The program's own runtime hooks, kept when the probe takes tokio's one place for each.

use std::fmt;
use std::sync::Arc;

type Hook = Arc<dyn Fn() + Send + Sync>;
#[cfg(tokio_unstable)]
type TaskHook = Arc<dyn Fn(&tokio::runtime::TaskMeta<'_>) + Send + Sync>;

/// Callbacks that tokio's builder would have taken: it keeps only the last one given for each event, and the probe
/// needs these events. Hand them to [`crate::StallProbe::instrument_with`] instead. `on_thread_start` and
/// `on_thread_stop` stay free: set them on the builder as usual.
#[derive(Clone, Default)]
pub struct ThreadHooks {
    pub(crate) on_thread_park: Option<Hook>,
    pub(crate) on_thread_unpark: Option<Hook>,
    #[cfg(tokio_unstable)]
    pub(crate) on_before_task_poll: Option<TaskHook>,
    #[cfg(tokio_unstable)]
    pub(crate) on_after_task_poll: Option<TaskHook>,
}

impl ThreadHooks {
    /// See [`tokio::runtime::Builder::on_thread_park`].
    #[must_use]
    pub fn on_thread_park(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_park = Some(Arc::new(hook));
        self
    }

    /// See [`tokio::runtime::Builder::on_thread_unpark`].
    #[must_use]
    pub fn on_thread_unpark(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thread_unpark = Some(Arc::new(hook));
        self
    }

    /// See `tokio::runtime::Builder::on_before_task_poll`.
    #[cfg(tokio_unstable)]
    #[must_use]
    pub fn on_before_task_poll(
        mut self,
        hook: impl Fn(&tokio::runtime::TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_before_task_poll = Some(Arc::new(hook));
        self
    }

    /// See `tokio::runtime::Builder::on_after_task_poll`.
    #[cfg(tokio_unstable)]
    #[must_use]
    pub fn on_after_task_poll(
        mut self,
        hook: impl Fn(&tokio::runtime::TaskMeta<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_after_task_poll = Some(Arc::new(hook));
        self
    }
}

impl fmt::Debug for ThreadHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadHooks")
            .field("on_thread_park", &self.on_thread_park.is_some())
            .field("on_thread_unpark", &self.on_thread_unpark.is_some())
            .finish_non_exhaustive()
    }
}
