//! What a story expects: mails, tickets, what was set aside, what waits.

use svar::model::{Address, Direction, Priority, State, Time};
use svar::plan::{Clues, TicketFacts};
use svar::store::view::OutboxRow;

use crate::play::{Mail, Result, World, address};
use crate::steps::ticket_no;
use crate::story::Step;

fn is(right: bool, otherwise: impl FnOnce() -> String) -> Result {
    if right { Ok(()) } else { Err(otherwise()) }
}

impl World {
    pub fn expect(&mut self, words: &[&str], step: &Step) -> Result {
        match words {
            ["mail", "to", who, ..] => self.expect_mail(who, step),
            [times, "mails", "to", who, ..] => {
                let times: usize = times.parse().map_err(|_| format!("{times} is no number"))?;
                (0..times).try_for_each(|n| self.expect_mail(who, step).map_err(|e| format!("after {n}: {e}")))
            }
            ["nothing", "to", who] => {
                let who = address(who)?;
                let mail = self.mails.iter().find(|m| m.to == who && !m.seen);
                mail.map_or(Ok(()), |m| Err(format!("there is {:?}:\n{}", m.letter.subject, m.letter.text)))
            }
            ["nothing", "more"] => {
                let mail = self.mails.iter().find(|m| !m.seen);
                mail.map_or(Ok(()), |m| Err(format!("there is {:?} to {}:\n{}", m.letter.subject, m.to, m.letter.text)))
            }
            ["forgotten", words @ ..] => self.expect_forgotten(words),
            ["no", "ticket", number] => {
                let facts = self.facts(number)?;
                is(facts.is_none(), || "there is one".to_owned())
            }
            ["ticket", number, rest @ ..] => self.expect_ticket(number, rest),
            ["quarantine", reason, ..] => {
                let rows = self.look(|tx| tx.quarantine())?;
                let reasons: Vec<String> = rows.into_iter().map(|r| r.reason).collect();
                let wanted = reasons.iter().filter(|r| r.starts_with(reason)).count();
                let found = match (*reason, step.after("times")) {
                    ("empty", _) => reasons.is_empty(),
                    (_, Some(times)) => wanted.to_string() == times,
                    _ => wanted > 0,
                };
                is(found, || format!("there is {reasons:?}"))
            }
            ["practice", who, rest @ ..] => self.expect_practice(who, rest, step),
            ["halt"] => is(self.engine()?.halted().is_some(), || "the desk goes on".to_owned()),
            ["each", "once"] => match self.accepted.iter().find(|(_, n)| **n > 1) {
                Some(((id, to), n)) => Err(format!("{to} got {id} {n} times")),
                None => Ok(()),
            },
            ["clock", number, kind, rest @ ..] => self.expect_clock(number, kind, rest),
            ["no", "clock", number, kind] => {
                let clocks = self.clocks(number, kind)?;
                is(clocks.is_empty(), || format!("there is {clocks:?}"))
            }
            ["figures", from, to, rest @ ..] => self.expect_figures(from, to, rest),
            ["outbox", rest @ ..] => self.expect_outbox(rest, step),
            ["message", number, rest @ ..] => self.expect_message(number, rest, step),
            ["event", number, what, ..] => {
                let shown = self.shown(number)?;
                let found =
                    shown.events.iter().any(|e| e.what == *what && step.all("by").iter().all(|b| e.actor == *b));
                is(found, || {
                    format!("events {:?}", shown.events.iter().map(|e| (&e.what, &e.actor)).collect::<Vec<_>>())
                })
            }
            ["no", "event", number, what] => {
                let shown = self.shown(number)?;
                is(shown.events.iter().all(|e| e.what != *what), || "there is one".to_owned())
            }
            _ => Err("nobody can expect that".to_owned()),
        }
    }

