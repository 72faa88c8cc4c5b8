//! The arithmetic decoder (T.88, annex E), the same as that of JPEG 2000.

#[cfg(test)]
pub(super) mod encoder; // data for tests

/// What is known of one context: the index of its probability estimate in table E.1, times two,
/// plus its more probable symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Context(u8);

/// Contexts in their initial state, one per value of `bits` bits.
pub(super) fn contexts(bits: u32) -> Vec<Context> {
    vec![Context::default(); 1 << bits]
}

/// Table E.1: `Qe`, `NMPS`, `NLPS` and `SWITCH`.
const ESTIMATES: [(u16, u8, u8, u8); 47] = [
    (0x5601, 1, 1, 1),
    (0x3401, 2, 6, 0),
    (0x1801, 3, 9, 0),
    (0x0ac1, 4, 12, 0),
    (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0),
    (0x5601, 7, 6, 1),
    (0x5401, 8, 14, 0),
    (0x4801, 9, 14, 0),
    (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0),
    (0x2401, 12, 18, 0),
    (0x1c01, 13, 20, 0),
    (0x1601, 29, 21, 0),
    (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0),
    (0x5101, 17, 15, 0),
    (0x4801, 18, 16, 0),
    (0x3801, 19, 17, 0),
    (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0),
    (0x2801, 22, 19, 0),
    (0x2401, 23, 20, 0),
    (0x2201, 24, 21, 0),
    (0x1c01, 25, 22, 0),
    (0x1801, 26, 23, 0),
    (0x1601, 27, 24, 0),
    (0x1401, 28, 25, 0),
    (0x1201, 29, 26, 0),
    (0x1101, 30, 27, 0),
    (0x0ac1, 31, 28, 0),
    (0x09c1, 32, 29, 0),
    (0x08a1, 33, 30, 0),
    (0x0521, 34, 31, 0),
    (0x0441, 35, 32, 0),
    (0x02a1, 36, 33, 0),
    (0x0221, 37, 34, 0),
    (0x0141, 38, 35, 0),
    (0x0111, 39, 36, 0),
    (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0),
    (0x0025, 42, 39, 0),
    (0x0015, 43, 40, 0),
    (0x0009, 44, 41, 0),
    (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0),
    (0x5601, 46, 46, 0),
];

/// What a [`Context`] does next.
#[derive(Clone, Copy)]
struct Transition {
    /// The probability of the less probable symbol, 0x8000_0000 being 0.75.
    qe: u32,
    /// The context after a more probable symbol.
    more: Context,
    /// The context after a less probable symbol.
    less: Context,
}

/// By the value of a [`Context`]; a power of two of them, so that no index needs a check.
const TRANSITIONS: [Transition; 128] = {
    let none = Transition {
        qe: 0x5601_0000,
        more: Context(0),
        less: Context(0),
    };
    let mut transitions = [none; 128];
    let mut value = 0;
    while value < 2 * ESTIMATES.len() {
        let (qe, more, less, switch) = ESTIMATES[value / 2];
        let symbol = (value % 2) as u8;
        transitions[value] = Transition {
            qe: (qe as u32) << 16,
            more: Context(more * 2 + symbol),
            less: Context(less * 2 + (symbol ^ switch)),
        };
        value += 1;
    }
    transitions
};

/// Decodes one symbol after the other. The data does not end: after its last byte come 1 bits, as
/// after a marker (E.3.4).
#[derive(Clone)]
pub(super) struct Decoder<'d> {
    data: &'d [u8],
    /// Index of the byte that was read last, `B`.
    position: usize,
    /// The code register, `Chigh` in its upper half.
    c: u32,
    /// The size of the interval, `A`, in the upper half: at least 0x8000 between two symbols.
    a: u32,
    /// Shifts until the next byte is needed, `CT`.
    shifts: u32,
}

impl<'d> Decoder<'d> {
    /// INITDEC (E.3.5).
    pub(super) fn new(data: &'d [u8]) -> Self {
        let first = data.first().copied().unwrap_or(0xff);
        let mut decoder = Self {
            data,
            position: 0,
            c: u32::from(first) << 16,
            a: 0x8000_0000,
            shifts: 0,
        };
        decoder.read_byte();
        decoder.c <<= 7;
        decoder.shifts -= 7;
        decoder
    }

    /// DECODE (E.3.2): 0 or 1.
    #[inline(always)]
    pub(super) fn bit(&mut self, context: &mut Context) -> u32 {
        let transition = TRANSITIONS[usize::from(context.0 & 127)];
        let symbol = u32::from(context.0 & 1);
        let qe = transition.qe;
        self.a -= qe;
        let is_lower = self.c < qe;
        // One branch for what is by far most frequent; the rest is choices without one.
        if !is_lower & (self.a & 0x8000_0000 != 0) {
            self.c -= qe;
            return symbol;
        }
        // LPS_EXCHANGE and MPS_EXCHANGE
        let is_more_probable = (self.a < qe) == is_lower;
        self.c -= if is_lower { 0 } else { qe };
        self.a = if is_lower { qe } else { self.a };
        self.renormalize();
        *context = if is_more_probable {
            transition.more
        } else {
            transition.less
        };
        symbol ^ u32::from(!is_more_probable)
    }

    /// Decodes eight symbols of one context at once, where all of them are `symbol`, which is its
    /// more probable one, and none of them changes the context. Otherwise nothing happens.
    #[inline(always)]
    pub(super) fn skip_eight(&mut self, context: Context, symbol: u8) -> bool {
        let qe = TRANSITIONS[usize::from(context.0 & 127)].qe;
        // Eight times more than this is no longer less than the interval.
        let is_certain = context.0 & 1 == symbol
            && qe <= 0x0fff_0000
            && self.a - 0x8000_0000 >= 8 * qe
            && self.c >= 8 * qe;
        if is_certain {
            self.a -= 8 * qe;
            self.c -= 8 * qe;
        }
        is_certain
    }

    /// RENORMD (E.3.3).
    #[inline(always)]
    fn renormalize(&mut self) {
        let mut missing = self.a.leading_zeros();
        while missing > self.shifts {
            self.a <<= self.shifts;
            self.c <<= self.shifts;
            missing -= self.shifts;
            self.read_byte();
        }
        self.a <<= missing;
        self.c <<= missing;
        self.shifts -= missing;
    }

    /// BYTEIN (E.3.4).
    #[inline(always)]
    fn read_byte(&mut self) {
        let byte = |index: usize| self.data.get(index).copied().unwrap_or(0xff);
        let (bits, shifts, bytes) = match (byte(self.position), byte(self.position + 1)) {
            // A marker, which is not passed.
            (0xff, 0x90..) => (0xff00, 8, 0),
            (0xff, next) => (u32::from(next) << 9, 7, 1),
            (_, next) => (u32::from(next) << 8, 8, 1),
        };
        self.c = self.c.wrapping_add(bits);
        self.shifts = shifts;
        self.position += bytes;
    }
}
