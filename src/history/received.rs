//! When was a letter of the past received? A table of witnesses, best first; the first that says anything is believed.

use crate::mail::outline::Outline;
use crate::model::Time;
use crate::net::archive::Stamp;

/// No mail of a shop is older: 1990.
const EARLIEST: Time = Time::from_unix(631_152_000);
/// Servers' clocks are ahead of ours by less.
const AHEAD_S: i64 = Time::DAY;
/// A mail is not received before it was sent, but clocks differ.
const SKEW_S: i64 = 10 * Time::MINUTE;

/// What its store says about the time of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// IMAP's INTERNALDATE; `None` where the server said none.
    Internal(Option<Time>),
    Stamp(Stamp),
}

/// The time, and whose word it is.
pub type Judged = Option<(Time, &'static str)>;

/// Why a letter has no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Implausible(pub Time);

/// Whether a time can be a mail's at all.
#[must_use]
pub fn is_plausible(at: Time, now: Time) -> bool {
    (EARLIEST..=now.plus(AHEAD_S)).contains(&at)
}

/// When it was received. `is_ours`: one of us has sent it, and its own Date is the time at which its customer got it.
///
/// # Errors
/// The best witness says 1970 or 2099.
pub fn received_at(
    outline: &Outline,
    witness: Witness,
    is_ours: bool,
    now: Time,
) -> Result<(Time, &'static str), Implausible> {
    let received = outline.received_at.map(|t| (t, "received"));
    let date = outline.sent_at.map(|t| (t, "date"));
    // Servers' words; a copied file's time is none.
    let server: Judged = match witness {
        Witness::Internal(Some(at)) => Some((at, "internaldate")),
        Witness::Internal(None) => received,
        Witness::Stamp(_) => received,
    };
    if is_ours
        && let Some((at, word)) = date
        && is_plausible(at, now)
        && server.is_none_or(|(s, _)| !is_plausible(s, now) || at.since(s) <= SKEW_S)
    {
        return Ok((at, word));
    }
    let judged: Judged = match witness {
        Witness::Internal(_) => server.or(date),
        Witness::Stamp(Stamp::File(at)) => server.or(Some((at, "file"))),
        Witness::Stamp(Stamp::FromLine(line, file)) => {
            server.or(line.map(|t| (t, "from-line"))).or(date).or(Some((file, "file")))
        }
        Witness::Stamp(Stamp::Copied(at)) => server.or(date).or(Some((at, "file"))),
    };
    let (at, word) = judged.unwrap_or((Time::default(), "nothing"));
    if is_plausible(at, now) { Ok((at, word)) } else { Err(Implausible(at)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Time> {
        (!text.is_empty()).then(|| Time::parse_rfc3339(text).unwrap())
    }

    const R: &str = "2026-11-20T08:00:00Z";
    const D: &str = "2026-11-20T07:00:00Z";
    const F: &str = "2026-11-20T09:00:00Z";
    const L: &str = "2026-11-20T10:00:00Z";
    const OLD: &str = "1970-01-01T00:00:01Z";
    const FAR: &str = "2099-01-01T00:00:00Z";

    fn outline(received: &str, date: &str) -> Outline {
        Outline { received_at: at(received), sent_at: at(date), ..Outline::default() }
    }

    #[test]
    fn the_best_witness_is_believed() {
        let now = at("2026-12-01T00:00:00Z").unwrap();
        let check = |received: &str, date: &str, witness: Witness, is_ours: bool, expect: &str| {
            let got = received_at(&outline(received, date), witness, is_ours, now);
            let text = got.map_or("left out".to_owned(), |(_, word)| word.to_owned());
            assert_eq!(text, expect, "{received} {date} {witness:?} {is_ours}");
        };
        let file = |t: &str| Witness::Stamp(Stamp::File(at(t).unwrap()));
        let copied = |t: &str| Witness::Stamp(Stamp::Copied(at(t).unwrap()));
        let line = |t: &str| Witness::Stamp(Stamp::FromLine(at(t), at(F).unwrap()));
        let imap = |t: &str| Witness::Internal(at(t));
        // A customer's mail.
        check(R, D, file(F), false, "received");
        check("", D, file(F), false, "file");
        check(R, D, line(L), false, "received");
        check("", D, line(L), false, "from-line");
        check("", D, line(""), false, "date");
        check("", "", line(""), false, "file");
        check(R, D, copied(F), false, "received");
        check("", D, copied(F), false, "date");
        check("", "", copied(F), false, "file");
        check(R, D, imap(F), false, "internaldate");
        check(R, D, imap(""), false, "received");
        check("", D, imap(""), false, "date");
        // What the best witness says is not mended by a worse one.
        check(OLD, D, file(F), false, "left out");
        check(FAR, D, file(F), false, "left out");
        check("", D, file(OLD), false, "left out");
        check("", OLD, copied(F), false, "left out");
        check("", "", imap(""), false, "left out");
        // A mail of ours.
        for witness in [file(F), line(L), copied(F), imap(F)] {
            check("", D, witness, true, "date");
        }
        check(R, D, file(F), true, "date");
        check("", OLD, file(F), true, "file");
        check("", FAR, line(L), true, "from-line");
        check("", "", imap(F), true, "internaldate");
        // A Date after the time at which a server had it is an agent's wrong clock.
        check(D, F, file(F), true, "received");
        check(FAR, D, file(F), true, "date");
        check("", R, imap(D), true, "internaldate");
    }

    #[test]
    fn times_of_mail() {
        let now = at("2026-12-01T00:00:00Z").unwrap();
        let check = |t: &str, expect: bool| assert_eq!(is_plausible(at(t).unwrap(), now), expect, "{t}");
        check("1989-12-31T23:59:59Z", false);
        check("1990-01-01T00:00:00Z", true);
        check("2026-12-01T23:00:00Z", true);
        check("2026-12-02T00:00:01Z", false);
    }
}
