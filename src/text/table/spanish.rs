//! Spanish: a single shift table only (TS 23.038 section A.2.2).

use super::Table;

/// The single shift table.
#[rustfmt::skip] // sixteen rows of eight codes
pub(super) static SINGLE: Table = Table::new([
         0,      0,      0,      0,      0,      0,      0,      0, // 00
         0, 0x00E7, 0x000C,      0,      0,      0,      0,      0, // 08
         0,      0,      0,      0, 0x005E,      0,      0,      0, // 10
         0,      0,      0,      0,      0,      0,      0,      0, // 18
         0,      0,      0,      0,      0,      0,      0,      0, // 20
    0x007B, 0x007D,      0,      0,      0,      0,      0, 0x005C, // 28
         0,      0,      0,      0,      0,      0,      0,      0, // 30
         0,      0,      0,      0, 0x005B, 0x007E, 0x005D,      0, // 38
    0x007C, 0x00C1,      0,      0,      0,      0,      0,      0, // 40
         0, 0x00CD,      0,      0,      0,      0,      0, 0x00D3, // 48
         0,      0,      0,      0,      0, 0x00DA,      0,      0, // 50
         0,      0,      0,      0,      0,      0,      0,      0, // 58
         0, 0x00E1,      0,      0,      0, 0x20AC,      0,      0, // 60
         0, 0x00ED,      0,      0,      0,      0,      0, 0x00F3, // 68
         0,      0,      0,      0,      0, 0x00FA,      0,      0, // 70
         0,      0,      0,      0,      0,      0,      0,      0, // 78
]);
