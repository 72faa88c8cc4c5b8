//! Dates of PDF (ISO 32000-1, 7.9.4) and XMP (ISO 8601) to RFC 3339.

/// `D:YYYYMMDDHHmmSSOHH'mm'`, of which all after the year may be left out. A date without a time
/// zone counts as UTC (ISO 32000-2, 7.9.4). `None` where it is no date.
pub(super) fn from_pdf(text: &str) -> Option<String> {
    let text = text.trim();
    parse(text.strip_prefix("D:").unwrap_or(text))
}

/// `YYYY-MM-DDThh:mm:ss.sTZD`, of which all after the year may be left out.
pub(super) fn from_xmp(text: &str) -> Option<String> {
    parse(text.trim())
}

/// Both forms are the same digits with different signs in between.
fn parse(text: &str) -> Option<String> {
    let mut rest = text.as_bytes();
    let year = digits(&mut rest, 4)?;
    let mut field = |default, separators: &[u8]| {
        // A sign that opens the time zone may look like the one between the parts of a date.
        let skipped = rest.strip_prefix(&[*separators.first()?]).unwrap_or(rest);
        let mut after = skipped;
        match digits(&mut after, 2) {
            Some(value) => {
                rest = after;
                Some(value)
            }
            None => Some(default),
        }
    };
    let month = field(1, b"-")?;
    let day = field(1, b"-")?;
    let hour = field(0, b"T")?;
    let minute = field(0, b":")?;
    let second = field(0, b":")?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let zone = zone(skip_fraction(rest));
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"
    ))
}

/// `+hh:mm`; `Z` for anything that is no offset.
fn zone(rest: &[u8]) -> String {
    let (sign, mut rest) = match rest {
        [b'+', rest @ ..] => ('+', rest),
        [b'-', rest @ ..] => ('-', rest),
        _ => return "Z".to_owned(),
    };
    let hours = digits(&mut rest, 2);
    let mut after = match rest {
        [b'\'' | b':', after @ ..] => after,
        _ => rest,
    };
    let minutes = digits(&mut after, 2).unwrap_or(0);
    match hours {
        Some(hours @ 0..=23) if minutes < 60 => format!("{sign}{hours:02}:{minutes:02}"),
        _ => "Z".to_owned(),
    }
}

/// Fractions of a second are left out.
fn skip_fraction(rest: &[u8]) -> &[u8] {
    match rest {
        [b'.', fraction @ ..] => {
            let end = fraction.iter().position(|byte| !byte.is_ascii_digit());
            &fraction[end.unwrap_or(fraction.len())..]
        }
        _ => rest,
    }
}

/// Exactly `count` digits at the front of `rest`, which then starts after them.
fn digits(rest: &mut &[u8], count: usize) -> Option<u32> {
    let (front, after) = rest.split_at_checked(count)?;
    if !front.iter().all(u8::is_ascii_digit) {
        return None;
    }
    *rest = after;
    Some(
        front
            .iter()
            .fold(0, |value, digit| value * 10 + u32::from(digit - b'0')),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pdf_dates_become_rfc_3339() {
        let dates = [
            ("D:20201014115808+02'00'", "2020-10-14T11:58:08+02:00"),
            ("D:20201014115808-05'30", "2020-10-14T11:58:08-05:30"),
            ("D:20201014115808Z00'00'", "2020-10-14T11:58:08Z"),
            ("20201014", "2020-10-14T00:00:00Z"),
            ("D:2020", "2020-01-01T00:00:00Z"),
            ("D:202010141158-03", "2020-10-14T11:58:00-03:00"),
        ];
        for (date, expected) in dates {
            assert_eq!(from_pdf(date).as_deref(), Some(expected), "{date}");
        }
    }

    #[test]
    fn xmp_dates_become_rfc_3339() {
        let dates = [
            ("2020-10-14T11:58:08.123+02:00", "2020-10-14T11:58:08+02:00"),
            ("2020-10-14T11:58Z", "2020-10-14T11:58:00Z"),
            ("2020-10", "2020-10-01T00:00:00Z"),
        ];
        for (date, expected) in dates {
            assert_eq!(from_xmp(date).as_deref(), Some(expected), "{date}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "D:",
            "yesterday",
            "D:20211301",
            "D:20210229",
            "D:20210101250000",
        ] {
            assert_eq!(from_pdf(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,30}", digits in "[0-9DTZ:+'.-]{0,30}") {
            from_pdf(&text);
            from_xmp(&digits);
        }
    }
}
