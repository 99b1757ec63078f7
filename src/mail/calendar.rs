//! A calendar invitation (RFC 5545, 5546) in one line.

use icalendar::parser::read_components;

use crate::model::one_line;

/// How much of a calendar is looked at, in bytes.
const MAX_BYTES: usize = 1_000_000;
/// How long one property may be, in bytes, and how many attendees are looked at.
const MAX_PROPERTY: usize = 4_000;
const MAX_ATTENDEES: usize = 50;
/// How long a piece of the summary may be, in bytes.
const MAX_PIECE: usize = 120;

/// What the first event says.
#[derive(Debug, Default)]
struct Event {
    method: String,
    summary: String,
    location: String,
    organizer: String,
    start: Option<Moment>,
    end: Option<Moment>,
    /// Who answered, and how.
    answer: Option<(String, String)>,
}

/// `[calendar: request, Möte, 2026-11-24 10:00–11:00 Europe/Stockholm, Rum 3, anna@butik.test]`; `None` where there is no event.
#[must_use]
pub fn summary(text: &str) -> Option<String> {
    let event = event(&text[..text.floor_char_boundary(MAX_BYTES)])?;
    let method = match event.method.as_str() {
        "CANCEL" => "cancelled".to_owned(),
        "REPLY" => event.answer.as_ref().map_or("reply".to_owned(), |a| a.1.to_ascii_lowercase()),
        "COUNTER" => "counter-proposal".to_owned(),
        "REQUEST" | "" => "invitation".to_owned(),
        _ => "event".to_owned(),
    };
    let who = match &event.answer {
        Some((who, _)) if event.method == "REPLY" => who.clone(),
        _ => event.organizer,
    };
    let when = event.start.map(|s| s.until(event.end.as_ref())).unwrap_or_default();
    let pieces = [method, event.summary, when, event.location, who].map(|p| piece(&p));
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
    Some(format!("[calendar: {}]", pieces.join(", ")))
}

/// On one line, without brackets of its own, not too long.
fn piece(text: &str) -> String {
    let text = one_line(&text.replace(['[', ']'], " "));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text[..text.floor_char_boundary(MAX_PIECE)].trim().to_owned()
}

fn event(text: &str) -> Option<Event> {
    let mut event = Event::default();
    // How many components are open within the event: alarms have summaries of their own.
    let mut depth = None;
    let mut attendees = 0;
    for line in unfolded(text) {
        let Some(end) = line.find([':', ';']) else { continue };
        let name = line[..end].trim().to_ascii_uppercase();
        let value = line[end + 1..].trim();
        match (name.as_str(), depth) {
            ("METHOD", None) => event.method = value.to_ascii_uppercase(),
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => depth = Some(0usize),
            ("BEGIN", Some(n)) => depth = Some(n + 1),
            ("END", Some(0)) => return Some(event),
            ("END", Some(n)) => depth = Some(n - 1),
            ("ATTENDEE", Some(0)) if attendees < MAX_ATTENDEES => {
                attendees += 1;
                if event.answer.is_none()
                    && let Some(p) = property(&line)
                    && let Some(status) = p.parameter("PARTSTAT").filter(|s| *s != "NEEDS-ACTION")
                {
                    event.answer = Some((address(&p.value), status.to_owned()));
                }
            }
            ("SUMMARY", Some(0)) if event.summary.is_empty() => event.summary = property(&line)?.value,
            ("LOCATION", Some(0)) if event.location.is_empty() => event.location = property(&line)?.value,
            ("ORGANIZER", Some(0)) => event.organizer = address(&property(&line)?.value),
            ("DTSTART", Some(0)) => event.start = property(&line).and_then(|p| Moment::of(&p)),
            ("DTEND", Some(0)) => event.end = property(&line).and_then(|p| Moment::of(&p)),
            _ => {}
        }
    }
    // Cut off in the middle: what is there is there.
    (depth.is_some() && event.start.is_some()).then_some(event)
}

/// The lines with their folding undone (RFC 5545, 3.1); what a line has beyond its limit is left out.
fn unfolded(text: &str) -> impl Iterator<Item = String> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.to_owned();
        while let Some(more) = lines.next_if(|l| l.starts_with([' ', '\t'])) {
            if line.len() < MAX_PROPERTY {
                line.push_str(&more[1..]);
            }
        }
        line.truncate(line.floor_char_boundary(MAX_PROPERTY));
        Some(line)
    })
}

/// A property's value, unescaped, and its parameters.
struct Property {
    value: String,
    parameters: Vec<(String, String)>,
}

