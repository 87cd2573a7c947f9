//! The component `log-report`: reads the access logs of a web server, and counts what is in them.

#![expect(
    clippy::too_many_arguments,
    reason = "in the code that is generated for records"
)]

use std::collections::BTreeMap;

wit_bindgen::generate!({ path: "wit", world: "log-report" });

struct Component;

type Tally = Vec<(String, u32)>;

impl Guest for Component {
    fn parse(text: String) -> Vec<Request> {
        text.lines().filter_map(request).collect()
    }

    fn damaged(text: String) -> Vec<String> {
        let damaged = text.lines().filter(|line| request(line).is_none());
        damaged.map(String::from).collect()
    }

    fn is_error(request: Request) -> bool {
        request.status >= 500
    }

    fn is_for(request: Request, path: String) -> bool {
        request.path == path
    }

    fn tally(requests: Vec<Request>, by: Field) -> Tally {
        let mut counts = BTreeMap::new();
        for request in requests {
            *counts.entry(value(request, by)).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    fn merge(tallies: Vec<Tally>) -> Tally {
        let mut counts = BTreeMap::new();
        for (value, count) in tallies.into_iter().flatten() {
            *counts.entry(value).or_default() += count;
        }
        counts.into_iter().collect()
    }
}

/// Where the hour stands in `2026-03-14T09:26:53`, and how long that is.
const HOUR: std::ops::Range<usize> = 11..13;
const TIME: usize = 19;

/// The request in a line, unless it is damaged.
fn request(line: &str) -> Option<Request> {
    let mut words = line.split(' ');
    let request = Request {
        time: words.next().filter(|time| is_time(time))?.into(),
        host: words.next()?.into(),
        method: words.next()?.into(),
        path: words.next()?.into(),
        status: words.next()?.parse().ok()?,
        bytes: words.next()?.parse().ok()?,
        millis: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(request)
}

fn is_time(text: &str) -> bool {
    text.len() == TIME
        && text
            .get(HOUR)
            .is_some_and(|hour| hour.parse::<u8>().is_ok())
}

fn value(request: Request, by: Field) -> String {
    match by {
        Field::Host => request.host,
        Field::Path => request.path,
        Field::Status => request.status.to_string(),
        Field::Hour => request.time.get(HOUR).unwrap_or_default().into(),
    }
}

export!(Component);

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
        2026-03-14T09:26:53 10.0.3.7 GET /search 200 5120 31\n\
        2026-03-14T09:26:5\n\
        2026-03-14T10:01:00 10.0.3.7 GET /search 503 0 900\n\
        2026-03-14T10:01:01 10.0.3.8 GET /search 503 0 900 more\n";

    #[test]
    fn damaged_lines_are_told_from_requests() {
        let requests = Component::parse(LOG.into());
        let statuses: Vec<u16> = requests.iter().map(|request| request.status).collect();
        assert_eq!(statuses, [200, 503]);
        assert_eq!(Component::damaged(LOG.into()).len(), 2);
        assert!(Component::is_error(requests[1].clone()));
        assert!(Component::is_for(requests[0].clone(), "/search".into()));
    }

    #[test]
    fn tallies_add_up_to_that_of_the_whole() {
        let whole = Component::parse([LOG, LOG].concat());
        let half = Component::parse(LOG.into());
        for by in [Field::Host, Field::Path, Field::Status, Field::Hour] {
            let tally = Component::tally(half.clone(), by);
            let merged = Component::merge(vec![tally.clone(), tally]);
            assert_eq!(merged, Component::tally(whole.clone(), by));
        }
        let hours = Component::tally(half, Field::Hour);
        assert_eq!(hours, [("09".into(), 1), ("10".into(), 1)]);
    }
}
