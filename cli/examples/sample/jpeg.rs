//! A baseline JPEG encoder (ITU-T T.81): three components, no subsampling, the tables of annex K.

use std::f64::consts::PI;

/// Luminance quantisation, table K.1, in rows.
const QUANTISATION: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
/// Codes per length, and their symbols: table K.3.
const DC_LENGTHS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_SYMBOLS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// Codes per length, and their symbols: table K.5.
const AC_LENGTHS: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125];
const AC_SYMBOLS: &[u8; 162] = b"\
    \x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\
    \x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28\
    \x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58\x59\
    \x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89\
    \x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\
    \xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\
    \xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa";

/// Encodes `pixel(x, y)` in RGB as a JPEG file.
pub(crate) fn encode(width: u16, height: u16, pixel: impl Fn(u16, u16) -> [u8; 3]) -> Vec<u8> {
    let mut file = headers(width, height);
    let mut bits = BitWriter::default();
    let (dc, ac) = (
        codes(&DC_LENGTHS, &DC_SYMBOLS),
        codes(&AC_LENGTHS, AC_SYMBOLS),
    );
    let mut previous_dc = [0_i32; 3];
    for top in (0..height).step_by(8) {
        for left in (0..width).step_by(8) {
            for (component, previous) in previous_dc.iter_mut().enumerate() {
                let sample = |x: u16, y: u16| {
                    let rgb = pixel((left + x).min(width - 1), (top + y).min(height - 1));
                    ycbcr(rgb)[component] - 128.0
                };
                let block = quantised(sample);
                let difference = block[0] - *previous;
                *previous = block[0];
                bits.write_value(&dc, 0, difference);
                write_ac(&mut bits, &ac, &block);
            }
        }
    }
    file.extend_from_slice(&bits.finish());
    file.extend_from_slice(&[0xff, 0xd9]);
    file
}

fn headers(width: u16, height: u16) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    segment(&mut file, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let table: Vec<u8> = ZIGZAG.iter().map(|&at| divisor(at) as u8).collect();
    segment(&mut file, 0xdb, &[&[0][..], &table].concat());
    let [h1, h0] = height.to_be_bytes();
    let [w1, w0] = width.to_be_bytes();
    let frame = [8, h1, h0, w1, w0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    segment(&mut file, 0xc0, &frame);
    segment(
        &mut file,
        0xc4,
        &[&[0x00][..], &DC_LENGTHS, &DC_SYMBOLS].concat(),
    );
    segment(
        &mut file,
        0xc4,
        &[&[0x10][..], &AC_LENGTHS, AC_SYMBOLS].concat(),
    );
    segment(&mut file, 0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    let length = u16::try_from(payload.len() + 2).expect("segments here are short");
    file.extend_from_slice(&[0xff, marker]);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(payload);
}

/// JFIF's conversion (ITU-T T.871, clause 7).
fn ycbcr([r, g, b]: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = [f64::from(r), f64::from(g), f64::from(b)];
    [
        0.299 * r + 0.587 * g + 0.114 * b,
        -0.168_736 * r - 0.331_264 * g + 0.5 * b + 128.0,
        0.5 * r - 0.418_688 * g - 0.081_312 * b + 128.0,
    ]
}

/// Row-major index of each coefficient in zigzag order (figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Half of table K.1: about quality 75.
fn divisor(at: usize) -> u16 {
    QUANTISATION[at].div_ceil(2)
}

/// Forward DCT (A.3.3) and quantisation; in zigzag order.
fn quantised(sample: impl Fn(u16, u16) -> f64) -> [i32; 64] {
    let basis = |x: u16, u: usize| (f64::from(2 * x + 1) * u as f64 * PI / 16.0).cos();
    let scale = |u: usize| if u == 0 { 0.5_f64.sqrt() } else { 1.0 };
    let mut samples = [0.0; 64];
    for y in 0..8 {
        for x in 0..8 {
            samples[usize::from(8 * y + x)] = sample(x, y);
        }
    }
    ZIGZAG.map(|at| {
        let (v, u) = (at / 8, at % 8);
        let mut sum = 0.0;
        for y in 0..8 {
            for x in 0..8 {
                sum += samples[usize::from(8 * y + x)] * basis(x, u) * basis(y, v);
            }
        }
        (sum * scale(u) * scale(v) / 4.0 / f64::from(divisor(at))).round() as i32
    })
}

/// Run lengths of zeros and values (F.1.2.2).
fn write_ac(bits: &mut BitWriter, codes: &[(u16, u8); 256], block: &[i32; 64]) {
    let mut zeros = 0;
    for &value in &block[1..] {
        if value == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 {
            bits.write_code(codes, 0xf0);
            zeros -= 16;
        }
        bits.write_value(codes, zeros << 4, value);
        zeros = 0;
    }
    if zeros > 0 {
        bits.write_code(codes, 0x00);
    }
}

/// Code and length of each symbol (annex C).
fn codes(lengths: &[u8; 16], symbols: &[u8]) -> [(u16, u8); 256] {
    let mut codes = [(0, 0); 256];
    let mut symbols = symbols.iter();
    let mut code = 0_u16;
    for (length, &count) in (1_u8..).zip(lengths) {
        for &symbol in symbols.by_ref().take(usize::from(count)) {
            codes[usize::from(symbol)] = (code, length);
            code += 1;
        }
        code <<= 1;
    }
    codes
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    pending: u32,
    pending_bits: u8,
}

impl BitWriter {
    fn write_code(&mut self, codes: &[(u16, u8); 256], symbol: u8) {
        let (code, length) = codes[usize::from(symbol)];
        self.write(u32::from(code), length);
    }

    /// The code of `run` and the value's size, then the value itself (F.1.2.1).
    fn write_value(&mut self, codes: &[(u16, u8); 256], run: u8, value: i32) {
        let size = (32 - value.unsigned_abs().leading_zeros()) as u8;
        self.write_code(codes, run | size);
        let bits = if value < 0 { value - 1 } else { value };
        self.write(bits as u32 & ((1 << size) - 1), size);
    }

    fn write(&mut self, value: u32, length: u8) {
        self.pending = self.pending << length | value;
        self.pending_bits += length;
        while self.pending_bits >= 8 {
            self.pending_bits -= 8;
            let byte = (self.pending >> self.pending_bits) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0); // a stuffed zero: this 0xff begins no marker
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let padding = (8 - self.pending_bits % 8) % 8;
        self.write((1 << padding) - 1, padding);
        self.bytes
    }
}
