//! The executable and libraries mapped into this process, with their unwind tables.

use std::fs::{self, File};
use std::io;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use framehop::{ExplicitModuleSectionInfo, Module};
use memmap2::Mmap;
use object::{Object, ObjectSection, ObjectSegment};

/// One ELF image in memory.
#[derive(Clone, Debug)]
pub(crate) struct LoadedModule {
    /// As shown by the kernel; `[vdso]` for the kernel's own.
    pub(crate) path: PathBuf,
    /// Where it is mapped.
    pub(crate) range: Range<u64>,
    /// The part of `range` that holds code.
    pub(crate) code: Range<u64>,
    /// Address in memory minus address in the file's own address space.
    pub(crate) bias: u64,
    pub(crate) build_id: Option<String>,
    image: Image,
}

/// The bytes of an image; shared, so that sections can point into it.
type Image = Arc<Bytes>;

#[derive(Debug)]
enum Bytes {
    File(Mmap),
    Copy(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::File(map) => map,
            Self::Copy(bytes) => bytes,
        }
    }
}

/// A part of an image.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    image: Image,
    range: Range<usize>,
}

impl Deref for Section {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.image[self.range.clone()]
    }
}

/// All images mapped now. Those that cannot be read or are no ELF files are left out.
pub(crate) fn loaded() -> Vec<LoadedModule> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    mappings(&maps)
        .into_iter()
        .filter_map(LoadedModule::open)
        .collect()
}

/// Where the loader has mapped one file.
#[derive(Debug, PartialEq, Eq)]
struct Mapping<'a> {
    path: &'a str,
    all: Range<u64>,
    code: Range<u64>,
}

/// The files mapped with code in them. One file can be mapped more than once: by the loader, and whole, without code, by
/// whoever reads it (this crate does). Each time begins with its offset 0 or after another file.
fn mappings(maps: &str) -> Vec<Mapping<'_>> {
    let mut found = Vec::<Mapping<'_>>::new();
    for line in maps.lines() {
        let Some(line) = MapsLine::parse(line) else {
            continue;
        };
        let is_new = line.offset == 0 || found.last().is_none_or(|last| last.path != line.path);
        // An empty range at the far end, so that joining it changes nothing.
        let code = if line.executable {
            line.range.clone()
        } else {
            Range {
                start: u64::MAX,
                end: 0,
            }
        };
        match found.last_mut() {
            Some(last) if !is_new => {
                last.all.end = line.range.end;
                last.code = last.code.start.min(code.start)..last.code.end.max(code.end);
            }
            _ => found.push(Mapping {
                path: line.path,
                all: line.range,
                code,
            }),
        }
    }
    found.retain(|mapping| !mapping.code.is_empty());
    found
}

/// One line of proc_pid_maps(5).
struct MapsLine<'a> {
    range: Range<u64>,
    executable: bool,
    offset: u64,
    path: &'a str,
}

impl<'a> MapsLine<'a> {
    /// `None` if the line is not of a file or the vdso.
    fn parse(line: &'a str) -> Option<Self> {
        let (range, rest) = line.split_once(' ')?;
        let (permissions, rest) = rest.split_once(' ')?;
        let (offset, rest) = rest.split_once(' ')?;
        let (_device, rest) = rest.split_once(' ')?;
        // The rest is the inode, padding, and a path that may contain spaces.
        let path = rest.split_once(' ')?.1.trim_start();
        let (start, end) = range.split_once('-')?;
        let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
        let executable = permissions.as_bytes().get(2) == Some(&b'x');
        let offset = u64::from_str_radix(offset, 16).ok()?;
        (path.starts_with('/') || path == "[vdso]").then_some(Self {
            range,
            executable,
            offset,
            path,
        })
    }
}

impl LoadedModule {
    fn open(mapping: Mapping<'_>) -> Option<Self> {
        let Mapping {
            path,
            all: range,
            code,
        } = mapping;
        let image = Arc::new(if path == "[vdso]" {
            read_memory(&range).ok()?
        } else {
            map_file(path).ok()?
        });
        let elf = object::File::parse(&**image).ok()?;
        let base = elf.segments().map(|segment| segment.address()).min()? & !0xfff;
        let build_id = elf.build_id().ok().flatten().map(hex);
        Some(Self {
            path: path.into(),
            bias: range.start.wrapping_sub(base),
            range,
            code,
            build_id,
            image,
        })
    }

