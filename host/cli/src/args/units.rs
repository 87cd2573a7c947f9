//! Durations and sizes as people write them.

use std::time::Duration;

use bytesize::ByteSize;
use wask_client::Limit;

/// `500ms`, `10s`, `2m 30s`. A number alone would leave the unit open, so it is refused.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than nothing".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}; write `500ms`, `10s` or `2m`")),
    }
}

/// `64MiB`, `1GiB`, `1000000`, in bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(ByteSize(0)) => Err("it must be more than nothing".into()),
        Ok(ByteSize(bytes)) => Ok(bytes),
        Err(error) => Err(format!(
            "{error}; write `64MiB`, `1GiB` or a number of bytes"
        )),
    }
}

/// A number of units of fuel, or `unlimited`.
pub(crate) fn fuel(text: &str) -> Result<Limit, String> {
    match text {
        "unlimited" => Ok(Limit::Unlimited),
        number => number
            .parse()
            .map(Limit::Of)
            .map_err(|_| "write a whole number, or `unlimited`".into()),
    }
}

/// At least one.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m 30s"), Ok(Duration::from_secs(150)));
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(size("1 GiB"), Ok(1 << 30));
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(fuel("0"), Ok(Limit::Of(0)));
        assert_eq!(fuel("unlimited"), Ok(Limit::Unlimited));
    }

    #[test]
    fn what_has_no_meaning_is_refused_with_examples() {
        for text in ["10", "0s", "-1s", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "big", "1XB"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(
            duration("10")
                .unwrap_err()
                .ends_with("write `500ms`, `10s` or `2m`")
        );
        assert!(at_least_one("0").is_err());
        assert!(fuel("-1").unwrap_err().ends_with("`unlimited`"));
    }
}