impl Property {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// Reads one line. It goes through the parser alone, so that a broken neighbour does no harm and nothing nests.
fn property(line: &str) -> Option<Property> {
    let document = format!("BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n");
    let components = read_components(&document).ok()?;
    let property = components.first()?.properties.first()?;
    let parameters = property
        .params
        .iter()
        .filter_map(|p| Some((p.key.as_str().to_owned(), p.val.as_ref()?.as_str().trim_matches('"').to_owned())));
    Some(Property { value: property.val.clone().unescape_text().as_str().to_owned(), parameters: parameters.collect() })
}

/// `mailto:a@b.test` without its scheme.
fn address(value: &str) -> String {
    let scheme = value.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:")).map_or(0, str::len);
    value[scheme..].trim().to_lowercase()
}

/// A date, or a date and a time, as they stand; no zone is computed here.
#[derive(Debug)]
struct Moment {
    date: String,
    time: String,
    zone: String,
}

impl Moment {
    fn of(property: &Property) -> Option<Self> {
        let value = property.value.trim();
        let digits = |range: std::ops::Range<usize>| {
            value.get(range).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
        };
        let date = format!("{}-{}-{}", digits(0..4)?, digits(4..6)?, digits(6..8)?);
        let time = match (digits(9..11), digits(11..13)) {
            (Some(hour), Some(minute)) => format!("{hour}:{minute}"),
            _ => String::new(),
        };
        let zone = if value.ends_with('Z') { "UTC" } else { property.parameter("TZID").unwrap_or_default() };
        Some(Self { date, time, zone: zone.to_owned() })
    }

    fn until(&self, end: Option<&Self>) -> String {
        let mut out = self.date.clone();
        if !self.time.is_empty() {
            out = format!("{out} {}", self.time);
            match end {
                Some(end) if end.date == self.date && !end.time.is_empty() => out = format!("{out}–{}", end.time),
                Some(end) if !end.time.is_empty() => out = format!("{out}–{} {}", end.date, end.time),
                _ => {}
            }
            if !self.zone.is_empty() {
                out = format!("{out} {}", self.zone);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, expect: Option<&str>) {
        let text = format!("BEGIN:VCALENDAR\r\n{}\r\nEND:VCALENDAR\r\n", lines.replace('\n', "\r\n"));
        assert_eq!(summary(&text).as_deref(), expect, "{lines}");
    }

    #[test]
    fn events_in_a_line() {
        check(
            "METHOD:REQUEST\nBEGIN:VEVENT\nDTSTART;TZID=Europe/Stockholm:20261124T100000\nDTEND;TZID=Europe/Stockholm:20261124T110000\nSUMMARY;LANGUAGE=sv:Möte om \n returen\\, väska\nLOCATION:Rum 3\nORGANIZER;CN=\"Ek, Anna\":mailto:Anna@butik.test\nBEGIN:VALARM\nSUMMARY:Larm\nEND:VALARM\nEND:VEVENT",
            Some(
                "[calendar: invitation, Möte om returen, väska, 2026-11-24 10:00–11:00 Europe/Stockholm, Rum 3, anna@butik.test]",
            ),
        );
        check(
            "METHOD:REPLY\nBEGIN:VEVENT\nDTSTART:20261124T090000Z\nSUMMARY:Möte\nORGANIZER:mailto:anna@butik.test\nATTENDEE;PARTSTAT=DECLINED;CN=Lisa:mailto:lisa@kund.test\nEND:VEVENT",
            Some("[calendar: declined, Möte, 2026-11-24 09:00 UTC, lisa@kund.test]"),
        );
        check(
            "METHOD:CANCEL\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261124\nSUMMARY:[x]\nEND:VEVENT",
            Some("[calendar: cancelled, x, 2026-11-24]"),
        );
        check("BEGIN:VEVENT\nDTSTART:2026\nEND:VEVENT", Some("[calendar: invitation]"));
        check("BEGIN:VTODO\nSUMMARY:x\nEND:VTODO", None);
        check("", None);
    }

    #[test]
    fn bombs() {
        assert_eq!(summary(&"BEGIN:VEVENT\n".repeat(100_000)), None);
        let attendees = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@b.test\n".repeat(20_000);
        let text = format!("BEGIN:VEVENT\nDTSTART:20261124T090000Z\n{attendees}");
        assert_eq!(summary(&text).as_deref(), Some("[calendar: invitation, 2026-11-24 09:00 UTC]"));
        let folded = format!("BEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT\n", "x\n ".repeat(300_000));
        assert!(summary(&folded).is_some_and(|s| s.len() < 200));
        assert!(
            summary(&format!("BEGIN:VEVENT\nSUMMARY;{}:x\nEND:VEVENT", "a=b;".repeat(100_000)))
                .is_none_or(|s| s.len() < 200)
        );
    }
}
