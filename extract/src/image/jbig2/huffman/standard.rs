//! The standard Huffman tables (T.88, B.5).

use std::rc::Rc;

use super::Line::{self, Lower, OutOfBand, Range};
use super::Table;

/// Table B.`number`, 1 to 15.
pub(in crate::image::jbig2) fn table(number: usize) -> Rc<Table> {
    let table = Table::new(TABLES[number - 1]);
    Rc::new(table.expect("no prefix is longer than nine bits"))
}

/// The bits of each prefix and what follows it, in the order in which prefixes are assigned.
#[rustfmt::skip]
const TABLES: [&[(u8, Line)]; 15] = [
    &[
        (1, Range(0, 4)), (2, Range(16, 8)), (3, Range(272, 16)), (3, Range(65808, 32)),
    ],
    &[
        (1, Range(0, 0)), (2, Range(1, 0)), (3, Range(2, 0)), (4, Range(3, 3)), (5, Range(11, 6)),
        (6, Range(75, 32)), (6, OutOfBand),
    ],
    &[
        (8, Range(-256, 8)), (1, Range(0, 0)), (2, Range(1, 0)), (3, Range(2, 0)), (4, Range(3, 3)),
        (5, Range(11, 6)), (8, Lower(-257)), (7, Range(75, 32)), (6, OutOfBand),
    ],
    &[
        (1, Range(1, 0)), (2, Range(2, 0)), (3, Range(3, 0)), (4, Range(4, 3)), (5, Range(12, 6)),
        (5, Range(76, 32)),
    ],
    &[
        (7, Range(-255, 8)), (1, Range(1, 0)), (2, Range(2, 0)), (3, Range(3, 0)), (4, Range(4, 3)),
        (5, Range(12, 6)), (7, Lower(-256)), (6, Range(76, 32)),
    ],
    &[
        (5, Range(-2048, 10)), (4, Range(-1024, 9)), (4, Range(-512, 8)), (4, Range(-256, 7)),
        (5, Range(-128, 6)), (5, Range(-64, 5)), (4, Range(-32, 5)), (2, Range(0, 7)),
        (3, Range(128, 7)), (3, Range(256, 8)), (4, Range(512, 9)), (4, Range(1024, 10)),
        (6, Lower(-2049)), (6, Range(2048, 32)),
    ],
    &[
        (4, Range(-1024, 9)), (3, Range(-512, 8)), (4, Range(-256, 7)), (5, Range(-128, 6)),
        (5, Range(-64, 5)), (4, Range(-32, 5)), (4, Range(0, 5)), (5, Range(32, 5)),
        (5, Range(64, 6)), (4, Range(128, 7)), (3, Range(256, 8)), (3, Range(512, 9)),
        (3, Range(1024, 10)), (5, Lower(-1025)), (5, Range(2048, 32)),
    ],
    &[
        (8, Range(-15, 3)), (9, Range(-7, 1)), (8, Range(-5, 1)), (9, Range(-3, 0)),
        (7, Range(-2, 0)), (4, Range(-1, 0)), (2, Range(0, 1)), (5, Range(2, 0)), (6, Range(3, 0)),
        (3, Range(4, 4)), (6, Range(20, 1)), (4, Range(22, 4)), (4, Range(38, 5)),
        (5, Range(70, 6)), (5, Range(134, 7)), (6, Range(262, 7)), (7, Range(390, 8)),
        (6, Range(646, 10)), (9, Lower(-16)), (9, Range(1670, 32)), (2, OutOfBand),
    ],
    &[
        (8, Range(-31, 4)), (9, Range(-15, 2)), (8, Range(-11, 2)), (9, Range(-7, 1)),
        (7, Range(-5, 1)), (4, Range(-3, 1)), (3, Range(-1, 1)), (3, Range(1, 1)), (5, Range(3, 1)),
        (6, Range(5, 1)), (3, Range(7, 5)), (6, Range(39, 2)), (4, Range(43, 5)), (4, Range(75, 6)),
        (5, Range(139, 7)), (5, Range(267, 8)), (6, Range(523, 8)), (7, Range(779, 9)),
        (6, Range(1291, 11)), (9, Lower(-32)), (9, Range(3339, 32)), (2, OutOfBand),
    ],
    &[
        (7, Range(-21, 4)), (8, Range(-5, 0)), (7, Range(-4, 0)), (5, Range(-3, 0)),
        (2, Range(-2, 2)), (5, Range(2, 0)), (6, Range(3, 0)), (7, Range(4, 0)), (8, Range(5, 0)),
        (2, Range(6, 6)), (5, Range(70, 5)), (6, Range(102, 5)), (6, Range(134, 6)),
        (6, Range(198, 7)), (6, Range(326, 8)), (6, Range(582, 9)), (6, Range(1094, 10)),
        (7, Range(2118, 11)), (8, Lower(-22)), (8, Range(4166, 32)), (2, OutOfBand),
    ],
    &[
        (1, Range(1, 0)), (2, Range(2, 1)), (4, Range(4, 0)), (4, Range(5, 1)), (5, Range(7, 1)),
        (5, Range(9, 2)), (6, Range(13, 2)), (7, Range(17, 2)), (7, Range(21, 3)),
        (7, Range(29, 4)), (7, Range(45, 5)), (7, Range(77, 6)), (7, Range(141, 32)),
    ],
    &[
        (1, Range(1, 0)), (2, Range(2, 0)), (3, Range(3, 1)), (5, Range(5, 0)), (5, Range(6, 1)),
        (6, Range(8, 1)), (7, Range(10, 0)), (7, Range(11, 1)), (7, Range(13, 2)),
        (7, Range(17, 3)), (7, Range(25, 4)), (8, Range(41, 5)), (8, Range(73, 32)),
    ],
    &[
        (1, Range(1, 0)), (3, Range(2, 0)), (4, Range(3, 0)), (5, Range(4, 0)), (4, Range(5, 1)),
        (3, Range(7, 3)), (6, Range(15, 1)), (6, Range(17, 2)), (6, Range(21, 3)),
        (6, Range(29, 4)), (6, Range(45, 5)), (7, Range(77, 6)), (7, Range(141, 32)),
    ],
    &[
        (3, Range(-2, 0)), (3, Range(-1, 0)), (1, Range(0, 0)), (3, Range(1, 0)), (3, Range(2, 0)),
    ],
    &[
        (7, Range(-24, 4)), (6, Range(-8, 2)), (5, Range(-4, 1)), (4, Range(-2, 0)),
        (3, Range(-1, 0)), (1, Range(0, 0)), (3, Range(1, 0)), (4, Range(2, 0)), (5, Range(3, 1)),
        (6, Range(5, 2)), (7, Range(9, 4)), (7, Lower(-25)), (7, Range(25, 32)),
    ],
];
