//! The arithmetic encoder (ISO/IEC 15444-1, C.2, whose decoder is the same): data for tests.

use super::{Context, TRANSITIONS};

/// Encodes one symbol after the other.
pub(in crate::image::jbig2) struct Encoder {
    bytes: Vec<u8>,
    c: u32,
    a: u32,
    shifts: u32,
}

impl Encoder {
    pub(in crate::image::jbig2) fn new() -> Self {
        Self {
            // The byte before the first one, which a carry cannot reach.
            bytes: vec![0],
            c: 0,
            a: 0x8000,
            shifts: 12,
        }
    }

    pub(in crate::image::jbig2) fn bit(&mut self, context: &mut Context, symbol: u32) {
        let transition = TRANSITIONS[usize::from(context.0)];
        let qe = transition.qe >> 16;
        self.a -= qe;
        if symbol == u32::from(context.0 & 1) {
            if self.a & 0x8000 != 0 {
                self.c += qe;
                return;
            }
            if self.a < qe {
                self.a = qe;
            } else {
                self.c += qe;
            }
            *context = transition.more;
        } else {
            if self.a < qe {
                self.c += qe;
            } else {
                self.a = qe;
            }
            *context = transition.less;
        }
        while self.a & 0x8000 == 0 {
            self.a <<= 1;
            self.c <<= 1;
            self.shifts -= 1;
            if self.shifts == 0 {
                self.write_byte();
            }
        }
    }

    /// BYTEOUT.
    fn write_byte(&mut self) {
        let last = self.bytes.last_mut().unwrap();
        if *last != 0xff && self.c >= 0x800_0000 {
            *last += 1;
            self.c &= 0x7ff_ffff;
        }
        // A bit is stuffed after 0xff.
        let (bits, shifts) = if *last == 0xff { (20, 7) } else { (19, 8) };
        self.bytes.push((self.c >> bits) as u8);
        self.c &= (1 << bits) - 1;
        self.shifts = shifts;
    }

    /// FLUSH, with the marker that ends the data.
    pub(in crate::image::jbig2) fn finish(mut self) -> Vec<u8> {
        let end = self.c + self.a;
        self.c |= 0xffff;
        if self.c >= end {
            self.c -= 0x8000;
        }
        self.c <<= self.shifts;
        self.write_byte();
        self.c <<= self.shifts;
        self.write_byte();
        if self.bytes.last() == Some(&0xff) {
            self.bytes.pop();
        }
        self.bytes.extend([0xff, 0xac]);
        self.bytes.split_off(1)
    }
}

/// The inverse of [`crate::image::jbig2::integer::Integer`]; `None` is the out-of-band value.
pub(in crate::image::jbig2) struct IntegerEncoder([Context; 512]);

impl IntegerEncoder {
    pub(in crate::image::jbig2) fn new() -> Self {
        Self([Context::default(); 512])
    }

    pub(in crate::image::jbig2) fn encode(&mut self, encoder: &mut Encoder, value: Option<i64>) {
        let size = value.map_or(0, i64::unsigned_abs);
        let sign = u32::from(value.is_none_or(|value| value < 0));
        let ranges = [(2, 0), (4, 4), (6, 20), (8, 84), (12, 340), (32, 4_436)];
        let range = ranges.iter().rposition(|(_, base)| size >= *base).unwrap();
        let mut bits = vec![sign];
        bits.extend(std::iter::repeat_n(1, range));
        if range < 5 {
            bits.push(0);
        }
        let (count, base) = ranges[range];
        bits.extend(
            (0..count)
                .rev()
                .map(|bit| ((size - base) >> bit) as u32 & 1),
        );
        let mut previous = 1;
        for bit in bits {
            encoder.bit(&mut self.0[previous], bit);
            previous = match previous << 1 | bit as usize {
                longer if previous < 256 => longer,
                longer => longer & 511 | 256,
            };
        }
    }
}
