//! Tokens as writers really write them, and any bytes at all.

use proptest::prelude::*;

use super::*;

fn tokens(bytes: &[u8]) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(bytes, 0);
    std::iter::from_fn(|| lexer.token()).collect()
}

fn decoded(decode: fn(&[u8], &mut Vec<u8>), raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    decode(raw, &mut out);
    out
}

#[test]
fn numbers_of_every_shape() {
    let real = Token::Real;
    assert_eq!(
        tokens(b"1 -2 +3 .5 -.5 4. --5 -0 1.2.3 12-34 .."),
        [
            Token::Integer(1),
            Token::Integer(-2),
            Token::Integer(3),
            real(0.5),
            real(-0.5),
            real(4.0),
            Token::Integer(-5),
            Token::Integer(0),
            real(1.2),
            Token::Integer(12),
            real(0.0),
        ]
    );
    assert_eq!(tokens(b"99999999999999999999"), [Token::Integer(i64::MAX)]);
}

#[test]
fn an_operator_may_follow_a_number_at_once() {
    assert_eq!(
        tokens(b"0.5w[1]TJ"),
        [
            Token::Real(0.5),
            Token::Keyword(b"w"),
            Token::ArrayStart,
            Token::Integer(1),
            Token::ArrayEnd,
            Token::Keyword(b"TJ"),
        ]
    );
}

#[test]
fn strings_nest_and_escape() {
    assert_eq!(tokens(b"(a(b)\\)c)Tj")[0], Token::Literal(b"a(b)\\)c"));
    assert_eq!(
        decoded(decode_literal, b"a\\(\\053\\7\\n\\\r\nb\rc\\\n\\q\\"),
        b"a(+\x07\nb\ncq"
    );
    assert_eq!(decoded(decode_hex, b"4 8 65\n7"), b"Hep");
    assert_eq!(decoded(decode_hex, b"48656C6c6 F 7"), b"Hellop");
    assert_eq!(decoded(decode_name, b"A#20B#zz#4"), b"A B#zz#4");
}

#[test]
fn unfinished_strings_end_with_the_bytes() {
    assert_eq!(tokens(b"(abc"), [Token::Literal(b"abc")]);
    assert_eq!(tokens(b"(abc\\"), [Token::Literal(b"abc\\")]);
    assert_eq!(tokens(b"<41"), [Token::Hex(b"41")]);
}

#[test]
fn comments_end_with_the_line() {
    assert_eq!(
        tokens(b"1 % 2 (\n3%"),
        [Token::Integer(1), Token::Integer(3)]
    );
}

#[test]
fn numbers_keep_eighteen_digits() {
    let reals = [
        ("12345678.12345678 ", 12_345_678.0),
        ("1234567890123456.789 ", 1_234_567_890_123_456.7),
        ("0.00000000000000000009 ", 0.0),
        ("1.23456789012345678901 ", 1.234_567_9),
    ];
    for (written, value) in reals {
        assert_eq!(tokens(written.as_bytes()), [Token::Real(value)]);
    }
    assert_eq!(
        tokens(b"123456789012345678 1234567890123456789 "),
        [
            Token::Integer(123_456_789_012_345_678),
            Token::Integer(i64::MAX),
        ]
    );
}

proptest! {
    /// Digits are read eight bytes at a time where there are eight.
    #[test]
    fn a_number_is_the_same_wherever_the_bytes_end(number in "[-+]?[0-9]{0,20}[.]?[0-9]{0,20}") {
        let expected = tokens(number.as_bytes());
        for rest in ["        ", "/:a;b(~)"] {
            let followed = format!("{number}{rest}");
            let found = tokens(followed.as_bytes());
            prop_assert_eq!(&found[..expected.len()], &expected);
        }
    }

    #[test]
    fn any_bytes_become_a_bounded_number_of_tokens(bytes: Vec<u8>) {
        prop_assert!(tokens(&bytes).len() <= bytes.len());
    }

    #[test]
    fn a_literal_string_survives_writing_and_reading(text: Vec<u8>) {
        let mut written = vec![b'('];
        for byte in &text {
            written.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
        written.push(b')');
        let Token::Literal(raw) = tokens(&written)[0] else { panic!("not a string") };
        prop_assert_eq!(decoded(decode_literal, raw), text);
    }

    #[test]
    fn integers_survive(value in -1_000_000_000_i64..1_000_000_000) {
        let written = value.to_string();
        prop_assert_eq!(tokens(written.as_bytes()), [Token::Integer(value)]);
    }
}
