//! Quantities for people.

use std::time::Duration;

/// A number of bytes: `1.5 GiB`.
pub fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let rounded = (amount * 10.0).round() / 10.0;
    format!("{rounded} {}", UNITS[unit])
}

/// A time, as exact as a person wants it: `201 ms`, `1.5 s`, `2 min 3 s`.
pub fn time_text(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let rounded = |amount: f64| match amount < 10.0 {
        true => (amount * 10.0).round() / 10.0,
        false => amount.round(),
    };
    match seconds {
        ..0.001 => format!("{} µs", rounded(seconds * 1e6)),
        ..1.0 => format!("{} ms", rounded(seconds * 1e3)),
        ..60.0 => format!("{} s", rounded(seconds)),
        _ => {
            let whole = time.as_secs();
            let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
            match hours {
                0 => format!("{minutes} min {seconds} s"),
                hours => format!("{hours} h {minutes} min"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_fits_the_number() {
        assert_eq!(bytes_text(0), "0 bytes");
        assert_eq!(bytes_text(1023), "1023 bytes");
        assert_eq!(bytes_text(1536), "1.5 KiB");
        assert_eq!(bytes_text(40 << 20), "40 MiB");
        assert_eq!(bytes_text(u64::MAX), "16777216 TiB");
    }

    #[test]
    fn times_are_rounded() {
        let text = |nanos| time_text(Duration::from_nanos(nanos));
        assert_eq!(text(0), "0 µs");
        assert_eq!(text(1_234), "1.2 µs");
        assert_eq!(text(201_223_577), "201 ms");
        assert_eq!(text(1_500_000_000), "1.5 s");
        assert_eq!(text(59_400_000_000), "59 s");
        assert_eq!(text(123_000_000_000), "2 min 3 s");
        assert_eq!(text(7_325_000_000_000), "2 h 2 min");
    }
}
