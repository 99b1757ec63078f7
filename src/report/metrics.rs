//! The desk's state for a monitoring system: OpenMetrics text, as a node exporter's textfile collector reads it.
//!
//! Shape: <https://prometheus.io/docs/specs/om/open_metrics_spec/>. Gauges are of the moment; nothing in here is summed up by svar.

use std::fmt::Write as _;

use crate::model::Time;

/// A mailbox at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxGauges {
    pub mailbox: String,
    pub is_read: bool,
    pub open: i64,
    pub pending: i64,
    pub held: i64,
    /// Past their due time.
    pub overdue: i64,
    /// Open tickets whose customer waits.
    pub waiting: i64,
    pub oldest_waiting_s: Option<i64>,
    /// Due and not sent.
    pub outbox_due: i64,
    pub outbox_oldest_due_s: Option<i64>,
    /// When the last heartbeat came back.
    pub heartbeat_back_at: Option<Time>,
}

/// The desk at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauges {
    pub at: Time,
    pub mailboxes: Vec<MailboxGauges>,
    /// What ails the desk; see `svar health`.
    pub ailments: i64,
    pub letters_undecided: i64,
    pub quarantined: i64,
    /// Mails given up, or held for somebody's word.
    pub undelivered: i64,
    pub last_digest_at: Option<Time>,
    pub tickets_ever: i64,
    pub database_bytes: u64,
    pub disk_free_bytes: Option<u64>,
    /// Host and end of each certificate, at most three years ahead.
    pub certificates: Vec<(String, Time)>,
}

/// Label values bear no quote, backslash or line break as they are.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

struct Text(String);

impl Text {
    /// A metric with a sample for each label set.
    fn metric(&mut self, name: &str, kind: &str, help: &str, samples: &[(String, i64)]) {
        if samples.is_empty() {
            return;
        }
        let suffix = if kind == "counter" { "_total" } else { "" };
        let _ = writeln!(self.0, "# TYPE svar_{name} {kind}\n# HELP svar_{name} {help}");
        for (labels, value) in samples {
            let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let _ = writeln!(self.0, "svar_{name}{suffix}{labels} {value}");
        }
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: i64) {
        self.metric(name, kind, help, &[(String::new(), value)]);
    }
}

/// The file.
#[must_use]
pub fn text(gauges: &Gauges) -> String {
    let mut out = Text(String::new());
    let each = |of: fn(&MailboxGauges) -> Option<i64>| -> Vec<(String, i64)> {
        let sample = |m: &MailboxGauges| Some((format!("mailbox=\"{}\"", label(&m.mailbox)), of(m)?));
        gauges.mailboxes.iter().filter_map(sample).collect()
    };
    let size = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    out.one("written_timestamp_seconds", "gauge", "When this file was written.", gauges.at.unix());
    out.one("ailments", "gauge", "What ails the desk; see svar health.", gauges.ailments);
    out.metric("mailbox_read", "gauge", "1 if the mailbox can be read.", &each(|m| Some(i64::from(m.is_read))));
    let states: Vec<(String, i64)> = gauges
        .mailboxes
        .iter()
        .flat_map(|m| [("open", m.open), ("pending", m.pending), ("held", m.held)].map(|(state, n)| (m, state, n)))
        .map(|(m, state, n)| (format!("mailbox=\"{}\",state=\"{state}\"", label(&m.mailbox)), n))
        .collect();
    out.metric("tickets", "gauge", "Tickets that are not over.", &states);
    out.metric("tickets_waiting", "gauge", "Tickets whose customer waits for an answer.", &each(|m| Some(m.waiting)));
    out.metric("tickets_overdue", "gauge", "Of these, past their due time.", &each(|m| Some(m.overdue)));
    let help = "How long the customer has waited who has waited longest, by the wall clock.";
    out.metric("oldest_waiting_seconds", "gauge", help, &each(|m| m.oldest_waiting_s));
    out.metric("outbox_due", "gauge", "Mails that are due and not sent.", &each(|m| Some(m.outbox_due)));
    let help = "Since when the oldest of them was due.";
    out.metric("outbox_oldest_due_seconds", "gauge", help, &each(|m| m.outbox_oldest_due_s));
    let help = "When the last heartbeat came back.";
    out.metric("heartbeat_timestamp_seconds", "gauge", help, &each(|m| m.heartbeat_back_at.map(Time::unix)));
    out.one("outbox_undelivered", "gauge", "Mails given up or held; see svar outbox.", gauges.undelivered);
    out.one("letters_undecided", "gauge", "Letters in custody that are not decided.", gauges.letters_undecided);
    out.one("quarantined", "gauge", "Mails set aside; see svar quarantine.", gauges.quarantined);
    out.one("tickets_opened", "counter", "Tickets ever opened.", gauges.tickets_ever);
    if let Some(at) = gauges.last_digest_at {
        out.one("last_digest_timestamp_seconds", "gauge", "When the last digest was made.", at.unix());
    }
    out.one("database_bytes", "gauge", "Size of the database file.", size(gauges.database_bytes));
    if let Some(bytes) = gauges.disk_free_bytes {
        out.one("disk_free_bytes", "gauge", "Free where the database lies.", size(bytes));
    }
    let ends: Vec<(String, i64)> =
        gauges.certificates.iter().map(|(host, at)| (format!("host=\"{}\"", label(host)), at.unix())).collect();
    let help = "Until when a mail server's certificate is good.";
    out.metric("certificate_end_timestamp_seconds", "gauge", help, &ends);
    out.0.push_str("# EOF\n");
    out.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_as_it_is_read() {
        let support = MailboxGauges {
            mailbox: "kund\"tjänst".to_owned(),
            is_read: true,
            open: 3,
            pending: 2,
            waiting: 2,
            overdue: 1,
            oldest_waiting_s: Some(4000),
            heartbeat_back_at: Some(Time::from_unix(1_799_999_000)),
            ..MailboxGauges::default()
        };
        let gauges = Gauges {
            at: Time::from_unix(1_800_000_000),
            mailboxes: vec![support],
            ailments: 0,
            letters_undecided: 0,
            quarantined: 4,
            undelivered: 0,
            last_digest_at: None,
            tickets_ever: 77,
            database_bytes: 4096,
            disk_free_bytes: None,
            certificates: vec![("imap.example.test".to_owned(), Time::from_unix(1_900_000_000))],
        };
        let text = text(&gauges);
        for line in [
            "# TYPE svar_tickets gauge",
            "svar_tickets{mailbox=\"kund\\\"tjänst\",state=\"open\"} 3",
            "svar_tickets_overdue{mailbox=\"kund\\\"tjänst\"} 1",
            "svar_oldest_waiting_seconds{mailbox=\"kund\\\"tjänst\"} 4000",
            "svar_heartbeat_timestamp_seconds{mailbox=\"kund\\\"tjänst\"} 1799999000",
            "svar_tickets_opened_total 77",
            "svar_certificate_end_timestamp_seconds{host=\"imap.example.test\"} 1900000000",
            "svar_ailments 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line:?} is not in\n{text}");
        }
        assert!(text.ends_with("\n# EOF\n"), "{text}");
        // A metric without a sample has no lines at all.
        assert!(!text.contains("outbox_oldest_due_seconds"), "{text}");
        // Every sample stands below the type of its family.
        let family = |l: &str| l.split(['{', ' ']).next().unwrap_or_default().trim_end_matches("_total").to_owned();
        let samples = text.lines().filter(|l| !l.starts_with('#')).map(family);
        assert!(samples.into_iter().all(|f| text.contains(&format!("# TYPE {f} "))));
    }
}