    /// The module as the unwinder takes it.
    pub(crate) fn for_unwinding(&self) -> Option<Module<Section>> {
        let elf = object::File::parse(&**self.image).ok()?;
        let (text_svma, text) = self.section(&elf, ".text");
        let (eh_frame_svma, eh_frame) = self.section(&elf, ".eh_frame");
        let (eh_frame_hdr_svma, eh_frame_hdr) = self.section(&elf, ".eh_frame_hdr");
        let sections = ExplicitModuleSectionInfo {
            base_svma: self.range.start.wrapping_sub(self.bias),
            text_svma,
            text,
            eh_frame_svma,
            eh_frame,
            eh_frame_hdr_svma,
            eh_frame_hdr,
            stubs_svma: None,
            stub_helper_svma: None,
            got_svma: None,
            unwind_info: None,
            debug_frame: None,
            text_segment_svma: None,
            text_segment: None,
        };
        Some(Module::new(
            self.path.display().to_string(),
            self.range.clone(),
            self.range.start,
            sections,
        ))
    }

    fn section(&self, elf: &object::File<'_>, name: &str) -> (Option<Range<u64>>, Option<Section>) {
        let Some(section) = elf.section_by_name(name) else {
            return (None, None);
        };
        let addresses = section.address()..section.address() + section.size();
        let bytes = section.file_range().and_then(|(offset, size)| {
            let start = usize::try_from(offset).ok()?;
            let range = start..start.checked_add(usize::try_from(size).ok()?)?;
            self.image.get(range.clone())?;
            Some(Section {
                image: Arc::clone(&self.image),
                range,
            })
        });
        (Some(addresses), bytes)
    }

    /// True for the executable itself.
    pub(crate) fn is_executable(&self) -> bool {
        fs::read_link("/proc/self/exe").is_ok_and(|exe| exe == self.path)
    }

    /// Where the file can be opened: an executable that was replaced since its start only by its magic link.
    pub(crate) fn file(&self) -> &Path {
        if self.is_executable() {
            Path::new("/proc/self/exe")
        } else {
            &self.path
        }
    }
}

fn map_file(path: &str) -> io::Result<Bytes> {
    let executable = fs::read_link("/proc/self/exe").is_ok_and(|exe| exe == Path::new(path));
    let file = File::open(if executable { "/proc/self/exe" } else { path })?;
    // SAFETY: the loader has mapped the same file to run it, so whoever could truncate or overwrite it could break
    // this process anyway; the kernel refuses to write to a running executable. The map is only ever read.
    unsafe { Mmap::map(&file) }.map(Bytes::File)
}

/// Copies a range of this process's memory, by a system call that fails where a plain read would crash.
fn read_memory(range: &Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let read = super::peek::read_own_memory(range.start, &mut bytes)?;
    bytes.truncate(read);
    Ok(Bytes::Copy(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_the_mappings_of_one_file_and_knows_the_vdso() {
        let maps = "55d0c0000000-55d0c0001000 r--p 00000000 fe:00 1234                       /opt/my app/bin\n\
                    55d0c0001000-55d0c0009000 r-xp 00001000 fe:00 1234                       /opt/my app/bin\n\
                    7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n\
                    7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n\
                    7ffc00100000-7ffc00102000 r-xp 00000000 00:00 0                          [vdso]\n";
        let [app, vdso] = &mappings(maps)[..] else {
            panic!("two modules")
        };
        assert_eq!(
            (app.path, app.all.clone()),
            ("/opt/my app/bin", 0x55d0_c000_0000..0x55d0_c000_9000)
        );
        assert_eq!(app.code, 0x55d0_c000_1000..0x55d0_c000_9000);
        assert_eq!(
            (vdso.path, vdso.code.clone()),
            ("[vdso]", 0x7ffc_0010_0000..0x7ffc_0010_2000)
        );
    }

    #[test]
    fn a_file_that_is_also_mapped_for_reading_stays_where_the_loader_put_it() {
        let maps = "7f0000000000-7f0000100000 r--p 00000000 fe:00 7          /lib/ld.so\n\
                    7f0000100000-7f0000101000 r--p 00000000 fe:00 7          /lib/ld.so\n\
                    7f0000101000-7f0000103000 r-xp 00001000 fe:00 7          /lib/ld.so\n";
        let [loaded] = &mappings(maps)[..] else {
            panic!("one module")
        };
        assert_eq!(loaded.all, 0x7f00_0010_0000..0x7f00_0010_3000);
    }

    #[test]
    fn this_test_is_in_the_executable() {
        let here = this_test_is_in_the_executable as *const () as u64;
        let modules = loaded();
        let module = modules
            .iter()
            .find(|module| module.range.contains(&here))
            .expect("mapped");
        assert!(module.is_executable());
        assert!(module.for_unwinding().is_some());
    }
}