    /// `empty`: nothing waits. Else what is shown, which may be more.
    fn expect_outbox(&mut self, rest: &[&str], step: &Step) -> Result {
        let now = self.now;
        let waits = self.look(|tx| tx.outbox())?;
        let rows = self.look(|tx| tx.outbox_shown(now))?;
        let says = |r: &OutboxRow, text: &str| r.last_error.as_ref().is_some_and(|e| e.contains(text));
        let fits = |r: &OutboxRow, kind: &str, state: &str| {
            (r.kind.as_str(), r.state.as_str()) == (kind, state) && step.all("text").iter().all(|t| says(r, t))
        };
        let right = match rest {
            ["empty"] => waits.is_empty(),
            ["no", kind, state] => !rows.iter().any(|r| fits(r, kind, state)),
            [kind, state, ..] => rows.iter().any(|r| fits(r, kind, state)),
            _ => return Err("what in the outbox?".to_owned()),
        };
        let shown = || rows.iter().map(|r| format!("{} {} {:?}", r.kind, r.state, r.last_error)).collect::<Vec<_>>();
        is(right, || format!("there is {:?}", shown()))
    }

    /// `expect message 1 note text "…"`: one of the ticket's messages, by direction.
    fn expect_message(&mut self, number: &str, rest: &[&str], step: &Step) -> Result {
        let wanted = rest.first().and_then(|d| Direction::parse(d)).ok_or("in which direction?")?;
        let shown = self.shown(number)?;
        let fits = |m: &svar::store::view::MessageRow| {
            m.direction == wanted
                && step.all("text").iter().all(|t| m.text.contains(t))
                && step.all("kind").iter().all(|k| m.kind.as_str() == *k)
                && step.all("without").iter().all(|t| !m.text.contains(t))
        };
        let all: Vec<String> =
            shown.messages.iter().map(|m| format!("{} {}: {}", m.direction, m.kind, m.text)).collect();
        is(shown.messages.iter().any(fits), || format!("messages {all:#?}"))
    }

    /// The oldest mail to somebody that no step has spoken of yet and that fits in every way.
    fn expect_mail(&mut self, who: &str, step: &Step) -> Result {
        let who = address(who)?;
        let mut why = Vec::new();
        for mail in self.mails.iter_mut().filter(|m| m.to == who && !m.seen) {
            match fits(mail, step) {
                Ok(()) => {
                    mail.seen = true;
                    return Ok(());
                }
                Err(reason) => why.push(format!("{:?}: {reason}", mail.letter.subject)),
            }
        }
        Err(if why.is_empty() { format!("no mail to {who}") } else { why.join("\n  ") })
    }

    pub fn facts(&mut self, number: &str) -> Result<Option<TicketFacts>> {
        let now = self.now;
        let number = ticket_no(number)?;
        let clues = Clues { numbers: vec![number], ..Clues::default() };
        let found = self.look(|tx| tx.lookup(&clues, now))?;
        Ok(found.tickets.get(&number).cloned())
    }

    fn shown(&mut self, number: &str) -> Result<svar::store::view::TicketShow> {
        let number = ticket_no(number)?;
        self.look(|tx| tx.show(number, Time::from_unix(0)))?.ok_or_else(|| "there is no such ticket".to_owned())
    }

    fn expect_ticket(&mut self, number: &str, rest: &[&str]) -> Result {
        let facts = self.facts(number)?.ok_or("there is none")?;
        let now = self.now;
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let mut next = || words.next().copied().ok_or_else(|| format!("{word} what?"));
            let right = match *word {
                "waiting" => facts.waiting_since.is_some(),
                "answered" => facts.waiting_since.is_none() && facts.due_at.is_none(),
                "unassigned" => facts.assignee.is_none(),
                "alone" => facts.related.is_empty() && facts.participants.is_empty(),
                "anonymous" => facts.customer_party.is_none(),
                "of" => facts.assignee == Some(address(next()?)?),
                "from" => {
                    let who = address(next()?)?;
                    facts.customer_party.as_ref().is_some_and(|p| p.address == who)
                }
                "with" => {
                    let who = address(next()?)?;
                    facts.participants.iter().any(|p| p.address == who)
                }
                "participants" => facts.participants.len().to_string() == next()?,
                "tagged" => facts.tags.contains(&next()?.to_owned()),
                "untagged" => facts.tags.is_empty(),
                "priority" => facts.priority == Priority::parse(next()?).ok_or("no priority")?,
                "related" => facts.related.contains(&ticket_no(next()?)?),
                "into" => facts.survivor == Some(ticket_no(next()?)?),
                "since" => {
                    facts.waiting_since.is_some_and(|t| now.since(t).to_string() == *words.next().unwrap_or(&""))
                }
                "messages" => {
                    let wanted = next()?;
                    // What svar said by itself is not counted.
                    let said = self.shown(number)?.messages;
                    said.iter().filter(|m| m.direction != svar::model::Direction::Auto).count().to_string() == wanted
                }
                state => facts.state == State::parse(state).ok_or_else(|| format!("{state} is nothing to expect"))?,
            };
            is(right, || format!("not {word}: {}", described(&facts)))?;
        }
        Ok(())
    }
}

