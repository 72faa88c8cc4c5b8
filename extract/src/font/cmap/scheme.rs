//! How the codes of the predefined CMaps are formed, as codespace ranges (ISO 32000-1, table 118).

use super::codespace::{self, Codespaces, Range};

/// How the codes of a predefined CMap are formed; its codespace ranges follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Ucs2,
    Utf16,
    TwoBytes,
    ShiftJis,
    EucJapan,
    EucTaiwan,
    Gb18030,
    /// One byte below 0x81, else two: Big 5, GBK, GB and KS X 1001 in EUC form, UHC.
    OneOrTwoBytes,
}

impl Scheme {
    pub(super) fn of(name: &str) -> Self {
        if name.contains("UTF16") {
            Self::Utf16
        } else if name.contains("UCS2") {
            Self::Ucs2
        } else if name.contains("RKSJ") {
            Self::ShiftJis
        } else if name.starts_with("EUC") {
            Self::EucJapan
        } else if name.starts_with("CNS-EUC") {
            Self::EucTaiwan
        } else if name.starts_with("GBK2K") {
            Self::Gb18030
        } else if name == "H" || name == "V" {
            Self::TwoBytes
        } else {
            Self::OneOrTwoBytes
        }
    }

    pub(super) fn codespaces(self) -> &'static Codespaces {
        static UTF16: Codespaces = Codespaces::fixed(&[
            Range::new(2, 0x0000, 0xd7ff),
            Range::new(4, 0xd800_dc00, 0xdbff_dfff),
            Range::new(2, 0xe000, 0xffff),
        ]);
        static SHIFT_JIS: Codespaces = Codespaces::fixed(&[
            Range::new(1, 0x00, 0x80),
            Range::new(2, 0x8140, 0x9ffc),
            Range::new(1, 0xa0, 0xdf),
            Range::new(2, 0xe040, 0xfcfc),
            Range::new(1, 0xfd, 0xff),
        ]);
        static EUC_JAPAN: Codespaces = Codespaces::fixed(&[
            Range::new(1, 0x00, 0x80),
            Range::new(2, 0x8ea0, 0x8edf),
            Range::new(2, 0xa1a1, 0xfefe),
        ]);
        static EUC_TAIWAN: Codespaces = Codespaces::fixed(&[
            Range::new(1, 0x00, 0x80),
            Range::new(4, 0x8ea1_a1a1, 0x8ea7_fefe),
            Range::new(2, 0xa1a1, 0xfefe),
        ]);
        static GB18030: Codespaces = Codespaces::fixed(&[
            Range::new(1, 0x00, 0x7f),
            Range::new(4, 0x8130_8130, 0xfe39_fe39),
            Range::new(2, 0x8140, 0xfefe),
        ]);
        static ONE_OR_TWO_BYTES: Codespaces = Codespaces::fixed(&[
            Range::new(1, 0x00, 0x80),
            Range::new(2, 0x8130, 0xfefe),
            Range::new(1, 0xff, 0xff),
        ]);
        match self {
            Self::Ucs2 | Self::TwoBytes => &codespace::TWO_BYTES,
            Self::Utf16 => &UTF16,
            Self::ShiftJis => &SHIFT_JIS,
            Self::EucJapan => &EUC_JAPAN,
            Self::EucTaiwan => &EUC_TAIWAN,
            Self::Gb18030 => &GB18030,
            Self::OneOrTwoBytes => &ONE_OR_TWO_BYTES,
        }
    }
}
