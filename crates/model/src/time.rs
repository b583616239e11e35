//! Time as the database keeps it (milliseconds UTC) and as the wire shows it (ISO 8601, `Z`, three decimals).

use std::fmt;

use serde::{Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub i64);

const DAY: i64 = 86_400_000;
/// 0000-01-01 and 9999-12-31: what four digits of a year can show.
const SHOWN: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

impl Millis {
    /// The wire form, 24 ASCII bytes: `2018-09-14T13:31:33.201Z`. Years outside 0000 to 9999 are clamped.
    ///
    /// Written out by hand because one page of history formats some two hundred of them.
    pub fn iso(self) -> Iso {
        let ms = self.0.clamp(*SHOWN.start(), *SHOWN.end());
        let (year, month, day) = civil(ms.div_euclid(DAY));
        let rest = ms.rem_euclid(DAY);
        let mut out = *b"0000-00-00T00:00:00.000Z";
        put(&mut out[0..4], year);
        put(&mut out[5..7], month);
        put(&mut out[8..10], day);
        put(&mut out[11..13], rest / 3_600_000);
        put(&mut out[14..16], rest / 60_000 % 60);
        put(&mut out[17..19], rest / 1_000 % 60);
        put(&mut out[20..23], rest % 1_000);
        Iso(out)
    }
}

/// A formatted time; see [`Millis::iso`].
#[derive(Clone, Copy)]
pub struct Iso([u8; 24]);

impl Iso {
    /// The text, always 24 ASCII characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn put(out: &mut [u8], mut number: i64) {
    for place in out.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Year, month, day of a day number since 1970-01-01, by counting eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.iso().as_str())
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.iso().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_seeds_time_is_written_as_printed() {
        assert_eq!(Millis(1_536_931_893_201).to_string(), "2018-09-14T13:31:33.201Z");
        assert_eq!(Millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn the_wire_form_agrees_with_a_calendar_library(ms in SHOWN) {
            let known = jiff::Timestamp::from_millisecond(ms).unwrap();
            prop_assert_eq!(Millis(ms).to_string(), format!("{known:.3}"));
        }
    }
}
