//! The clocks of a period as a table that a spreadsheet opens without running anything in it.

use crate::model::one_line;
use crate::report::ByAgent;
use crate::sla::figures::ClockRow;

/// A header and a row a clock, in the order in which they started. UTF-8, lines ended by CRLF (RFC 4180). Who answered stands in
/// it where the digest says so too.
#[must_use]
pub fn csv(clocks: &[ClockRow], by_agent: ByAgent) -> Vec<u8> {
    let names = by_agent == ByAgent::Full;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let heads = [
        "ticket",
        "clock",
        "started_at",
        "stopped_at",
        "due_at",
        "elapsed_s",
        "wall_s",
        "target_s",
        "band",
        "state",
        "mailbox",
    ];
    let end = ["agent", "subject"];
    // Nothing of this can fail: it is written to memory, and every row has as many cells.
    let _ = writer.write_record(heads.iter().chain(end.iter().filter(|h| names || **h != "agent")));
    for clock in clocks {
        let time = |at: Option<crate::model::Time>| at.map_or_else(String::new, |t| t.to_string());
        let state = serde_json::to_value(clock.state).ok().and_then(|v| v.as_str().map(str::to_owned));
        let mut cells = vec![
            clock.ticket.to_string(),
            clock.clock.as_str().to_owned(),
            clock.started_at.to_string(),
            time(clock.stopped_at),
            time(clock.due_at),
            clock.elapsed_s.to_string(),
            clock.wall_s.to_string(),
            clock.target_s.to_string(),
            safe(clock.band.as_deref().unwrap_or_default()),
            state.unwrap_or_default(),
            safe(&clock.mailbox),
        ];
        if names {
            cells.push(safe(clock.agent.as_ref().map_or("", |a| a.as_str())));
        }
        cells.push(safe(&one_line(&clock.subject)));
        let _ = writer.write_record(&cells);
    }
    writer.into_inner().unwrap_or_default()
}

/// A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it.
fn safe(cell: &str) -> String {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    // Some programs pass over white space before they decide.
    if cell.starts_with(begins) || cell.trim_start().starts_with(begins) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, TicketNo, Time};
    use crate::sla::clock::{ClockKind, ClockState};

    fn row(subject: &str) -> ClockRow {
        ClockRow {
            ticket: TicketNo(42),
            mailbox: "support".to_owned(),
            clock: ClockKind::FirstResponse,
            started_at: Time::from_unix(1_800_000_000),
            stopped_at: None,
            due_at: None,
            elapsed_s: 61,
            wall_s: 70,
            target_s: 3600,
            band: None,
            state: ClockState::Running,
            agent: Address::parse("anna@example.test"),
            subject: subject.to_owned(),
        }
    }

    #[test]
    fn nothing_in_it_is_a_formula() {
        for (subject, cell) in [
            ("Var är paketet?", "Var är paketet?"),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+46 8 123", "'+46 8 123"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'=1"),
            ("\r\n=1", "'=1"),
            ("a, b", "\"a, b\""),
        ] {
            let text = String::from_utf8(csv(&[row(subject)], ByAgent::Counts)).unwrap();
            assert!(text.ends_with(&format!(",support,{cell}\r\n")), "{subject:?}: {text}");
        }
        assert_eq!(safe("\t=1"), "'\t=1");
    }

    #[test]
    fn who_answered_is_said_where_the_digest_says_it() {
        let text = |by_agent: ByAgent| String::from_utf8(csv(&[row("x")], by_agent)).unwrap();
        assert!(!text(ByAgent::Counts).contains("anna") && !text(ByAgent::None).contains("agent"));
        assert!(
            text(ByAgent::Full).contains("mailbox,agent,subject")
                && text(ByAgent::Full).contains(",anna@example.test,x")
        );
        assert!(text(ByAgent::Full).starts_with("ticket,clock,started_at,stopped_at,due_at,elapsed_s,"));
    }
}
