//! Whole documents, built here, from bytes to what the sink receives.

#[cfg(test)]
mod annotations; // annotations whose appearance is made from their text
#[cfg(test)]
mod hostile; // documents that try to cost too much
#[cfg(test)]
mod hostile_files; // files that try to cost too much while they are opened
#[cfg(test)]
mod marked; // what marked content hides and replaces
#[cfg(test)]
mod mutated; // random damage
#[cfg(test)]
mod pdf; // builds documents
#[cfg(test)]
mod received; // a sink that keeps everything
#[cfg(test)]
mod structure; // page trees, damage, encryption, boxes
#[cfg(test)]
mod text; // what is read, in which order
