//! Whole documents, built here, from bytes to what the sink receives.

mod hostile; // documents that try to cost too much
mod mutated; // random damage
mod pdf; // builds documents
mod received; // a sink that keeps everything
mod structure; // page trees, damage, encryption, boxes
mod text; // what is read, in which order
