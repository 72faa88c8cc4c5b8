//! `Content-Disposition: attachment` (RFC 6266) with names that any client reads right (RFC 8187).

use std::fmt::Write;

use http::HeaderValue;

/// Tells the client to save the body as `name`.
pub(crate) fn attachment(name: &str) -> HeaderValue {
    let mut value = format!("attachment; filename=\"{}\"", fallback(name));
    if fallback(name) != name {
        value.push_str("; filename*=UTF-8''");
        value.push_str(&extended(name));
    }
    HeaderValue::from_str(&value).expect("both forms are visible ASCII")
}

/// For clients that know the old form only: what is not plain becomes `_`.
fn fallback(name: &str) -> String {
    let plain =
        |c: char| c == ' ' || (c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%' | '/'));
    name.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// `value-chars` of RFC 8187, 3.2.1.
fn extended(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#' | b'$' | b'&' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        if plain {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes every write");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stand_as_they_are() {
        assert_eq!(attachment("a b.pdf"), "attachment; filename=\"a b.pdf\"");
    }

    #[test]
    fn other_names_are_escaped() {
        assert_eq!(
            attachment("Größe \"1\"\r\nX: y.pdf"),
            "attachment; filename=\"Gr__e _1___X: y.pdf\"; \
             filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22%0D%0AX%3A%20y.pdf"
        );
    }
}
