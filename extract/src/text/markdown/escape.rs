//! Backslashes before what CommonMark would take for markup (CommonMark 0.31, 2.4).

/// Appends `text` so that it reads as itself within a line.
pub(super) fn inline(out: &mut String, text: &str) {
    for character in text.chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>') {
            out.push('\\');
        }
        out.push(character);
    }
}

/// Appends a link destination that stands between angle brackets.
pub(super) fn destination(out: &mut String, uri: &str) {
    for character in uri.chars() {
        match character {
            '<' | '>' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\n' | '\r' => {}
            other => out.push(other),
        }
    }
}

/// Escapes what is markup only at the start of a line; the line starts at byte `start` of `out`.
pub(super) fn line_start(out: &mut String, start: usize) {
    let line = &out[start..];
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let ends_marker = matches!(line.as_bytes().get(digits + 1), None | Some(b' '));
    let at = match line.as_bytes().get(digits) {
        Some(b'.' | b')') if digits > 0 && ends_marker => Some(digits),
        Some(b'#' | b'+' | b'-' | b'=' | b'~') if digits == 0 => Some(0),
        _ => None,
    };
    if let Some(at) = at {
        out.insert(start + at, '\\');
    }
}
