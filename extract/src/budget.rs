//! What one extraction may still spend, and the warnings it has given so far.

use std::cell::{Cell, RefCell};

use crate::{Cancel, ExtractError, Limits, Warning, WarningCode};

/// Warnings kept per document; a damaged file can give one per object.
const MAX_WARNINGS: usize = 1_000;

/// One per extraction; shared by reference, changed through its cells.
pub(crate) struct Budget<'a> {
    /// The bounds in force.
    pub(crate) limits: &'a Limits,
    cancel: &'a Cancel,
    inflated_bytes: Cell<u64>,
    page: Cell<Option<u64>>,
    warnings: RefCell<Vec<Warning>>,
}

impl<'a> Budget<'a> {
    pub(crate) fn new(limits: &'a Limits, cancel: &'a Cancel) -> Self {
        Self {
            limits,
            cancel,
            inflated_bytes: Cell::new(0),
            page: Cell::new(None),
            warnings: RefCell::new(Vec::new()),
        }
    }

    /// Fails once the caller has cancelled or the document's bytes are spent. Two loads: cheap
    /// enough for any loop.
    pub(crate) fn check(&self) -> Result<(), ExtractError> {
        if self.cancel.is_cancelled() {
            return Err(ExtractError::Cancelled);
        }
        if self.inflated_bytes.get() > self.limits.max_document_bytes {
            return Err(ExtractError::MemoryLimit(format!(
                "streams inflate to more than {} bytes",
                self.limits.max_document_bytes
            )));
        }
        Ok(())
    }

    /// Charges `bytes` that left a filter to the whole document.
    pub(crate) fn charge_inflated(&self, bytes: u64) -> Result<(), ExtractError> {
        let total = self.inflated_bytes.get().saturating_add(bytes);
        self.inflated_bytes.set(total);
        self.check()
    }

    /// The page that later warnings belong to, from 1; `None` for the document itself.
    pub(crate) fn set_page(&self, number: Option<u64>) {
        self.page.set(number);
    }

    /// Records that something was skipped or repaired.
    pub(crate) fn warn(&self, code: WarningCode, detail: impl Into<String>) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() >= MAX_WARNINGS {
            return;
        }
        let warning = Warning {
            code,
            page: self.page.get(),
            detail: detail.into(),
        };
        if warnings.last() != Some(&warning) {
            warnings.push(warning);
        }
    }

    /// Hands out the warnings given so far.
    pub(crate) fn take_warnings(&self) -> Vec<Warning> {
        self.warnings.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflated_bytes_are_bounded_for_the_whole_document() {
        let limits = Limits {
            max_document_bytes: 10,
            ..Limits::default()
        };
        let cancel = Cancel::new();
        let budget = Budget::new(&limits, &cancel);
        assert_eq!(budget.charge_inflated(10), Ok(()));
        assert!(matches!(
            budget.charge_inflated(1),
            Err(ExtractError::MemoryLimit(_))
        ));
        assert!(budget.charge_inflated(u64::MAX).is_err());
    }

    #[test]
    fn a_cancelled_budget_fails_its_check() {
        let (limits, cancel) = (Limits::default(), Cancel::new());
        let budget = Budget::new(&limits, &cancel);
        assert_eq!(budget.check(), Ok(()));
        cancel.cancel();
        assert_eq!(budget.check(), Err(ExtractError::Cancelled));
    }

    #[test]
    fn warnings_carry_their_page_and_are_bounded() {
        let (limits, cancel) = (Limits::default(), Cancel::new());
        let budget = Budget::new(&limits, &cancel);
        budget.set_page(Some(7));
        for index in 0..2_000 {
            budget.warn(WarningCode::DamagedFont, format!("font {index}"));
        }
        let warnings = budget.take_warnings();
        assert_eq!(warnings.len(), MAX_WARNINGS);
        assert_eq!(warnings[0].page, Some(7));
    }
}
