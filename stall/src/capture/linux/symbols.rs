//! Addresses → functions, files and lines, with the functions that were inlined. Slow the first time, so it has its
//! own thread.

use std::collections::HashMap;
use std::path::PathBuf;

use addr2line::Loader;

use super::modules::{self, LoadedModule};
use crate::report::Frame;

/// Addresses that are remembered; beyond that remembering starts anew.
const MAX_KNOWN: usize = 16 * 1024;

/// Debug information of this process, read as needed.
pub(crate) struct Symbols {
    modules: Vec<LoadedModule>,
    loaders: HashMap<PathBuf, Option<Loader>>,
    known: HashMap<u64, Vec<Frame>>,
}

impl Symbols {
    pub(crate) fn new() -> Self {
        Self {
            modules: modules::loaded(),
            loaders: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// The functions at `addresses`, inlined ones first.
    pub(crate) fn frames(&mut self, addresses: &[u64]) -> Vec<Frame> {
        let is_new =
            |address: &u64| !self.known.contains_key(address) && self.module_of(*address).is_none();
        if addresses.iter().any(is_new) {
            self.modules = modules::loaded();
        }
        if self.known.len() > MAX_KNOWN {
            self.known.clear();
        }
        addresses
            .iter()
            .flat_map(|address| self.at(*address))
            .collect()
    }

    /// Build id of the executable.
    pub(crate) fn build_id(&self) -> Option<String> {
        self.modules
            .iter()
            .find(|module| module.is_executable())
            .and_then(|module| module.build_id.clone())
    }

    fn at(&mut self, address: u64) -> Vec<Frame> {
        if let Some(frames) = self.known.get(&address) {
            return frames.clone();
        }
        let frames = self.look_up(address);
        self.known.insert(address, frames.clone());
        frames
    }

    fn look_up(&mut self, address: u64) -> Vec<Frame> {
        let Some(module) = self
            .modules
            .iter()
            .find(|module| module.range.contains(&address))
            .cloned()
        else {
            return vec![unknown(None, address)];
        };
        let address = address.wrapping_sub(module.bias);
        let loader = self
            .loaders
            .entry(module.path.clone())
            .or_insert_with(|| Loader::new(module.file()).ok());
        let frames = loader
            .as_ref()
            .map(|loader| named(loader, &module, address))
            .unwrap_or_default();
        if frames.is_empty() {
            vec![unknown(Some(&module), address)]
        } else {
            frames
        }
    }

    fn module_of(&self, address: u64) -> Option<&LoadedModule> {
        self.modules
            .iter()
            .find(|module| module.range.contains(&address))
    }
}

/// The function at `address` and those inlined there; empty if not even the symbol table knows it.
fn named(loader: &Loader, module: &LoadedModule, address: u64) -> Vec<Frame> {
    let symbol = loader.find_symbol(address).map(demangle);
    let mut frames = Vec::new();
    if let Ok(mut found) = loader.find_frames(address) {
        while let Ok(Some(frame)) = found.next() {
            let function = frame
                .function
                .and_then(|name| Some(demangle(&name.raw_name().ok()?)));
            let location = frame.location;
            frames.push(Frame {
                function: function.unwrap_or_default(),
                file: location
                    .as_ref()
                    .and_then(|location| location.file)
                    .map(str::to_owned),
                line: location
                    .and_then(|location| location.line)
                    .filter(|line| *line > 0),
                inlined: true,
                ..unknown(Some(module), address)
            });
        }
    }
    if frames.is_empty() && symbol.is_some() {
        frames.push(unknown(Some(module), address));
    }
    if let Some(outermost) = frames.last_mut() {
        outermost.inlined = false;
        // The symbol has the full path, which `debug = "line-tables-only"` leaves out of the debug information.
        if let Some(symbol) = symbol {
            outermost.function = symbol;
        }
    }
    for frame in frames.iter_mut().filter(|frame| frame.function.is_empty()) {
        frame.function = format!("{address:#x}");
    }
    frames
}

fn unknown(module: Option<&LoadedModule>, address: u64) -> Frame {
    Frame {
        function: format!("{address:#x}"),
        file: None,
        line: None,
        inlined: false,
        module: module.map(|module| module.path.display().to_string()),
        address,
    }
}

fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