fn described(facts: &TicketFacts) -> String {
    format!(
        "#{} is {} of {:?}, assigned to {:?}, waits since {:?}, due {:?}, tags {:?}, {} answers, related {:?}, participants {:?}, survivor {:?}",
        facts.number,
        facts.state,
        facts.customer_party.as_ref().map(|p| p.address.as_str()),
        facts.assignee.as_ref().map(Address::as_str),
        facts.waiting_since.map(|t| t.to_string()),
        facts.due_at.map(|t| t.to_string()),
        facts.tags,
        facts.answers,
        facts.related,
        facts.participants.iter().map(|p| p.address.as_str()).collect::<Vec<_>>(),
        facts.survivor,
    )
}

/// Whether a mail is the expected one, in every way that the step names.
fn fits(mail: &Mail, step: &Step) -> Result {
    let letter = &mail.letter;
    let raw = String::from_utf8_lossy(&mail.raw);
    let head = raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").to_lowercase();
    let html = letter.new_html().unwrap_or_default();
    for want in step.all("subject") {
        is(letter.subject == want, || format!("subject {:?}", letter.subject))?;
    }
    for want in step.all("titled") {
        is(letter.subject.contains(want), || format!("subject {:?}", letter.subject))?;
    }
    // Lines are broken where they are full: words count, not lines.
    let words = |s: &str| s.split_whitespace().filter(|w| !matches!(*w, "|" | "!")).collect::<Vec<_>>().join(" ");
    for want in step.all("text") {
        is(letter.text.contains(want) || words(&letter.text).contains(want), || {
            format!("no {want:?} in the text:\n{}", letter.text)
        })?;
    }
    for want in step.all("html") {
        is(html.contains(want), || format!("html: {html}"))?;
    }
    for never in step.all("without") {
        let there = raw.contains(never) || letter.text.contains(never) || letter.subject.contains(never);
        is(!there, || format!("it has {never:?}:\n{raw}"))?;
    }
    for want in step.all("header") {
        is(head.contains(&want.to_lowercase()), || format!("header:\n{head}"))?;
    }
    for want in step.all("attachment") {
        let names: Vec<&str> = letter.attachments.iter().map(|a| a.name.as_str()).collect();
        is(names.contains(&want) || (want == "none" && names.is_empty()), || format!("attachments {names:?}"))?;
    }
    for want in step.all("from") {
        let from = letter.from.as_ref();
        let right = from.is_some_and(|p| format!("{} <{}>", p.name, p.address) == want || p.address.as_str() == want);
        is(right, || format!("from {from:?}"))?;
    }
    for want in step.all("sender") {
        let sender = mail.sender.as_ref().map_or("", Address::as_str);
        let right = if want == "empty" { sender.is_empty() } else { sender.starts_with(want) };
        is(right, || format!("envelope sender {sender:?}"))?;
    }
    for want in step.all("at") {
        let at = mail.at.timestamp().to_zoned(jiff::tz::TimeZone::get("Europe/Stockholm").map_err(|e| e.to_string())?);
        let clock = format!("{:02}:{:02}", at.hour(), at.minute());
        is(clock == want, || format!("it came at {clock}"))?;
    }
    Ok(())
}
